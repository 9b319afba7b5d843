"""Leakage: persons, times and content that two splits of a manifest share."""

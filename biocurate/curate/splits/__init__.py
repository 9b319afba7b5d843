"""Splits: which side of an experiment a person is on."""

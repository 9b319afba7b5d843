"""Runs against each other, person by person."""

"""Validation: indices on real recordings, clean and with noise of a known size."""

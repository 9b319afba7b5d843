"""Pickles of arrays, read without calling anything in them."""

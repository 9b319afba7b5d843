"""Pairs: windows that two or more sensor types cover at once, each at its own rate and on its own clock."""

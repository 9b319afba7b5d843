"""Layers of each family in the form in which they are exported."""

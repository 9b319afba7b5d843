"""A network's work against the same layers one after the other, in one process by turns."""

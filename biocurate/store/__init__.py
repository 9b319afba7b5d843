"""The store: Delta tables of rows, Zarr parts of samples, and the rules that keep both whole."""

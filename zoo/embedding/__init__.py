"""Embeddings of images in a store: made, looked through, drawn on a plane."""

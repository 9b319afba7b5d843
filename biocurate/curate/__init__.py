"""Curation: windows over a store, labels, subject-wise splits, and manifests that anyone can rebuild."""

"""Manifests as files: what one store writes and another reads."""

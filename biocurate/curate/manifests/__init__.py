"""Manifests: selections of windows, defined in YAML, frozen and hashed."""

"""WFDB: headers, signals and annotations of PhysioNet."""

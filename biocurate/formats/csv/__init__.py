"""CSV: tables of samples, with their clocks."""

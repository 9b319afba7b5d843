"""Models by name, and what each takes."""

"""Whether sets of images hold what their rows say, and what their windows show."""

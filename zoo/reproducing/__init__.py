"""A paper's experiment as one file, run from a recipe to a table that has the published row beside ours."""

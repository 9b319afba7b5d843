"""The command line: one file a stage, thin, with heavy imports inside the functions."""

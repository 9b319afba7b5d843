"""What a training run was: its choices, its checkpoints and where they come from."""

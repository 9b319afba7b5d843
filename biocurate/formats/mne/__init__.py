"""What MNE-Python reads and no reader of ours does."""

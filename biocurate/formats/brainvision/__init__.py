"""BrainVision: .vhdr, .vmrk and .eeg."""

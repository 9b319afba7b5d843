"""Where a window comes from: file, samples, scale, corrections, labels, view, split, and how to check it."""

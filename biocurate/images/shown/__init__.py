"""Images to look at, side by side."""

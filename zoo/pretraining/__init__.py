"""Pre-training on the images of several corpora at once, each a task with a head of its own."""

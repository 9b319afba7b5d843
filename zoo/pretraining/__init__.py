"""Pre-training: on images of several corpora at once, each a task, or on hidden patches of samples without labels."""

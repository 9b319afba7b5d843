"""Windows: cut over recordings, labelled, read."""

"""From samples to grey levels: what a representation is, how it is scaled, resized and coloured."""

"""Images by the million: which a set is to hold, the tasks that draw them, and their rows."""

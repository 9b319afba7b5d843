"""How the clocks of two devices lie to each other: offset and drift, with how sure that is."""

"""Controls: what a result must be seen beside, so that it is not taken for more than it is."""

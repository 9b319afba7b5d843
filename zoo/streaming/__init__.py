"""A recording replayed as if it were being made: each window is answered when its last sample has come."""

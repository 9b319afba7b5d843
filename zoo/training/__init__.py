"""What happens around a training loop: its curve, its best weights, and how it goes on after it was killed."""

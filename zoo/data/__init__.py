"""What models are fed: windows and images of a manifest, batch by batch."""

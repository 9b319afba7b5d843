"""Pre-training by hidden patches: windows of any sensors and montages, and what held-out persons' patches held."""

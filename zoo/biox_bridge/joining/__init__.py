"""Several bridges into one old model: several new sensors, of which some may be missing."""

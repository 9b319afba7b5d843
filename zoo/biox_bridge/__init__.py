"""BioX-Bridge: what a model of one modality knows, for another modality, by a small bridge between frozen models."""

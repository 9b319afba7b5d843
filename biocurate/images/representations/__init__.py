"""Representations, a file each: importing this package registers them."""

from biocurate.images.representations import (  # noqa: F401
    gramian,
    log_spectrogram,
    markov_transition,
    recurrence,
    scalogram,
    spectrogram_angle,
    spectrogram_phase,
    spectrogram_psd,
    waveform,
)

"""Representations, a file each: importing this package registers them."""

from biocurate.images.representations import (  # noqa: F401
    spectrogram_angle,
    spectrogram_psd,
)

"""Phase of the short-time Fourier transform, within one turn."""

from __future__ import annotations

import math

from torch import Tensor

from biocurate.images.representations.angled import Angled


class SpectrogramAngle(Angled, kind="spectrogram-angle"):
    """Short-time Fourier angle of a window, in radians from -pi to pi.

    Each window is cut into Hann frames of `segment` samples, `overlap` of which are shared by neighbours; the angle of
    each frame's Fourier transform is taken against the frame's first sample. No mean or trend is taken out, unless
    frames are `centred`; rows are those of the bins from `low_hz` to `high_hz`, by sensor type as of `spectrogram-psd`.
    Black is -pi and white pi, which are one angle; there is nothing between two neighbours, so that images are resized
    to the nearest.

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., section 10.3; equals
    `scipy.signal.spectrogram(..., window="hann", detrend=False, mode="angle")` and
    `matplotlib.mlab.specgram(..., mode="angle")` to 1e-5 rad on the circle, wherever a bin holds more than 1e-9 of
    its frame's largest magnitude; below that an angle is rounding.
    """

    @property
    def bounds(self) -> tuple[float, float]:
        """One turn."""
        return -math.pi, math.pi

    def drawn(self, angles: Tensor) -> Tensor:
        """They themselves."""
        return angles

"""Phase of the short-time Fourier transform, unwrapped over frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from biocurate.images.representations.angled import TURN, Angled
from biocurate.images.representations.banded import BANDED
from biocurate.sensors import SensorType


class SpectrogramPhase(Angled, kind="spectrogram-phase"):
    """Short-time Fourier phase of a window, unwrapped from the lowest frequency to the highest.

    The angle as in `spectrogram-angle`; from each frequency to the next it changes by at most half a turn, whole turns
    being added where it would change by more. Black is `turns_per_bin` times the bins that are drawn below zero, and
    white as much above; what lies beyond is clipped. A phase can walk half a turn a bin and goes both ways, so that few
    come further than half of that. Images are resized to the nearest, as those of angles.

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., section 13.6.1 (unwrapping by adding
    multiples of a turn); equals `scipy.signal.spectrogram(..., detrend=False, mode="phase")` and
    `matplotlib.mlab.specgram(..., mode="phase")` to 1e-4 rad in every frame whose bins all have an angle that is more
    than rounding, and whose steps are no half turn.
    """

    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = {
        **BANDED,
        SensorType.EEG: {**BANDED[SensorType.EEG], "turns_per_bin": 0.17},
        SensorType.ECG: {**BANDED[SensorType.ECG], "turns_per_bin": 0.35},
        SensorType.GSR: {**BANDED[SensorType.GSR], "turns_per_bin": 0.3},
    }
    """Percentile 99 of real windows' magnitudes, in turns: EEG 7.5 of 45 bins, ECG 3.5 of 10, EDA 3.1 of 10."""

    turns_per_bin: Annotated[float, Field(gt=0, le=0.5)] = 0.25
    """Turns from zero to white, for each bin that is drawn."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Those of one bin; `bounds_at` has as many as a window's grid."""
        return -self.turns_per_bin * TURN, self.turns_per_bin * TURN

    def bounds_at(self, samples: int, rate: float) -> tuple[float, float]:
        """As many turns below zero as above, by the bins that are drawn; half a turn holds the angles of one."""
        turns = max(self.turns_per_bin * self.grid(samples, rate)[0], 0.5)
        return -turns * TURN, turns * TURN

    def drawn(self, angles: Tensor) -> Tensor:
        """Unwrapped from the lowest frequency to the highest."""
        whole = angles.diff(dim=2).div_(TURN)
        # Whole numbers: their running sum is exact in whatever order it is made.
        back = torch.where(whole > 0, (whole - 0.5).ceil(), (whole + 0.5).floor())
        angles[:, :, 1:] -= back.cumsum(dim=2) * TURN
        return angles

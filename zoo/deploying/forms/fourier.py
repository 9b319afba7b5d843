"""The discrete Fourier transform as products with constants: exact, and known to every runtime."""

from __future__ import annotations

import math

import torch
from torch import Tensor

WAVES = "wave_"
"""What the names of such constants begin with: a quantiser leaves them as they are."""


def waves_of(samples: int, frequencies: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines that take samples to frequencies, in double precision.

    The product of sample and frequency is taken modulo `samples`, so that waves of large angles lose nothing; a sine
    of half a turn is 0, not a rounding of it, since a phase is made of its sign.

    Parameters
    ----------
    samples, frequencies : int

    Returns
    -------
    cosines, sines : Tensor, shape (samples, frequencies)

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., equation 8.65.
    """
    turns = torch.outer(torch.arange(samples), torch.arange(frequencies)) % samples
    angles = turns.double() * (2 * math.pi / samples)
    return angles.cos(), torch.where(2 * turns % samples == 0, 0.0, angles.sin())


def phase(real: Tensor, imaginary: Tensor) -> Tensor:
    """Angle of complex numbers, of the same shape, in (-pi, pi]; that of 0 is 0.

    Exporters write `atan2` so that the angle of a negative number is -pi; torch and numpy say pi.
    """
    slope = torch.atan(imaginary / torch.where(real == 0, torch.finfo(real.dtype).tiny, real))
    behind = torch.where(imaginary < 0, slope - math.pi, slope + math.pi)
    return torch.where(real < 0, behind, slope)

"""The short-time Fourier transform that the spectrogram family shares."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from biocurate.images.representations.rows import rfft, total

LONGEST = 256
"""Most samples of a frame where the length is left to the rule."""
LEAST = 32
"""Fewest samples of such a frame."""


def frame_length(samples: int, longest: int = LONGEST) -> int:
    """Length of a frame by rule: the largest power of two <= samples / 4, at most `longest`, at least 32.

    Source: section 3.3 of the Tiny-BioMoE specification that the project follows.
    """
    quarter = samples // 4
    return LEAST if quarter < LEAST else min(longest, 1 << (quarter.bit_length() - 1))


def frame_count(samples: int, segment: int, hop: int) -> int:
    """Whole frames in `samples`; what is left at the end is not drawn, and nothing is padded."""
    return (samples - segment) // hop + 1


@lru_cache(maxsize=64)
def hann(segment: int, device: torch.device) -> Tensor:
    """Periodic Hann window, float64; source: `scipy.signal.windows.hann(segment, sym=False)`."""
    return torch.hann_window(segment, periodic=True, dtype=torch.float64, device=device)


def spectra(x: Tensor, segment: int, hop: int, *, centred: bool = False) -> Tensor:
    """Fourier transforms of a signal's Hann-weighted frames, in float64.

    In float32 the quiet bins are rounding noise: against float64, up to 2.7 dB off in eegmat's band-limited EEG and
    61 dB where an amplifier's offset of 20 mV is left in.

    Parameters
    ----------
    x : Tensor, shape (batch, time)
    segment, hop : int, in samples
    centred : bool
        Take each frame's mean out before it is weighted.

    Returns
    -------
    Tensor, shape (batch, frames, segment // 2 + 1), complex128
    """
    frames = x.double().unfold(1, segment, hop)
    if centred:
        frames = frames - total(frames)[..., None] / segment
    frames = frames * hann(segment, x.device)
    return rfft(frames)


def density(spectrum: Tensor, segment: int, rate: float, first: int = 0) -> Tensor:
    """One-sided power spectral density of Hann frames.

    Parameters
    ----------
    spectrum : Tensor, shape (batch, frames, n), complex128, of a signal in unit u
    segment : int, in samples
    rate : float, in hertz
    first : int
        Bin that the spectrum starts with.

    Returns
    -------
    Tensor of the same shape, float64, in u^2/Hz
    """
    power = spectrum.real.square().add_(spectrum.imag.square())
    # One-sided: each bin stands for its negative frequency too, save 0 and, for an even length, half the rate.
    factor = power.new_full((power.shape[2],), 2.0)
    if first == 0:
        factor[0] = 1.0
    if segment % 2 == 0 and first + power.shape[2] == segment // 2 + 1:
        factor[-1] = 1.0
    factor /= rate * hann(segment, power.device).square().sum()
    return power.mul_(factor)


def decibels(density: Tensor, floor_db: float) -> Tensor:
    """``10 log10(density + floor)``, float32."""
    return density.float().add_(10 ** (floor_db / 10)).log10_().mul_(10)

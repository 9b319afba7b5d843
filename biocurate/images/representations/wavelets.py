"""Analytic Morlet wavelets, in groups that are evaluated together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from biocurate.images.representations.rows import ifft

REACH = 4.0
"""Deviations to which a wavelet's Gaussian is followed, in time and in frequency: there it is 3e-4 of its top."""
TOGETHER = 1 << 14
"""Instants of a window that are worked on at once, so that those of a block of windows stay in a CPU's cache."""


class Voice(NamedTuple):
    """The wavelet of one scale."""

    row: int
    length: int
    """Samples of its transform: the window, and zeros for as long as the wavelet reaches."""
    bins: range
    """Its band."""
    weight: list[float]
    """Of each bin."""
    within: int
    """Instants in each column of the window; a power of two."""
    instants: int
    """Those in the window and in the zeros after it."""


class Voices(NamedTuple):
    """Wavelets of neighbouring scales that have the same instants."""

    rows: slice
    """Theirs in the image."""
    length: int
    within: int
    instants: int
    bins: slice
    """All that one of them needs."""
    real: Tensor
    """Shape (bins,), float64: cosines and sines that turn them by half an instant."""
    imag: Tensor
    which: Tensor
    """Shape (voices * n,), int64: those of each wavelet, counted from the first, n being those of the widest."""
    weight: Tensor
    """Shape (voices, n * 2), float32: of their real and imaginary parts, zeros where a wavelet has fewer."""

    def amplitude(self, spectrum: Tensor, width: int) -> Tensor:
        """Root mean square of each scale in each column.

        Parameters
        ----------
        spectrum : Tensor, shape (batch, bins, 2), float64
        width : int, columns

        Returns
        -------
        Tensor, shape (batch, voices, width), float32
        """
        batch, scales = len(spectrum), self.rows.stop - self.rows.start
        real, imag = spectrum[:, self.bins].unbind(dim=2)
        # Single operations on real numbers: a complex product rounds differently at the end of a vector.
        turned = torch.stack([real * self.real - imag * self.imag, real * self.imag + imag * self.real], dim=2)
        bands = torch.view_as_complex(turned.float()).index_select(1, self.which)
        weighed = real.new_zeros((batch, scales, self.instants * 2), dtype=torch.float32)
        torch.mul(
            torch.view_as_real(bands).view(batch, scales, -1), self.weight, out=weighed[:, :, : self.weight.shape[1]]
        )
        wave = torch.view_as_real(ifft(torch.view_as_complex(weighed.view(batch, scales, -1, 2))))
        power = wave[:, :, : width * self.within].flatten(2).square()
        for _ in range(self.within.bit_length()):  # pairs: real and imaginary parts first, then instants
            power = power[:, :, ::2] + power[:, :, 1::2]
        return power.div_(self.within).sqrt_()


@lru_cache(maxsize=16)
def wavelets(
    samples: int, width: int, low: float, high: float, height: int, omega0: float, device: torch.device
) -> tuple[Voices, ...]:
    """Wavelets from the lowest frequency to the highest; these are in cycles a sample."""
    together = (
        list(alike)
        for _, alike in groupby(_voices(samples, width, low, high, height, omega0), key=lambda v: (v.length, v.within))
    )
    return tuple(_joined(part, device) for alike in together for part in _parted(alike))


def _voices(samples: int, width: int, low: float, high: float, height: int, omega0: float) -> Iterator[Voice]:
    for row, hertz in enumerate(np.geomspace(low, high, height)):
        length = padded(samples, width, REACH * omega0 / (2 * math.pi * hertz))
        centre, deviation = hertz * length, hertz * length / omega0
        first = max(1, math.ceil(centre - REACH * deviation))
        last = min(length // 2, math.floor(centre + REACH * deviation))
        bins = range(first, max(last, first) + 1)
        within = 1
        while width * within * length < 2 * len(bins) * samples:  # the square's band is twice as wide
            within *= 2
        instants = width * within * length // samples
        weight = 2 * np.exp(-0.5 * ((np.array(bins) - centre) / deviation) ** 2) * instants / length
        yield Voice(row, length, bins, weight.tolist(), within, instants)


def padded(samples: int, width: int, reach: float) -> int:
    """Samples of a transform in which what wraps around lies beyond a wavelet's reach.

    The window grows by 1, 2, 4 ... times a share of it, an eighth where that is whole in samples and columns: so few
    transforms serve all scales, and columns begin at instants.
    """
    share = math.gcd(samples, width, 8)
    times = 1
    while times * samples < reach * share:
        times *= 2
    return samples + times * samples // share


def _parted(voices: list[Voice]) -> Iterator[list[Voice]]:
    """As many as fit in the cache."""
    step = max(TOGETHER // voices[0].instants, 1)
    yield from (voices[start : start + step] for start in range(0, len(voices), step))


def _joined(voices: list[Voice], device: torch.device) -> Voices:
    first, last = min(v.bins.start for v in voices), max(v.bins.stop for v in voices)
    most = max(len(v.bins) for v in voices)
    which, weight = np.zeros((len(voices), most), np.int64), np.zeros((len(voices), most, 2), np.float32)
    for voice, bins, weights in zip(voices, which, weight, strict=True):
        bins[: len(voice.bins)] = np.array(voice.bins) - first
        weights[: len(voice.bins)] = np.array(voice.weight)[:, None]
    # An instant is the middle of its share of a column; where a band is moved to bin 0, its amplitude stays.
    turn = np.pi * np.arange(last - first) / voices[0].instants
    real, imag = (torch.from_numpy(part).to(device) for part in (np.cos(turn), np.sin(turn)))
    return Voices(
        rows=slice(voices[0].row, voices[-1].row + 1),
        length=voices[0].length,
        within=voices[0].within,
        instants=voices[0].instants,
        bins=slice(first, last),
        real=real,
        imag=imag,
        which=torch.from_numpy(which.ravel()).to(device),
        weight=torch.from_numpy(weight.reshape(len(voices), -1)).to(device),
    )

"""Samples that a format has no integers for, scaled to integers on request: a loss, and reported as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ExportError
from biocurate.export.edf_limits import eight
from biocurate.export.survey import Extent, survey
from biocurate.export.wording import Calibration, Wording, calibrations
from biocurate.recording import Channel, Samples, Stream

Fit = Callable[[float, float, int], tuple[float, float]]
"""Gain and offset that put a physical range on integers of so many bits, the least of which stays free."""

COARSEST = 1.05
"""A range may grow by this where its ends are rounded to a format's characters."""


@dataclass(frozen=True)
class Quantised:
    """Integers nearest to samples of any kind; the least integer stands for what is no number."""

    samples: Samples
    channels: tuple[Channel, ...]
    """As they are stored."""
    scale: tuple[Calibration, ...]
    """As they are written, in each channel's own unit."""
    bits: int

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.samples.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16, or int32 for 24 bits."""
        return np.dtype(np.int16 if self.bits == 16 else np.int32)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        raw = self.samples.read(start, stop)
        out = np.empty(raw.shape, self.dtype)
        most = (1 << self.bits - 1) - 1
        for row, (channel, scale) in enumerate(zip(self.channels, self.scale, strict=True)):
            # The two lines in one step: stored value to unit, unit to written integer.
            values = np.rint((raw[row] * channel.gain + channel.offset - scale.offset) / scale.gain)
            missing = (
                ~np.isfinite(values)
                if channel.invalid is None
                else ~np.isfinite(values) | (raw[row] == channel.invalid)
            )
            values[missing] = 0
            out[row] = np.clip(values, -most, most)
            out[row, missing] = -most - 1
        return out


def is_held(stream: Stream, bits: int, called: str, *, scale: bool) -> bool:
    """Whether a format has integers for a stream's samples as they are.

    Parameters
    ----------
    stream : Stream
    bits : int
        Of the widest integers that the format has.
    called : str
        The format's name.
    scale : bool
        Whether samples that it has none for may be scaled.

    Raises
    ------
    ExportError
        It has none, and nothing may be scaled.
    """
    kind = stream.samples.dtype
    if kind.kind in "iu" and (kind.itemsize < 4 or survey(stream).fits(bits)):
        return True
    if not scale:
        what = "floats" if kind.kind == "f" else f"integers of more than {bits} bits"
        raise ExportError(
            f"its {stream.sensor_type} samples are {what}, which {called} does not have.",
            mend="Add --scale to round them to integers, or leave the recording out.",
        )
    return False


def quantised(stream: Stream, bits: int, wording: Wording, fit: Fit) -> tuple[Stream, list[str]]:
    """Scale a stream to integers.

    Parameters
    ----------
    stream : Stream
    bits : int
        16 or 24.
    wording : Wording
    fit : callable

    Returns
    -------
    Stream
        Its channels carry the scale that was chosen, and the least integer as their invalid code.
    list of str
        What was done, a line a channel.
    """
    found, scales, channels, notes = survey(stream), [], [], []
    for channel, extent in zip(stream.channels, found.extents, strict=True):
        source, scale = _scaled(channel, stream, extent, bits, wording, fit)
        scales.append(scale)
        channels.append(source)
        said = f" in {scale.unit}" if scale.unit else ""
        missing = f"; {extent.n_invalid:,} that are no number are {-(1 << bits - 1)}" if extent.n_invalid else ""
        notes.append(
            f"{channel.name}: {stream.samples.dtype} samples are scaled to {bits} bits, "
            f"a step is {abs(scale.gain):.3g}{said}{missing}{f'; {scale.note}' if scale.note else ''}"
        )
    samples = Quantised(stream.samples, tuple(channels), tuple(scales), bits)
    code = -(1 << bits - 1)
    written = tuple(
        replace(channel, unit=scale.unit, gain=scale.gain, offset=scale.offset, invalid=code)
        for channel, scale in zip(stream.channels, scales, strict=True)
    )
    return replace(stream, channels=written, samples=samples), notes


def _scaled(
    channel: Channel, stream: Stream, extent: Extent, bits: int, wording: Wording, fit: Fit
) -> tuple[Channel, Calibration]:
    """Give a channel in the unit that is written, and the scale of its integers."""
    for way in calibrations(channel, stream.sensor_type, wording):
        ends = sorted(value * way.gain + way.offset for value in (extent.low, extent.high))
        try:
            gain, offset = fit(ends[0], ends[1], bits)
        except ValueError:
            continue
        return replace(channel, unit=way.unit, gain=way.gain, offset=way.offset), replace(way, gain=gain, offset=offset)
    raise ExportError(
        f"the range of {channel.name} cannot be written in the characters of the format's header.",
        mend="Leave the recording out, or choose the other format.",
    )


def edf_fit(low: float, high: float, bits: int) -> tuple[float, float]:
    """Limits of eight characters around the range, on all integers but the least; ValueError where none are near."""
    bottom, top = float(eight(low, ROUND_FLOOR)), float(eight(high, ROUND_CEILING))
    if top == bottom:
        top = bottom + 1
    elif high > low and top - bottom > COARSEST * (high - low):
        raise ValueError("eight characters are too coarse")
    most = (1 << bits - 1) - 1
    gain = (top - bottom) / (2 * most)
    return gain, top - most * gain


def wfdb_fit(low: float, high: float, bits: int) -> tuple[float, float]:
    """Give a gain whose baseline is a whole number, as header(5) has it."""
    most = (1 << bits - 1) - 2
    gain = (high - low) / (2 * most) or 1 / most
    return gain, round((low + high) / 2 / gain) * gain

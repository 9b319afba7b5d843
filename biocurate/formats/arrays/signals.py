"""From a recipe's `signals` to arrays with their axes, channels and rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.axes import Layout, fit, refuse_other_count
from biocurate.formats.arrays.file import Numbers, Opener, Unreadable, find, opened
from biocurate.formats.arrays.options import ArrayOptions, From, Signals, steps
from biocurate.formats.arrays.values import Values
from biocurate.formats.source import Source

SLOWEST_HZ, FASTEST_HZ = 1e-6, 1e9
"""A sample in eleven days, and one a nanosecond: what is beyond is no rate."""


@dataclass(frozen=True)
class Calibrated:
    """What is said of one channel."""

    label: str
    unit: str
    gain: float
    offset: float
    invalid: int | None


@dataclass(frozen=True)
class ArraySignals:
    """The channels of one array, of one recording."""

    path: str
    layout: Layout
    dtype: np.dtype[Any]
    rate_hz: float
    channels: tuple[Calibrated, ...]


@dataclass(frozen=True)
class FileSamples:
    """Samples of one array; the file is looked up at every read, and never pickled."""

    source: Source
    opener: Opener
    path: str
    layout: Layout
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.layout.length("channel"), self.layout.n_samples

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start).

        Raises
        ------
        SourceError
            The file is damaged there, or was changed since it was looked at.
        """
        record = self.source.record.place if self.source.record else None
        array = find(opened(self.source, self.opener), self.path, record)
        if not isinstance(array, Numbers) or array.shape != self.layout.shape or array.dtype != self.dtype:
            raise SourceError("was changed while it was read.", where=self.source.virtual, mend="Run it again.")
        return self.layout.read(array, record, start, stop)


def signals_of(values: Values, options: ArrayOptions, *, drops_ones: bool) -> list[ArraySignals]:
    """Find every signal of a recording, in the recipe's order; samples are not read.

    Raises
    ------
    SourceError
        An array is not there, has other axes than declared, or its labels, rate or unit cannot be read.
    """
    found = [each for said in options.signals for each in _found(values, said, drops_ones)]
    if not found:
        raise SourceError(
            "holds none of the recipe's signals.", where=values.where, mend="Leave the file out of the pattern."
        )
    return found


def _found(values: Values, said: Signals, drops_ones: bool) -> Iterator[ArraySignals]:
    for place, path in enumerate(said.paths):
        array = find(values.root, path, values.record)
        if isinstance(array, Numbers):
            layout = fit(array, said.axes, path, drops_ones=drops_ones)
            _hold_records(values, layout, said, path)
            if layout.n_samples and layout.length("channel"):
                yield _described(values, said, place, array, layout)
                continue
            array = None
        if array is not None or not said.optional:
            raise _missing(values, path, array)


def _described(values: Values, said: Signals, place: int, array: Numbers, layout: Layout) -> ArraySignals:
    path, n_channels = said.paths[place], layout.length("channel")
    labels = _labels(values, said, place)
    refuse_other_count(array, path, n_channels, len(labels))
    rate = values.number(said.rate_hz) if isinstance(said.rate_hz, From) else said.rate_hz
    if not SLOWEST_HZ <= rate <= FASTEST_HZ:
        raise SourceError(f"{path!r} has a sampling rate of {rate:g}.", where=values.where, mend="State `rate_hz`.")
    columns = (
        labels,
        _each(values, said.unit, n_channels, path, "unit"),
        _each(values, said.gain, n_channels, path, "gain"),
        _each(values, said.offset, n_channels, path, "offset"),
        [said.invalid] * n_channels,
    )
    channels = tuple(Calibrated(*each) for each in zip(*columns, strict=True))
    if any(channel.gain == 0 for channel in channels):
        raise SourceError(f"{path!r} has a gain of 0.", where=values.where, mend="State `gain`.")
    return ArraySignals(path, layout, array.dtype, rate, channels)


def _labels(values: Values, said: Signals, place: int) -> list[str]:
    path = said.paths[place]
    if isinstance(said.labels, From):
        return [label.strip() for label in values.texts(said.labels)]
    if said.labels is not None:
        return list(said.labels) if "channel" in said.axes else [said.labels[place]]
    return [next(step for step in reversed(steps(path)) if not step.isdigit() and step != "*")]


def _each(values: Values, said: Any, n_channels: int, path: str, name: str) -> list[Any]:  # noqa: ANN401
    """One value a channel: stated for all, one each, or read."""
    if isinstance(said, From):
        found = values.texts(said) if name == "unit" else _finite(values, said)
        said = found[0] if len(found) == 1 else tuple(found)
    if not isinstance(said, tuple):
        return [said] * n_channels
    if len(said) != n_channels:
        raise SourceError(
            f"{path!r} has {n_channels} channels; its `{name}` has {len(said)} values.",
            where=values.where,
            mend="Give one value, or one a channel.",
        )
    return list(said)


def _finite(values: Values, said: From) -> list[float]:
    found = values.numbers(said).astype(np.float64)
    if not np.isfinite(found).all():
        raise SourceError(f"{said.path!r} has a value that is no finite number.", where=values.where)
    return [float(value) for value in found]


def _hold_records(values: Values, layout: Layout, said: Signals, path: str) -> None:
    if "record" in said.axes and layout.length("record") != values.n_records:
        raise SourceError(
            f"{path!r} has {layout.length('record')} recordings where others have {values.n_records}.",
            where=values.where,
            mend="Check `axes`, or download the file again.",
        )


def _missing(values: Values, path: str, node: object) -> SourceError:
    if isinstance(node, Unreadable):
        return SourceError(f"{path!r} is {node.why}.", where=values.where, mend=node.mend)
    what = "is not in the file, or empty" if node is None else "is no array of numbers"
    return SourceError(
        f"{path!r} {what}.", where=values.where, mend="Check the path in the recipe, or mark the signal `optional`."
    )

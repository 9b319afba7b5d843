"""Which axis of an array is time, which are channels, and which part of it a range of samples is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.file import Numbers
from biocurate.formats.arrays.options import Axis

MAX_AXES = 8
"""Axes of an array that is read."""


@dataclass(frozen=True)
class Layout:
    """The axes of one array, found in its shape."""

    shape: tuple[int, ...]
    places: tuple[tuple[Axis, int], ...]
    """Axis -> its place in the shape; what has none is 1 long."""

    def length(self, axis: Axis) -> int:
        """Length of an axis; 1 where the array has it not."""
        place = dict(self.places).get(axis)
        return 1 if place is None else self.shape[place]

    @property
    def n_samples(self) -> int:
        """Samples of each channel of one recording."""
        return self.length("block") * self.length("time")

    def read(self, array: Numbers, record: int | None, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)`` of one recording.

        Returns
        -------
        array, shape (channels, stop - start)
        """
        start, stop, _ = slice(start, stop).indices(self.n_samples)
        if stop <= start:
            return np.empty((self.length("channel"), 0), array.dtype)
        per_block = self.length("time")
        first, last = start // per_block, -(-stop // per_block)
        # within one block only its own samples are read; over several, whole blocks
        times = slice(start - first * per_block, stop - first * per_block) if last == first + 1 else slice(0, per_block)
        block = self._slab(array, record, slice(first, last), times).reshape(self.length("channel"), -1)
        lead = start - first * per_block - times.start
        return block[:, lead : lead + stop - start]

    def _slab(self, array: Numbers, record: int | None, blocks: slice, times: slice) -> NDArray[Any]:
        """Part of the array, shape (channels, blocks, times)."""
        places = dict(self.places)
        index = [slice(0, length) for length in self.shape]
        chosen = {"record": slice(record, (record or 0) + 1), "block": blocks, "time": times}
        for axis, part in chosen.items():
            if axis in places:
                index[places[axis]] = part
        slab = array.read(index)
        order = [places[axis] for axis in ("channel", "block", "time") if axis in places]
        rest = [place for place in range(slab.ndim) if place not in order]
        n_channels = self.length("channel")
        return slab.transpose(*rest, *order).reshape(n_channels, blocks.stop - blocks.start, times.stop - times.start)


def fit(array: Numbers, axes: Sequence[Axis], path: str, *, drops_ones: bool) -> Layout:
    """Find declared axes in a shape.

    Axes of length 1 that are not declared are passed over, where that can be done in one way only.

    Parameters
    ----------
    array : Numbers
    axes : sequence of Axis
        As declared, in the order of the shape.
    path : str
        The array's name, for messages.
    drops_ones : bool
        Whether the format leaves out the last axes of an array where they have length 1, as MATLAB does.

    Raises
    ------
    SourceError
        The shape does not have these axes.
    """
    shape = array.shape
    missing = axes[len(shape) :]
    if drops_ones and len(shape) >= 2 and missing and not {"time", "channel"} & set(missing):
        shape = (*shape, *[1] * len(missing))
    ways = _ways(shape, len(axes))
    if len({tuple(shape[place] for place in way) for way in ways}) != 1:
        raise SourceError(
            f"{path!r} has the shape {_shown(array.shape)}; the recipe says ({', '.join(axes)}).",
            where=array.where,
            mend="Write its `axes` as they are in this file.",
        )
    layout = Layout(array.shape, tuple(zip(axes, ways[0], strict=True)))
    return layout if len(array.shape) == len(shape) else _without(layout, len(array.shape))


def _ways(shape: tuple[int, ...], n_axes: int) -> list[list[int]]:
    """Ways to pass over axes of length 1 so that as many are left."""
    if not n_axes <= len(shape) <= MAX_AXES:
        return []
    ones = [place for place, length in enumerate(shape) if length == 1]
    return [
        [place for place in range(len(shape)) if place not in left] for left in combinations(ones, len(shape) - n_axes)
    ]


def _without(layout: Layout, n_axes: int) -> Layout:
    """Leave out axes that the file does not write, as they have length 1."""
    return Layout(layout.shape, tuple((axis, place) for axis, place in layout.places if place < n_axes))


def refuse_other_count(array: Numbers, path: str, n_channels: int, n_labels: int) -> None:
    """Refuse an array that has not one channel a label.

    Raises
    ------
    SourceError
        It has not.
    """
    if n_channels != n_labels:
        raise SourceError(
            f"{path!r} has {n_channels} channels (shape {_shown(array.shape)}); the recipe has {n_labels} labels.",
            where=array.where,
            mend="Check `axes` and `labels`.",
        )


def _shown(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"

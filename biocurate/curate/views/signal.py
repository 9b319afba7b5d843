"""Signals that are pulled: a stretch of a segment, computed when it is asked for, in float64.

Each step of a chain is laid over the signal ahead of it and asks it for what it needs: its own stretch, and the samples
on either side that its result depends on. Where the segment ends, every signal ends, so that a step treats a true edge
as it treats the edge of a whole signal; elsewhere the halo is long enough for the result not to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.store.arrays import ArrayReader

Floats = NDArray[np.float64]
Runs = tuple[NDArray[np.int64], ...]
"""Of each channel: stretches ``[start, stop)`` that hold no sample, shape (runs, 2)."""

BLOCK = 2**21
"""Values, over all channels, that are looked through at once."""


class Signal(Protocol):
    """A segment at some place of a chain."""

    @property
    def n_samples(self) -> int:
        """Samples of each channel."""
        ...

    @property
    def missing(self) -> Runs:
        """Where each channel has no sample: what is read there is a bridge over them."""
        ...

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``, shape (channels, stop - start), finite."""
        ...


@dataclass(frozen=True)
class Over:
    """A signal that is made of another one; a step's own overrides what differs."""

    parent: Signal

    @property
    def n_samples(self) -> int:
        """Samples of each channel."""
        return self.parent.n_samples

    @property
    def missing(self) -> Runs:
        """Where each channel has no sample."""
        return self.parent.missing


@dataclass(frozen=True)
class Stored:
    """A segment as the store holds it, in canonical units; samples that are none are bridged by a line.

    Parameters
    ----------
    reader : ArrayReader
        Of the part.
    first : int
        Index in the part of the segment's first sample.
    n_samples : int
    scale, shift : array of float, shape (channels,)
        From digital values to the canonical unit.
    invalid : list of int or None
        Of each channel: the digital value that means 'no sample'.
    """

    reader: ArrayReader
    first: int
    n_samples: int
    scale: Floats
    shift: Floats
    invalid: list[int | None]

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        found = self._physical(start, stop)
        for row, runs in enumerate(self.missing):
            if len(runs):
                self._bridge(found[row], start, stop, row)
        return found

    @cached_property
    def missing(self) -> Runs:
        """Where the file has no sample: its invalid code, or what is no finite number."""
        if self.reader.dtype.kind in "iu" and all(code is None for code in self.invalid):
            return tuple(np.empty((0, 2), dtype=np.int64) for _ in self.scale)
        found: list[list[NDArray[np.int64]]] = [[] for _ in self.scale]
        step = max(1, BLOCK // len(self.scale))
        for at in range(0, self.n_samples, step):
            bad = ~np.isfinite(self._physical(at, min(at + step, self.n_samples)))
            for row in np.flatnonzero(bad.any(axis=1)):
                found[row].append(runs_of(bad[row]) + at)
        return tuple(map(joined, found))

    def _physical(self, start: int, stop: int) -> Floats:
        digital = self.reader.read(self.first + start, self.first + stop)
        found: Floats = digital * self.scale[:, None] + self.shift[:, None]
        for row, code in enumerate(self.invalid):
            if code is not None:
                found[row, digital[row] == code] = np.nan
        return found

    def _bridge(self, values: Floats, start: int, stop: int, row: int) -> None:
        """Lay a line over what is missing in ``[start, stop)``, from the last sample before to the first behind."""
        runs = self.missing[row]
        mine = runs[(runs[:, 0] < stop) & (runs[:, 1] > start)]
        if not len(mine):
            return
        bad = ~np.isfinite(values)
        at, known = np.flatnonzero(~bad) + start, values[~bad]
        outer = [place for place in (mine[0, 0] - 1, mine[-1, 1]) if 0 <= place < self.n_samples]
        outer = [place for place in outer if not start <= place < stop]
        if outer:
            beyond = np.array([self._physical(int(place), int(place) + 1)[row, 0] for place in outer])
            order = np.argsort(np.concatenate([at, outer]))
            at, known = np.concatenate([at, outer])[order], np.concatenate([known, beyond])[order]
        values[bad] = np.interp(np.flatnonzero(bad) + start, at, known) if len(at) else 0.0


@dataclass(frozen=True)
class Held(Over):
    """A signal that stays in memory once it was read, where the whole segment is a block at most.

    Steps that look at a segment's ends would else compute a short one three times.
    """

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        if self.n_samples * len(self.missing) > BLOCK:
            return self.parent.read(start, stop)
        return self._whole[:, start:stop].copy()

    @cached_property
    def _whole(self) -> Floats:
        return self.parent.read(0, self.n_samples)


def runs_of(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Stretches ``[start, stop)`` in which flags are set, shape (runs, 2)."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1).astype(np.int64)


def flags_of(runs: NDArray[np.int64], start: int, stop: int) -> NDArray[np.bool_]:
    """Which of the samples ``[start, stop)`` lie in a run; runs that touch or overlap are one."""
    edges = np.zeros(stop - start + 1, dtype=np.int64)
    inside = np.clip(runs, start, stop) - start
    np.add.at(edges, inside[:, 0], 1)
    np.add.at(edges, inside[:, 1], -1)
    flags: NDArray[np.bool_] = np.cumsum(edges[:-1]) > 0
    return flags


def joined(runs: Any) -> NDArray[np.int64]:  # noqa: ANN401 - any sequence of runs
    """The union of runs, as sorted stretches that do not touch."""
    every = np.concatenate([np.empty((0, 2), dtype=np.int64), *runs])
    every = every[every[:, 1] > every[:, 0]]
    every = every[np.argsort(every[:, 0], kind="stable")]
    if not len(every):
        return every
    reach = np.maximum.accumulate(every[:, 1])
    new = np.concatenate([[True], every[1:, 0] > reach[:-1]])
    starts = np.flatnonzero(new)
    return np.stack([every[new, 0], reach[np.append(starts[1:] - 1, len(every) - 1)]], axis=1)

"""Carry a plan out on a stream: segment by segment, block by block, in memory that is bounded by a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.views.chain import Plan
from biocurate.curate.views.signal import Runs, Signal, Stored, flags_of, joined
from biocurate.curate.views.spread import Spread
from biocurate.store.arrays import open_array
from biocurate.store.objects import Objects
from biocurate.store.signals import part_key

VALUES = 2**21
"""Values, over all channels, that a block holds: what the steps need besides is some times as much."""

TRACE = 1e-9
"""Of the first sample: a standard deviation up to this share of it is what a filter leaves of a constant."""


@dataclass(frozen=True)
class Derived:
    """A stream as a view has it; samples are computed when they are asked for.

    Blocks lie on a grid that plan and segment fix, so that a sample is the same to the last bit whether it was stored
    or is computed for one window.

    Parameters
    ----------
    plan : Plan
    sources : tuple of Signal
        Its segments, raw.
    """

    plan: Plan
    sources: tuple[Signal, ...]
    _open: dict[int, Signal] = field(default_factory=dict, repr=False)
    """The segment that is computed from, with what it holds in memory."""

    @cached_property
    def segments(self) -> tuple[Signal, ...]:
        """Its segments, derived: how long they are, and what is missing."""
        return tuple(map(self.plan.over, self.sources))

    @property
    def n_samples(self) -> int:
        """Samples of each channel, over all segments."""
        return sum(segment.n_samples for segment in self.segments)

    @cached_property
    def missing(self) -> tuple[Runs, ...]:
        """Of each segment: where each channel has no sample."""
        return tuple(segment.missing for segment in self.segments)

    @property
    def block(self) -> int:
        """Samples of a block: enough that its halo does not cost more than itself."""
        wide = VALUES // max(1, len(self.plan.form.names))
        return max(1, wide, int(self.plan.halo_s * self.plan.form.rate_hz))

    @cached_property
    def starts(self) -> list[int]:
        """Index in the stream of each segment's first sample."""
        return [0, *np.cumsum([segment.n_samples for segment in self.segments]).tolist()]

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Every block in order, and the index in the stream of its first sample."""
        for number, segment in enumerate(self.segments):
            for at in range(0, segment.n_samples, self.block):
                yield self.starts[number] + at, self.compute(number, at)

    def compute(self, number: int, first: int) -> NDArray[np.float32]:
        """One block of a segment, shape (channels, samples), NaN where there is no sample.

        Parameters
        ----------
        number : int
            Of the segment.
        first : int
            Its first sample in the segment, a multiple of `block`.
        """
        if number not in self._open:
            self._open.clear()
            self._open[number] = self.plan.over(self.sources[number])
        segment = self._open[number]
        stop = min(first + self.block, segment.n_samples)
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and the status says so
            values = segment.read(first, stop).astype(np.float32)
        for row, runs in enumerate(self.missing[number]):
            if len(runs):
                values[row, flags_of(runs, first, stop)] = np.nan
        return values

    @cached_property
    def settled(self) -> NDArray[np.int64]:
        """Stretches ``[start, stop)`` of the stream that no edge and no gap reaches, shape (stretches, 2)."""
        rate, settling = self.plan.form.rate_hz, self.plan.settling
        after, before = int(np.ceil(settling.after_s * rate)), int(np.ceil(settling.before_s * rate))
        found = [np.empty((0, 2), dtype=np.int64)]
        for start, segment, missing in zip(self.starts[:-1], self.segments, self.missing, strict=True):
            length = segment.n_samples
            # A channel without any sample is no edge for the others.
            gaps = joined([runs for runs in missing if (runs[:, 1] - runs[:, 0]).sum() < length])
            opens = np.concatenate([[0], gaps[:, 1]]) + after
            closes = np.concatenate([gaps[:, 0], [length]]) - before
            kept = closes > opens
            found.append(np.stack([opens[kept], closes[kept]], axis=1) + start)
        return np.concatenate(found)

    @cached_property
    def floor(self) -> NDArray[np.float64]:
        """Of each channel: a standard deviation up to this is flat."""
        first = max((float(np.abs(source.read(0, 1)).max()) for source in self.sources), default=0.0)
        floor: NDArray[np.float64] = np.maximum(np.array(self.plan.form.floor), TRACE * first)
        return floor


@dataclass
class Tally:
    """What is learnt of a derived stream while it is computed: mean and spread of its settled samples.

    Parameters
    ----------
    derived : Derived
    most : int, optional
        Only so many settled samples of each channel, the first.
    """

    derived: Derived
    most: int | None = None
    spread: Spread = field(init=False)
    spans: NDArray[np.int64] = field(init=False)
    infinite: bool = False
    known: bool = True
    """Whether the samples were looked at."""

    def __post_init__(self) -> None:
        self.spread = Spread(len(self.derived.plan.form.names))
        self.spans = self.derived.settled
        if not len(self.spans):
            self.spans = np.array([[0, self.derived.n_samples]])
        if self.most is not None:
            self.spans = first_of(self.spans, self.most)[0]

    def add(self, first: int, block: NDArray[np.float32]) -> None:
        """Take in a block."""
        stop = first + block.shape[1]
        self.infinite |= bool(np.isinf(block).any())
        for start, end in self.spans[(self.spans[:, 0] < stop) & (self.spans[:, 1] > first)]:
            self.spread.add(block[:, max(0, start - first) : end - first])


def first_of(spans: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part spans into those that hold the first `most` samples, and the others."""
    lengths = spans[:, 1] - spans[:, 0]
    before = np.cumsum(lengths) - lengths
    cut = spans[:, 0] + np.clip(most - before, 0, lengths)
    head = np.stack([spans[:, 0], cut], axis=1)
    tail = np.stack([cut, spans[:, 1]], axis=1)
    return head[head[:, 1] > head[:, 0]], tail[tail[:, 1] > tail[:, 0]]


def derive(objects: Objects, stream: Mapping[str, Any], plan: Plan) -> Derived:
    """Lay a plan over a stored stream.

    Parameters
    ----------
    objects : Objects
        The store's root.
    stream : mapping
        Its row, with the lists that `biocurate.store.reading.catalogue` joins.
    plan : Plan
    """
    reader = open_array(objects, part_key(stream["part"]), stream["part_digest"])
    scale, shift = np.array(stream["scale"], dtype=np.float64), np.array(stream["shift"], dtype=np.float64)
    sources, first = [], int(stream["start"])
    for segment in stream["segments"]:
        if segment["n_samples"]:
            sources.append(Stored(reader, first, int(segment["n_samples"]), scale, shift, list(stream["invalid"])))
        first += segment["n_samples"]
    return Derived(plan, tuple(sources))

"""Labels of windows, from annotated intervals and instants.

Each rule looks at how long each value lies on a window:

- ``majority``: the value that covers more than a share of it, or all of it;
- ``single``: the one value that touches it, however little;
- ``onset``: the value at its first instant;
- ``fraction``: the share of it that one value covers, a number;
- ``list``: every value that touches it.

Where two values have a claim to a window that can have one, it has none, and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.windows.grids import Ints, ranges


@dataclass(frozen=True)
class Spans:
    """Windows as spans of time, sorted by recording and start."""

    recording: Ints
    t0_ns: Ints
    length_ns: int


@dataclass(frozen=True)
class Labels:
    """One label a window, as a number into ``values``; -1 where there is none."""

    code: Ints
    values: list[str]
    contradicted: int
    """Windows left without a label because two values have a claim to them."""


@dataclass(frozen=True)
class Lists:
    """Any number of labels a window: ``values[code[offsets[i]:offsets[i + 1]]]``, ascending."""

    code: Ints
    offsets: Ints
    values: list[str]


@dataclass(frozen=True)
class Touching:
    """Windows that values touch: one entry a window and value, sorted by both."""

    window: Ints
    code: Ints
    lasts_ns: Ints
    """How long the value lies on the window; 0 for an instant."""
    at_onset: NDArray[np.bool_]
    """Whether it lies on the window's first instant."""
    values: list[str]


def touching(annotations: pl.DataFrame, spans: Spans) -> Touching:
    """Find which values lie on which windows, and for how long.

    Intervals of one value are joined first, so that overlapping or adjacent annotations count once. An interval holds
    its onset and not its end.

    Parameters
    ----------
    annotations : DataFrame
        Columns recording (number), onset_ns, duration_ns, value.
    spans : Spans
    """
    joined = join_intervals(annotations)
    values = joined["value"].unique().sort().to_list()
    value = np.searchsorted(np.array(values, dtype=str), joined["value"].to_numpy().astype(str)).astype(np.int64)
    window, interval, shared = _overlaps(joined, spans)
    at_onset = joined["onset_ns"].to_numpy()[interval] <= spans.t0_ns[window]

    claim = window * max(len(values), 1) + value[interval]
    order = np.argsort(claim, kind="stable")
    claim, shared, at_onset = claim[order], shared[order], at_onset[order]
    begins = np.flatnonzero(np.diff(claim, prepend=-1))
    if begins.size:
        shared = np.add.reduceat(shared, begins)
        at_onset = np.logical_or.reduceat(at_onset, begins)
    window, code = np.divmod(claim[begins], max(len(values), 1))
    return Touching(window, code, shared, at_onset, values)


def majority(touched: Touching, spans: Spans, share: float = 0.5) -> Labels:
    """Give each window the value that covers more than a share of it, or all of it."""
    wins = touched.lasts_ns > int(Fraction(str(share)) * spans.length_ns)
    return _only(touched, spans, wins | (touched.lasts_ns == spans.length_ns))


def single(touched: Touching, spans: Spans) -> Labels:
    """Give each window the one value that touches it."""
    return _only(touched, spans, np.ones(touched.window.size, dtype=bool))


def onset(touched: Touching, spans: Spans) -> Labels:
    """Give each window the value at its first instant."""
    return _only(touched, spans, touched.at_onset)


def fraction(touched: Touching, spans: Spans, value: str) -> NDArray[np.float64]:
    """Share of each window that a value covers, from 0 to 1."""
    share = np.zeros(spans.t0_ns.size)
    if value in touched.values:
        mine = touched.code == touched.values.index(value)
        share[touched.window[mine]] = touched.lasts_ns[mine] / spans.length_ns
    return share


def lists(touched: Touching, spans: Spans) -> Lists:
    """Every value that touches a window."""
    counts = np.bincount(touched.window, minlength=spans.t0_ns.size)
    return Lists(touched.code, np.concatenate([[0], np.cumsum(counts)]), touched.values)


def _only(touched: Touching, spans: Spans, claims: NDArray[np.bool_]) -> Labels:
    """The value of each window that one value alone claims."""
    window, winner = touched.window[claims], touched.code[claims]
    count = np.bincount(window, minlength=spans.t0_ns.size)
    code = np.full(spans.t0_ns.size, -1, dtype=np.int64)
    code[window] = winner
    code[count != 1] = -1
    return Labels(code, touched.values, int((count > 1).sum()))


def join_intervals(annotations: pl.DataFrame) -> pl.DataFrame:
    """Join intervals of the same recording and value that overlap or touch; an instant within one falls to it.

    An instant at the end of an interval is none of its instants, and stays.

    Returns
    -------
    DataFrame with columns recording, value, onset_ns, end_ns
    """
    of_one = ["recording", "value"]
    return (
        annotations.filter(pl.col("value").is_not_null())
        .select(*of_one, "onset_ns", end_ns=pl.col("onset_ns") + pl.col("duration_ns"))
        .sort(*of_one, "onset_ns")
        .with_columns(reach=pl.col("end_ns").cum_max().shift(1).over(of_one))
        .with_columns(stretch=pl.col("onset_ns") > pl.col("reach"), instant=pl.col("onset_ns") == pl.col("end_ns"))
        .with_columns(stretch=pl.col("stretch") | (pl.col("instant") & (pl.col("onset_ns") == pl.col("reach"))))
        .with_columns(stretch=pl.col("stretch").fill_null(True).cum_sum())
        .group_by(*of_one, "stretch", maintain_order=True)
        .agg(pl.col("onset_ns").min(), pl.col("end_ns").max())
        .drop("stretch")
    )


def _overlaps(intervals: pl.DataFrame, spans: Spans) -> tuple[Ints, Ints, Ints]:
    """Every overlap of a window with an interval: the index of each, and the nanoseconds in common."""
    recording, onset, end = (intervals[name].to_numpy() for name in ("recording", "onset_ns", "end_ns"))
    t0, length = spans.t0_ns, spans.length_ns
    # All recordings end to end, so that one sorted column finds a time in any of them.
    reach = np.zeros(int(max(spans.recording.max(initial=0), recording.max(initial=0))) + 1, dtype=np.int64)
    np.maximum.at(reach, spans.recording, t0 + 1)
    base = np.concatenate([[0], np.cumsum(reach + 1)])
    keys = base[spans.recording] + t0

    def place(time_ns: Ints) -> Ints:
        found: Ints = np.searchsorted(keys, base[recording] + np.clip(time_ns, 0, reach[recording]))
        return found

    # Windows that begin before an interval's end, or at an instant, and end after its onset.
    low, high = place(onset - length + 1), place(np.maximum(end, onset + 1))
    high = np.maximum(low, high)
    window, interval = ranges(low, high), np.repeat(np.arange(low.size), high - low)
    shared = np.minimum(end[interval], t0[window] + length) - np.maximum(onset[interval], t0[window])
    return window, interval, shared

"""Two devices on one heart, as a picture: heart rate as the files have it and as estimated, and what is left of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.clocks.heart_rate import heart_rate, intervals_that_count
from biocurate.curate.clocks.run import beats_of
from biocurate.curate.windows.grids import ranges
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.store import Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

AROUND_S = 0.6
"""Differences that are drawn to both sides of the estimate."""


def plot_clock(store: Store, recording_id: str, out: Path, clock: str | None = None) -> None:
    """Draw how a device's clock lies to its recording's.

    Above: heart rate by both devices, on the times that the files declare. Middle: the same on one clock. Below: of
    every beat, how far the other device's beats lie from it, with the estimate and its uncertainty.

    Raises
    ------
    UsageError
        Where no clock of the recording was looked for.
    """
    row = _row(store, recording_id, clock)
    streams = store.streams.filter(pl.col("recording_id") == recording_id).collect()
    named = {each["stream_no"]: each for each in streams.iter_rows(named=True)}
    own, moved = named[row["against"]], named[row["stream_no"]]
    a, b = beats_of(store, own), beats_of(store, moved)
    _draw(row, a, b, f"{own['sensor_type']} of the recording", f"{moved['sensor_type']} of {row['clock']}", out)


def _row(store: Store, recording_id: str, clock: str | None) -> dict[str, Any]:
    rows = store.clocks.filter(pl.col("recording_id") == recording_id, pl.col("stream_no").is_not_null()).collect()
    if clock is not None:
        rows = rows.filter(pl.col("clock") == clock)
    if rows.is_empty():
        mend = "Estimate it: biocurate pairs clocks CORPUS."
        raise UsageError("no clock was compared by beats.", where=recording_id, mend=mend)
    return rows.row(0, named=True)


def _draw(row: dict[str, Any], a: Array, b: Array, name_a: str, name_b: str, out: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    before, after, below = figure.subplots(3, 1, sharex=True)
    _rates(before, [(a, name_a, "C0"), (b, name_b, "C1")], "as the files declare it")
    estimated = row["status"] == "estimated"
    if estimated:
        added = _added(row, b)
        _rates(after, [(a, name_a, "C0"), (b + added, name_b, "C1")], "on one clock")
        middle = float(np.median(added))
    else:
        after.set_title(f"no confidence: {row['reason']}", loc="left")
        middle = 0.0
    _differences(below, a, b, middle)
    if estimated:
        half = row["uncertainty_ns"] / NS
        at = b + np.where((b >= row["knots"][0]["t_ns"] / NS) & (b <= row["knots"][-1]["t_ns"] / NS), added, np.nan)
        below.plot(at, added, "C3", lw=1, label=f"estimate by {row['method']}, ± {half * 1e3:.0f} ms")
        below.fill_between(at, added - half, added + half, color="C3", alpha=0.2, lw=0)
        below.legend(loc="upper right")
    below.set_xlabel("time on the recording's clock (s)")
    figure.suptitle(_title(row))
    figure.savefig(out, dpi=100)


def _title(row: dict[str, Any]) -> str:
    if row["status"] != "estimated":
        return f"{row['recording_id']}, {row['clock']}: no confidence"
    offset, drift = row["offset_ns"] / NS, row["drift_ppm"]
    return f"{row['recording_id']}, {row['clock']}: {offset:+.3f} s, {drift:+.0f} ppm, {len(row['knots']) - 1} pieces"


def _added(row: dict[str, Any], times: Array) -> Array:
    knots = np.array([knot["t_ns"] for knot in row["knots"]]) / NS
    return np.interp(times, knots, np.array([knot["offset_ns"] for knot in row["knots"]]) / NS)


def _rates(axes: Axes, signals: list[tuple[Array, str, str]], title: str) -> None:
    for beats, name, colour in signals:
        rate = heart_rate(beats)
        times = rate.start_s + np.arange(rate.bpm.size) / 4.0
        axes.plot(times, rate.bpm, colour, lw=1, label=f"{name} ({intervals_that_count(beats).sum()} intervals)")
    rates = np.concatenate([60 / np.diff(beats) for beats, _, _ in signals])
    low, high = np.percentile(rates, [2, 98])
    axes.set_ylim(max(low - 10, 20), min(high + 10, 220))  # an artefact hides no heart
    axes.set_title(title, loc="left")
    axes.set_ylabel("heart rate (1/min)")
    axes.legend(loc="upper right")


def _differences(axes: Axes, a: Array, b: Array, middle: float) -> None:
    """Dots for all beats of b near each beat of a."""
    low, high = (np.searchsorted(b, a - middle + side) for side in (-AROUND_S, AROUND_S))
    which, other = np.repeat(np.arange(a.size), high - low), ranges(low, high)
    axes.plot(a[which], a[which] - b[other], ".", color="0.4", ms=3)
    axes.set_ylim(middle - AROUND_S, middle + AROUND_S)
    axes.set_title("beats of the one less beats of the other: a line where both feel one heart", loc="left")
    axes.set_ylabel("difference (s)")

"""Why no window came out: a sensor type that is nowhere, or not in one recording, or not for long enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biocurate.curate.durations import format_duration
from biocurate.curate.windows.cover import Segments, nearest_sample
from biocurate.curate.windows.grids import Grids
from biocurate.curate.windows.rule import WindowRule
from biocurate.errors import UsageError
from biocurate.recording import NS

COMBINATIONS = 5
"""Combinations of sensor types that are named."""


def why_nothing(rule: WindowRule, segments: Segments, sensors: Sequence[str], grids: Grids) -> UsageError:
    """Find the first reason that holds.

    Parameters
    ----------
    rule : WindowRule
        What was asked for, in vain.
    segments : Segments
        Of the chosen recordings.
    sensors : sequence of str
        Names of the sensor types that these have, by number.
    grids : Grids
        Where windows may begin.
    """
    table = pl.DataFrame(
        {
            "recording": segments.recording,
            "sensor": np.asarray(sensors, dtype=object)[segments.sensor].astype(str) if len(sensors) else [],
            "rate_hz": segments.rate_hz,
            "length_s": segments.n_samples / segments.rate_hz,
            "samples": nearest_sample(rule.length, segments.rate_hz),
        },
        schema_overrides={"sensor": pl.String},
    )
    wanted = [str(sensor) for sensor in rule.require]
    return (
        _absent(wanted, sensors)
        or _apart(wanted, table)
        or _no_sample(rule, wanted, table)
        or _nowhere(rule, grids)
        or _too_short(rule, wanted, table)
        or _never_at_once(rule, wanted, table)
    )


def _absent(wanted: list[str], sensors: Sequence[str]) -> UsageError | None:
    missing = [sensor for sensor in wanted if sensor not in sensors]
    if not missing and sensors:
        return None
    what = f"no chosen recording has {' or '.join(missing) or 'a sample'}."
    return UsageError(what, where="windows", mend=f"These have {', '.join(sensors) or 'none'}.")


def _apart(wanted: list[str], table: pl.DataFrame) -> UsageError | None:
    """Each sensor type is somewhere, but no recording has all of them."""
    of = table.group_by("recording").agg(pl.col("sensor").unique().sort())
    if of["sensor"].map_elements(set(wanted).issubset, return_dtype=pl.Boolean).any():
        return None
    found = of.group_by(pl.col("sensor").list.join("+")).len().sort("len", "sensor", descending=[True, False])
    named = [f"{count:,} have {sensors}" for sensors, count in found.head(COMBINATIONS).iter_rows()]
    more = [f"and there are {found.height - COMBINATIONS} other combinations"] if found.height > COMBINATIONS else []
    return UsageError(
        f"no chosen recording has {' and '.join(wanted)} together.",
        where="windows",
        mend=f"Require less. Of the recordings, {', '.join(named + more)}.",
    )


def _no_sample(rule: WindowRule, wanted: list[str], table: pl.DataFrame) -> UsageError | None:
    """The length is less than half a sample lasts."""
    held = table.group_by("sensor").agg(pl.col("samples").max(), pl.col("rate_hz").max()).sort("sensor")
    blind = held.filter(pl.col("samples") == 0)
    if wanted:
        blind = blind.filter(pl.col("sensor").is_in(wanted))
    if blind.is_empty() or (not wanted and blind.height < held.height):
        return None
    sensor, _, rate = blind.sort("rate_hz", "sensor").row(0)
    return UsageError(
        f"a window of {format_duration(rule.length)} holds no sample of {sensor} at {rate:g} Hz.",
        where="windows",
        mend=f"Take longer windows: a sample lasts {1 / rate:.6g} s.",
    )


def _nowhere(rule: WindowRule, grids: Grids) -> UsageError | None:
    """No annotation is long enough, or none lies within the part of a recording that is asked for."""
    if (grids.stop > grids.first).any():
        return None
    place = f"an annotation of kind {rule.align.to!r}" if rule.align is not None else "a recording"
    part = f", within its {rule.within.kind!r}" if rule.within is not None else ""
    what = f"no window of {format_duration(rule.length)} fits into {place}{part}."
    return UsageError(what, where="windows", mend="Take shorter windows, `once: true` with `before`, or a wider part.")


def _too_short(rule: WindowRule, wanted: list[str], table: pl.DataFrame) -> UsageError | None:
    """Some sensor type that is needed is nowhere there for so long without a gap."""
    longest = _longest(wanted, table)
    short = longest.filter(pl.col("length_s") * NS + 0.5 * NS / pl.col("rate_hz") < rule.length)
    if short.is_empty() or (not wanted and short.height < longest.height):
        return None
    of = short["sensor"][0] if wanted else "any sensor type"
    return UsageError(
        f"no chosen recording has {format_duration(rule.length)} of {of} without a gap.",
        where="windows",
        mend=f"Take shorter windows{' or require less' if wanted else ''}. {_stretches(longest)}",
    )


def _never_at_once(rule: WindowRule, wanted: list[str], table: pl.DataFrame) -> UsageError:
    """Each is there for long enough, but not where a window lies."""
    what = f"{' and '.join(wanted)} never cover" if len(wanted) > 1 else "no stretch without a gap covers"
    at_once = " at once" if len(wanted) > 1 else ""
    length, hop = format_duration(rule.length), format_duration(rule.hop)
    origin = "a recording's start" if rule.align is None else f"each {rule.align.to}"
    return UsageError(
        f"{what} {length}{at_once} at a place where a window lies, every {hop} from {origin}.",
        where="windows",
        mend=f"Take shorter windows or a shorter hop{', or require less' if wanted else ''}. "
        f"{_stretches(_longest(wanted, table))}",
    )


def _longest(wanted: list[str], table: pl.DataFrame) -> pl.DataFrame:
    """The longest segment of each sensor type that is needed: in recordings that have all of them."""
    if wanted:
        has_all = pl.col("sensor").unique().is_in(wanted).sum().over("recording") == len(set(wanted))
        table = table.filter(pl.col("sensor").is_in(wanted)).filter(has_all)
    return table.sort("length_s", descending=True).unique("sensor", keep="first", maintain_order=True).sort("sensor")


def _stretches(longest: pl.DataFrame) -> str:
    listed = ", ".join(f"{sensor} {length:g} s" for sensor, length in longest.select("sensor", "length_s").iter_rows())
    return f"The longest stretches without a gap: {listed}."

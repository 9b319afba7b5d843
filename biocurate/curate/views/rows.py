"""Rows of derived streams: what a view made of each stream, and the factor that normalises it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.views.chain import Plan
from biocurate.curate.views.run import Derived, Tally, first_of
from biocurate.curate.views.schema import View
from biocurate.curate.views.spread import Spread
from biocurate.curate.views.todo import ROW, Row
from biocurate.recording import samples_to_ns
from biocurate.sensors import SensorType

GROUPS = {"recording": "recording_id", "calibration": "recording_id", "subject": "person"}
"""Of each scope that is a factor and a shift: which streams share them."""


NO_SIGNAL = frozenset({"empty", "invalid", "infinite"})
"""Of streams of these no stretch is settled: windows leave them out."""


def refused_row(view: View, stream: Row, plan: Plan, run_id: str, mains_hz: float | None) -> Row:
    """Row of a stream that no view is made of."""
    return _row(view, stream, plan, run_id, mains_hz) | {
        "status": "refused",
        "reason": plan.refused,
        "n_channels": 0,
        "n_samples": 0,
        "segments": [],
        "channels": [],
        "settled": [],
    }


def made_row(
    view: View, stream: Row, derived: Derived, tally: Tally, place: Mapping[str, Any], run_id: str,
    mains_hz: float | None,
) -> Row:  # fmt: skip
    """Row of a stream whose samples are written, but for the factor that normalises it."""
    plan, spread = derived.plan, tally.spread
    settled = derived.settled
    if tally.most is not None and len(settled):
        settled = first_of(settled, tally.most)[1]
    flat = ((spread.count == 0) | (spread.std <= derived.floor)) & tally.known
    status, reason = _status(derived, tally, settled, flat)
    if status in NO_SIGNAL:
        settled = settled[:0]
    found = {name: _known(getattr(spread, name)) for name in ("count", "mean", "std", "low", "high")}
    return _row(view, stream, plan, run_id, mains_hz) | {
        "n_channels": len(plan.form.names),
        "n_samples": derived.n_samples,
        "segments": _segments(stream, derived),
        "channels": [_channel(index, plan, stream["channels"]) for index in range(len(plan.form.names))],
        "settled": [{"first": int(start), "n_samples": int(stop - start)} for start, stop in settled],
        "status": status,
        "reason": reason,
        "flat": [name for name, is_flat in zip(plan.form.names, flat, strict=True) if is_flat],
        "floor": derived.floor.tolist(),
        **(found if tally.known else {}),
        **place,
    }


def _row(view: View, stream: Row, plan: Plan, run_id: str, mains_hz: float | None) -> Row:
    sensor, finish = SensorType(stream["sensor_type"]), plan.finish
    band = plan.form.band_hz
    return {
        **{name: stream[name] for name in ROW},
        "stream_id": stream["derived_id"],
        "stream_no": stream["stream_no"],
        "sensor_type": str(sensor),
        "rate_hz": plan.form.rate_hz,
        "dtype": "float32",
        "t0_ns": stream["t0_ns"],
        "view": view.name,
        "band_hz": None if band == (None, None) else list(band),
        "source_digest": stream["digest"],
        "view_id": view.id,
        "chain": view.canonical(sensor),
        "mains_hz": mains_hz,
        "input": stream["input"],
        "dropped": list(plan.dropped),
        "scope": finish.normalise.scope if finish.normalise else None,
        "method": finish.normalise.method if finish.normalise else None,
        "clip": [finish.clip.low, finish.clip.high] if finish.clip else None,
        "transductive": view.transductive(sensor) is not None,
        "run_id": run_id,
    }


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _segments(stream: Row, derived: Derived) -> list[Row]:
    """Where the segments begin: a derived sample is at the time of the raw one that it begins with."""
    held = [segment for segment in stream["segments"] if segment["n_samples"]]
    return [
        {"t0_ns": segment["t0_ns"], "n_samples": made.n_samples}
        for segment, made in zip(held, derived.segments, strict=True)
    ]


def _channel(index: int, plan: Plan, raw: Sequence[Row]) -> Row:
    """A derived channel: with the raw one's particulars where there is one of its name."""
    name = plan.form.names[index]
    same = next((each for each in raw if each["name"] == name), {})
    return {
        "index": index,
        "label": name,
        "name": name,
        "unit": plan.form.units[index],
        "canonical_unit": plan.form.units[index],
        "gain": 1.0,
        "offset": 0.0,
        **{key: same.get(key) for key in ("position", "reference", "prefilter")},
        "unit_status": "suspect" if plan.form.doubtful else "declared",
    }


def _status(derived: Derived, tally: Tally, settled: NDArray[np.int64], flat: NDArray[np.bool_]) -> tuple[str, str]:
    """What the row says of the stream, and why."""
    settling = derived.plan.settling
    if not derived.n_samples:
        return "empty", "the raw stream has no sample"
    pairs = zip(derived.segments, derived.missing, strict=True)
    if all((runs[:, 1] - runs[:, 0]).sum() == each.n_samples for each, missing in pairs for runs in missing):
        return "invalid", "every sample of the raw stream is marked invalid"
    if tally.infinite:
        return "infinite", "values are beyond what float32 holds"
    if tally.most is not None and tally.spread.count.max() < tally.most:
        return "short", "it is shorter than the calibration"
    if not len(settled):
        reach = settling.after_s + settling.before_s
        return "short", f"no stretch without a gap is longer than the settling time, {reach:.4g} s"
    if flat.all():
        return "flat", "every channel is constant"
    return "ok", ""


def normalised(rows: Sequence[Row]) -> None:
    """Put the factor and shift of a whole scope into its rows' channels.

    Parameters
    ----------
    rows : sequence of dict
        All rows of whoever is in them; changed in place.
    """
    for scope, key in GROUPS.items():
        mine = [row for row in rows if row["scope"] == scope and row["channels"]]
        mine.sort(key=lambda row: (row[key], row["sensor_type"], _names(row)))
        for _, group in groupby(mine, key=lambda row: (row[key], row["sensor_type"], _names(row))):
            _share(list(group))


def _names(row: Row) -> tuple[str, ...]:
    return tuple(channel["name"] for channel in row["channels"])


def _share(rows: Sequence[Row]) -> None:
    spread = merged(rows)
    floor = np.max([row["floor"] for row in rows], axis=0)
    factor, shift, flat = scaling(spread, floor, rows[0]["method"])
    for row in rows:
        for number, channel in enumerate(row["channels"]):
            channel["gain"], channel["offset"] = float(factor[number]), float(shift[number])
            channel["unit"] = channel["canonical_unit"] = "1" if row["method"] != "centre" else channel["unit"]
        row["flat"] = [name for name, is_flat in zip(_names(row), flat, strict=True) if is_flat]


def merged(rows: Iterable[Mapping[str, Any]]) -> Spread:
    """Mean and spread of several streams of the same channels, from their rows."""
    total: Spread | None = None
    for row in rows:
        total = total or Spread(len(row["count"]))
        count, std = np.array(row["count"]), np.array(row["std"])
        mean, low, high = (np.array(row[name], dtype=np.float64) for name in ("mean", "low", "high"))
        total.merge(count, np.nan_to_num(mean), std * std * count, low, high)
    return total or Spread(0)


def scaling(
    spread: Spread, floor: NDArray[np.float64], method: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Factor and shift of each channel; what is flat is centred and not divided.

    Returns
    -------
    factor, shift : array, shape (channels,)
        Normalised value = stored value * factor + shift.
    flat : array of bool, shape (channels,)
    """
    flat = (spread.count == 0) | (spread.std <= floor)
    if method == "minmax":
        base, width = spread.low, spread.high - spread.low
    else:
        base, width = spread.mean, np.ones_like(spread.std) if method == "centre" else spread.std
    divisor = np.where(flat, 1.0, width)
    base = np.where(flat, spread.mean, base)
    return 1 / divisor, -base / divisor, flat


def end_ns(row: Mapping[str, Any]) -> int:
    """End of a derived stream's last segment, from the recording's start."""
    last = row["segments"][-1]
    return int(last["t0_ns"]) + samples_to_ns(last["n_samples"], row["rate_hz"])

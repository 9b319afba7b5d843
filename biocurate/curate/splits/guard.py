"""How long the guard between blocks of time has to be: as far as a view's filters reach from one to the other."""

from __future__ import annotations

import polars as pl

from biocurate.curate.durations import format_duration
from biocurate.curate.splits.rule import TimeSplit
from biocurate.curate.views.chain import plan_stream
from biocurate.curate.views.lazy import view_of_chain
from biocurate.errors import ManifestError
from biocurate.recording import NS
from biocurate.store.reading import catalogue
from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store

_ALIKE = ["sensor_type", "chain", "mains_hz", "raw_hz"]
"""Of derived streams: what decides how far a chain reaches."""

_STREAM = ["recording_id", "revision", "stream_no"]

STEP = NS // 1000
"""What the least guard is rounded up to."""


def check_guard(store: Store, rows: pl.DataFrame, rule: TimeSplit) -> None:
    """Refuse a guard across which samples of two blocks are made from the same raw ones.

    A sample of a view is made from as much ahead of it as a beginning reaches, and from as much behind it as an end
    reaches; the guard holds both.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows. Of those without a view there is nothing to check.
    rule : TimeSplit

    Raises
    ------
    ManifestError
        Where it is too short; it says how long it has to be.
    """
    view_id = view_of(rows)
    if view_id is None:
        return
    reach, sensor = _reach(store, view_id, rows["recording_id"].unique())
    least = -(-round(reach * NS) // STEP) * STEP
    if rule.guard < least:
        raise ManifestError(
            f"the guard of {rule.guard / NS:g} s is shorter than {sensor} of the view settles, {least / NS:g} s from "
            "both sides: samples of two blocks would be made from the same raw ones.",
            where="split",
            mend=f"Write `guard: {format_duration(least)}` or longer.",
        )


def _reach(store: Store, view_id: str, recordings: pl.Series) -> tuple[float, str]:
    """How many seconds of a raw stream a derived sample is made from at most, both sides together; and whose it is."""
    ids = pl.col("recording_id").is_in(recordings.implode())
    derived = store.streams_of(view_id).filter(ids).select(*_STREAM, "sensor_type", "chain", "mains_hz")
    raw = store.streams.filter(ids).select(*_STREAM, raw_hz="rate_hz")
    each = derived.join(raw, on=_STREAM).collect().unique(_ALIKE, keep="any")
    found = store.streams.join(each.lazy(), on=_STREAM, how="semi").collect()
    streams = catalogue(found).with_columns(found["channels"]).join(each.drop("sensor_type"), on=_STREAM)
    reaches = [(0.0, "")]
    for stream in streams.iter_rows(named=True):
        view = view_of_chain(stream["chain"], stream["sensor_type"])
        if view is not None:
            settling = plan_stream(view, stream, stream["mains_hz"]).settling
            reaches.append((settling.after_s + settling.before_s, stream["sensor_type"]))
    return max(reaches)

"""What windows of a view are cut from: the settled stretches of the streams that it made."""

from __future__ import annotations

import numpy as np
import polars as pl

from biocurate.curate.windows.cover import Segments
from biocurate.curate.windows.rule import WindowRule
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.stale_views import COLUMN, inputs
from biocurate.store.store import Store

KEY = ["recording_id", "revision", "stream_no"]


def segments_of_view(store: Store, recordings: pl.DataFrame, rule: WindowRule) -> tuple[Segments, list[str], str]:
    """Stretches of a view's streams that no edge and no gap reaches, as `segments_of` has raw ones; and the view's id.

    Parameters
    ----------
    store : Store
    recordings : DataFrame
        As `choose` returns them.
    rule : WindowRule
        With a view.

    Raises
    ------
    UsageError
        Where the view was not made, or not of all the streams that it is of.
    """
    numbered = recordings.lazy().select("recording_id", "revision", recording=pl.row_index().cast(pl.Int64))
    derived = store.derived_streams.filter(pl.col("view") == rule.view)
    rows = derived.join(numbered, on=["recording_id", "revision"]).collect()
    _refuse_unmade(store, recordings, rows, rule)
    spans = (_whole(rows) if rule.edges else _settled(rows)).sort("recording", "stream_no", "first")
    if spans.is_empty():
        reasons = rows.group_by("reason").len("n").sort("n", descending=True).head(2).iter_rows()
        told = "; ".join(f"{count:,} streams: {reason}" for reason, count in reasons)
        mend = "Take a higher low cut-off for short recordings, or --edges." if not rule.edges else ""
        raise UsageError(f"the view {rule.view!r} has no stretch to cut windows from: {told}.", mend=mend)
    sensors = rows.filter(pl.col("n_samples") > 0)["sensor_type"].unique().sort().to_list()
    number = {sensor: index for index, sensor in enumerate(sensors)}
    segments = Segments(
        recording=spans["recording"].to_numpy(),
        stream_no=spans["stream_no"].cast(pl.Int64).to_numpy(),
        sensor=spans["sensor_type"].replace_strict(number, return_dtype=pl.Int64).to_numpy(),
        rate_hz=spans["rate_hz"].to_numpy().astype(np.float64),
        t0_ns=spans["t0_ns"].to_numpy(),
        n_samples=spans["n_samples"].to_numpy(),
        first=spans["first"].to_numpy(),
    )
    return segments, sensors, str(rows["view_id"][0])


def inputs_of_view(store: Store, recordings: pl.DataFrame, view_id: str) -> pl.Series:
    """Of each recording, a hash of what the view's streams were made from; null where it has none.

    Raises
    ------
    StaleError
        Where the view has a recording's streams as they were before another of the person's came, went or changed.
    """
    ids = recordings["recording_id"].implode()
    columns = ("recording_id", "revision", "stream_no", "input", "view_id")
    rows = store.derived_streams.filter((pl.col("view_id") == view_id) & pl.col("recording_id").is_in(ids))
    made = inputs(rows.select(columns).collect())
    store.check_live(made.lazy().with_columns(view=pl.lit(view_id)))
    return recordings.join(made, on=["recording_id", "revision"], how="left", maintain_order="left")[COLUMN]


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Every segment, with its first sample's index in the stream."""
    spans = rows.select("recording", "stream_no", "sensor_type", "rate_hz", "segments").explode("segments")
    return (
        spans.drop_nulls("segments")
        .unnest("segments")
        .with_columns(first=pl.col("n_samples").cum_sum().over("recording", "stream_no") - pl.col("n_samples"))
    )


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """Settled stretches; each is timed by the segment that it lies in."""
    segments = _whole(rows).rename({"first": "begin", "t0_ns": "begin_ns"}).drop("n_samples", "sensor_type", "rate_hz")
    spans = rows.select("recording", "stream_no", "sensor_type", "rate_hz", "settled").explode("settled")
    spans = spans.drop_nulls("settled").unnest("settled").sort("first")
    timed = spans.join_asof(
        segments.sort("begin"), left_on="first", right_on="begin", by=["recording", "stream_no"], check_sortedness=False
    )
    into = ((pl.col("first") - pl.col("begin")) * NS / pl.col("rate_hz")).round().cast(pl.Int64)
    return timed.with_columns(t0_ns=pl.col("begin_ns") + into)


def _refuse_unmade(store: Store, recordings: pl.DataFrame, rows: pl.DataFrame, rule: WindowRule) -> None:
    """Refuse to cut windows of some of the streams: they would pass for windows of all."""
    made = pl.DataFrame(schema={"view": pl.String, "sensor_type": pl.String})
    if store.tables.exists("derived_streams"):
        made = store.tables.scan("derived_streams").select("view", "sensor_type").unique().collect()
    kinds = made.filter(pl.col("view") == rule.view)["sensor_type"].to_list()
    if not kinds:
        views = ", ".join(made["view"].unique().sort())
        raise UsageError(
            f"the view {rule.view!r} was not made in this store.",
            where="windows",
            mend=f"Make it: biocurate preprocess {rule.view}." + (f" There are: {views}." if views else ""),
        )
    raw = recordings.select("recording_id", "revision", "streams").explode("streams").drop_nulls("streams")
    raw = raw.unnest("streams").filter(pl.col("sensor_type").is_in(kinds))
    unmade = raw.join(rows, on=KEY, how="anti")
    if not unmade.height and rows["view_id"].n_unique() == 1:
        return
    what = f"the view {rule.view!r} was changed, and not all of it is made again."
    if unmade.height:
        what = (
            f"{unmade.height:,} of the {raw.height:,} streams were taken in after the view {rule.view!r} was made, "
            f"such as one of {unmade['recording_id'][0]}."
        )
    raise UsageError(what, where="windows", mend=f"Go on with it: biocurate preprocess {rule.view}.")

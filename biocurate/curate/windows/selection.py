"""What windows are cut from: chosen recordings, their segments and their annotations, as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biocurate.curate.windows.cover import Segments
from biocurate.curate.windows.rule import Align, Within
from biocurate.errors import UsageError
from biocurate.store.sql import condition, nearest, run
from biocurate.store.store import Store


def choose(store: Store, corpora: Sequence[str] = (), where: str | None = None) -> pl.DataFrame:
    """Choose recordings, sorted by recording_id.

    Parameters
    ----------
    store : Store
    corpora : sequence of str
        All where there is none.
    where : str, optional
        SQL condition on columns of ``recordings``.

    Raises
    ------
    UsageError
        Where a corpus is unknown or no recording is left.
    """
    rows = store.recordings
    if corpora:
        known = store.recordings.select("corpus").unique().collect()["corpus"].to_list()
        for corpus in corpora:
            if corpus not in known:
                raise UsageError(f"the store has no corpus {corpus!r}.", where=store.url, mend=nearest(corpus, known))
        rows = rows.filter(pl.col("corpus").is_in(list(corpora)))
    if where:
        ids = run(f"SELECT recording_id FROM recordings WHERE {condition(where)}", {"recordings": lambda: rows})
        rows = rows.filter(pl.col("recording_id").is_in(ids["recording_id"].implode()))
    chosen = rows.select("recording_id", "revision", "corpus", "person", "subject", "duration_ns", "streams")
    found = chosen.sort("recording_id").collect()
    if found.is_empty():
        mend = f"None meets {where!r}." if where else "Take some in first: biocurate ingest RECIPE --root DIR."
        raise UsageError("there is no recording to cut windows from.", where=store.url, mend=mend)
    return found


def segments_of(recordings: pl.DataFrame) -> tuple[Segments, list[str]]:
    """Every segment of every stream of the chosen recordings, and the names of the sensor types, sorted.

    Recordings are numbered by their row; segments come sorted by that number.
    """
    rows = (
        recordings.select(pl.row_index("recording").cast(pl.Int64), "streams")
        .explode("streams")
        .drop_nulls("streams")
        .select(
            "recording",
            *(pl.col("streams").struct.field(name) for name in ("stream_no", "sensor_type", "rate_hz", "segments")),
        )
        .explode("segments")
        .drop_nulls("segments")
        .unnest("segments")
        .with_columns(
            first=pl.col("n_samples").cum_sum().over("recording", "stream_no") - pl.col("n_samples"),
        )
    )
    sensors = rows["sensor_type"].unique().sort().to_list()
    number = {sensor: index for index, sensor in enumerate(sensors)}
    segments = Segments(
        recording=rows["recording"].to_numpy(),
        stream_no=rows["stream_no"].cast(pl.Int64).to_numpy(),
        sensor=rows["sensor_type"].replace_strict(number, return_dtype=pl.Int64).to_numpy(),
        rate_hz=rows["rate_hz"].to_numpy().astype(np.float64),
        t0_ns=rows["t0_ns"].to_numpy(),
        n_samples=rows["n_samples"].to_numpy(),
        first=rows["first"].to_numpy(),
    )
    return segments, sensors


def annotations_of(store: Store, recordings: pl.DataFrame, kind: str, instants: bool = False) -> pl.DataFrame:
    """Annotations of one kind, of the chosen recordings, by their number.

    Annotations of a single channel say nothing about a whole window and are left out.

    Parameters
    ----------
    store : Store
    recordings : DataFrame
        As `choose` returns them.
    kind : str
    instants : bool
        Whether those without a length count, too.

    Returns
    -------
    DataFrame with columns recording, onset_ns, duration_ns, value

    Raises
    ------
    UsageError
        Where there is no such annotation.
    """
    usable = store.annotations.filter(pl.col("channel").is_null())
    if not instants:
        usable = usable.filter(pl.col("duration_ns") > 0)
    return _of_kind(store, recordings, usable, kind)


def anchors_of(store: Store, recordings: pl.DataFrame, align: Align) -> pl.DataFrame:
    """Annotations that windows begin at, of single channels, too; see `annotations_of`."""
    found = _of_kind(store, recordings, store.annotations, align.to)
    chosen = found.filter(pl.col("value").is_in(align.values)) if align.values else found
    if chosen.is_empty():
        values = found["value"].drop_nulls().unique().sort()
        raise UsageError(
            f"no chosen recording has a {align.to!r} of {' or '.join(align.values)}.",
            where="windows: align",
            mend=nearest(align.values[0], values),
        )
    return chosen


def marks_of(store: Store, recordings: pl.DataFrame, within: Within) -> pl.DataFrame:
    """Annotations between whose first and last windows lie; see `annotations_of`."""
    found = _of_kind(store, recordings, store.annotations, within.kind)
    marks = found.filter(pl.col("value").is_in(within.leave_out).not_().fill_null(True))
    if marks.is_empty():
        raise UsageError(
            f"no chosen recording has a {within.kind!r} beside {' and '.join(within.leave_out)}.",
            where="windows: within",
            mend="Leave out less, or choose other recordings.",
        )
    return marks


def _of_kind(store: Store, recordings: pl.DataFrame, usable: pl.LazyFrame, kind: str) -> pl.DataFrame:
    numbered = recordings.lazy().select("recording_id", recording=pl.row_index().cast(pl.Int64))
    rows = usable.filter(pl.col("kind") == kind).join(numbered, on="recording_id")
    found = (
        rows.select("recording", "onset_ns", "duration_ns", "value").sort("recording", "onset_ns", "value").collect()
    )
    if found.is_empty():
        kinds = usable.join(numbered, on="recording_id", how="semi").select("kind").unique().collect()
        raise UsageError(
            f"no chosen recording has an annotated interval of kind {kind!r}.",
            where=store.url,
            mend=nearest(kind, kinds["kind"].to_list()),
        )
    return found

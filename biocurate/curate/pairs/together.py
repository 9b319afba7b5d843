"""Which sensor types are recorded together, for how long and of how many persons: from the streams' own times.

No window is cut for it. The starts and ends of all segments of a recording part its time into pieces within which the
sensor types do not change; each piece counts for the types that cover it.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.windows.grids import ranges
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.sql import nearest
from biocurate.store.store import Store

Ints = NDArray[np.int64]


def together(store: Store, corpora: tuple[str, ...] = ()) -> pl.DataFrame:
    """Count hours, recordings and subjects of each combination of sensor types.

    Parameters
    ----------
    store : Store
    corpora : tuple of str
        Only these; all where there is none.

    Returns
    -------
    DataFrame
        corpus, sensors (all that cover the time, joined by +), clocks (how many time them at most), hours, recordings,
        subjects; the most hours first.

    Raises
    ------
    UsageError
        Where a corpus is unknown.
    """
    segments = _segments(store, corpora)
    if segments.is_empty():
        return pl.DataFrame(schema=["corpus", "sensors", "clocks", "hours", "recordings", "subjects"])
    pieces = _pieces(segments)
    return (
        pieces.group_by("corpus", "sensors")
        .agg(
            clocks=pl.col("clocks").max(),
            hours=pl.col("length_ns").sum() / (3600 * NS),
            recordings=pl.col("recording_id").n_unique(),
            subjects=pl.col("person").n_unique(),
        )
        .sort("hours", "corpus", "sensors", descending=[True, False, False])
    )


def _segments(store: Store, corpora: tuple[str, ...]) -> pl.DataFrame:
    """Start and end of every segment, by recording."""
    rows = store.streams
    if corpora:
        known = store.recordings.select("corpus").unique().collect()["corpus"].to_list()
        for corpus in corpora:
            if corpus not in known:
                raise UsageError(f"the store has no corpus {corpus!r}.", where=store.url, mend=nearest(corpus, known))
        rows = rows.filter(pl.col("corpus").is_in(list(corpora)))
    return (
        rows.select("recording_id", "corpus", "person", "sensor_type", "rate_hz", "clock", "segments")
        .explode("segments")
        .unnest("segments")
        .filter(pl.col("n_samples") > 0)
        .with_columns(end_ns=pl.col("t0_ns") + (pl.col("n_samples") * (NS / pl.col("rate_hz"))).round().cast(pl.Int64))
        .sort("recording_id")
        .collect()
    )


def _pieces(segments: pl.DataFrame) -> pl.DataFrame:
    """One row a piece of time of a recording: its length, and the sensor types that cover it."""
    edges = (
        pl.concat([segments.select("recording_id", t=each) for each in ("t0_ns", "end_ns")])
        .unique()
        .sort("recording_id", "t")
        .with_row_index("edge")
    )
    low, high = (
        segments.join(edges, left_on=["recording_id", each], right_on=["recording_id", "t"], maintain_order="left")[
            "edge"
        ].to_numpy()
        for each in ("t0_ns", "end_ns")
    )
    low, high = low.astype(np.int64), high.astype(np.int64)
    member = np.repeat(np.arange(segments.height), high - low)
    times = edges["t"].to_numpy()
    piece: Ints = ranges(low, high)
    covering = segments.select("recording_id", "corpus", "person", "sensor_type", "clock")[member]
    return (
        covering.with_columns(piece=piece, length_ns=times[piece + 1] - times[piece])
        .group_by("piece")
        .agg(
            pl.col("recording_id", "corpus", "person", "length_ns").first(),
            sensors=pl.col("sensor_type").unique().sort().str.join("+"),
            clocks=pl.col("clock").n_unique(),
        )
    )

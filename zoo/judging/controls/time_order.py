"""Where a window lies in its recording and session: what a label's order over time can be read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from biocurate.store.store import Store

Floats = NDArray[np.float64]

WAVES = 4
"""Half waves over a recording and over a session, so that a label that comes, goes and comes again is found too."""

ORDER = ("start_ns", "session", "run")
"""What tells which recording of a person came first, each where all of the person's recordings have it."""


def time_order(store: Store, rows: pl.DataFrame) -> Floats:
    """Place of each window in its recording, and in all that its person's recordings hold; no sample is looked at.

    The order of a person's recordings is that of their starts where the store knows them, else that of sessions and
    runs that are numbers. Where neither tells it, it is NaN: an order by name would be an order by label.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows of a manifest.

    Returns
    -------
    array, shape (windows, 2 * WAVES + 1)
        Half waves over the place in the recording, the recording's number in its session, and half waves over the
        place in the session, NaN where unknown.
    """
    known = store.recordings.select("recording_id", "revision", *ORDER).unique().collect()
    table = (
        rows.select("recording_id", "revision", "person", "t0_ns")
        .join(known, on=["recording_id", "revision"], how="left", maintain_order="left")
        .with_columns(pl.col("session", "run").cast(pl.String).cast(pl.Int64, strict=False))
        .with_columns(pl.when(pl.col(name).is_not_null().all().over("person")).then(name) for name in ORDER)
        .with_columns(told=(pl.struct(ORDER).n_unique() == pl.col("recording_id").n_unique()).over("person"))
    )
    in_recording = (pl.col("t0_ns").rank("dense") - 1) / pl.max_horizontal(pl.col("t0_ns").n_unique() - 1, 1)
    number = pl.struct(ORDER).rank("dense").over("person")
    later = pl.struct(*ORDER, "t0_ns").rank("dense").over("person")
    table = table.with_columns(
        recording=in_recording.over("recording_id"),
        number=pl.when("told").then(number.cast(pl.Float64)),
        session_place=pl.when("told").then((later - 1) / pl.max_horizontal(later.max().over("person") - 1, 1)),
    )
    parts = [_waves(table["recording"]), table["number"].to_numpy()[:, None], _waves(table["session_place"])]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _waves(place: pl.Series) -> Floats:
    """Half cosines over a place from 0 to 1, shape (windows, WAVES)."""
    return np.cos(np.pi * np.arange(1, WAVES + 1) * place.to_numpy().astype(np.float64)[:, None])

"""One task: read windows, judge them, make their rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from biocurate.curate.quality.catalogue import measures
from biocurate.curate.quality.plan import STREAM, Task
from biocurate.curate.quality.score import Scores, score
from biocurate.curate.windows.reading import read_windows
from biocurate.store.quality_schema import quality_schema
from biocurate.store.schema import cast
from biocurate.store.signal_reader import SignalReader

BLOCK = 8_000_000
"""Samples that are read at once, which bounds a task's memory."""


def judge(task: Task) -> pa.Table:
    """Rows of a task's windows, one a channel; nothing is published yet."""
    reader = SignalReader.of(task.store, task.rows)
    step = max(1, BLOCK // max(1, task.n_samples * len(task.names)))
    tables = [_columns(task, rows, _score(task, _read(task, rows, reader))) for rows in task.rows.iter_slices(step)]
    return cast(pl.concat(tables).to_arrow(), quality_schema(each.column for each in measures()))


def _read(task: Task, rows: pl.DataFrame, reader: SignalReader) -> NDArray[np.float32]:
    # Each window comes with the one stream that is judged, so that another stream of the same sensor type is no doubt.
    stream = pl.concat_list(pl.struct("stream_no", start="first"))
    windows = rows.select("recording_id", "revision", "t0_ns", "duration_ns", "view", streams=stream)
    return read_windows(task.store, windows, str(task.sensor), reader=reader)


def _score(task: Task, samples: NDArray[np.float32]) -> Scores:
    """Judge all channels; those of another unit apart, since limits are held against a unit."""
    units = dict.fromkeys(task.units)
    if len(units) == 1:
        return score(samples, task.rate_hz, task.sensor, task.units[0])
    shape = samples.shape[:2]
    columns = {each.column: np.full(shape, np.nan) for each in measures(task.sensor)}
    reason = np.full(shape, "", dtype="U16")
    for unit in units:
        mine = [place for place, each in enumerate(task.units) if each == unit]
        found = score(samples[:, mine], task.rate_hz, task.sensor, unit)
        reason[:, mine] = found.reason
        for column, values in found.columns.items():
            columns[column][:, mine] = values
    return Scores(columns, reason)


def _columns(task: Task, rows: pl.DataFrame, found: Scores) -> pl.DataFrame:
    """One row a channel of a window."""
    count = len(task.names)
    repeated = rows.select("window_id", *STREAM).select(pl.all().repeat_by(count).explode())
    values = {
        name: pl.Series(name, column.ravel().astype(np.float32)).fill_nan(None)
        for name, column in found.columns.items()
    }
    return repeated.with_columns(
        sensor_type=pl.lit(str(task.sensor)),
        channel=pl.Series(list(task.names) * rows.height, dtype=pl.String),
        index=pl.Series(list(range(count)) * rows.height, dtype=pl.Int32),
        reason=pl.Series(found.reason.ravel().tolist(), dtype=pl.String),
        **values,
    )

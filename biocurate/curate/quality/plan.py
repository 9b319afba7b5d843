"""Which windows are to be judged, and the tasks that judge them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from biocurate.errors import StaleError
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import Store

TASK_SAMPLES = 200_000_000
"""Samples of all channels of a task at most: each task costs a commit, and a killed run loses no more than one."""

TASKS_PER_WORKER = 4

WINDOW = ("recording_id", "revision", "t0_ns", "duration_ns", "view")
"""What a window is, whatever its number; the view is null where it is of what was recorded."""

STREAM = (*WINDOW, "stream_no")
"""What is judged at once: all channels of one stream in one window."""

ALIKE = ("sensor_type", "rate_hz", "duration_ns", "n_channels", "montage")
"""Windows that share these are read as one array."""

UNJUDGED = (SensorType.TRIG,)
"""Triggers are no signal of a body: to stand still is what they do."""


@dataclass(frozen=True)
class Task:
    """Windows that are read and judged together."""

    store: Store
    sensor: SensorType
    rate_hz: float
    n_samples: int
    names: tuple[str, ...]
    """Channels of the streams."""
    units: tuple[str | None, ...]
    """Their canonical units; none for a view, which may scale."""
    rows: pl.DataFrame
    """window_id, `STREAM` and first, the window's first sample in its stream; sorted as they lie in the store."""


def wanted(store: Store, windows: pl.DataFrame) -> pl.DataFrame:
    """One row a stream of a window, with what is needed to read it.

    Raises
    ------
    StaleError
        Where a window refers to a stream that is gone.
    """
    streams = SignalReader.of(store, windows).streams.drop("view")
    if "view" not in windows.columns:
        windows = windows.with_columns(view=pl.lit(None, pl.String))
    montage = pl.concat_str(
        pl.col("names", "canonical_units").list.eval(pl.element().fill_null("")).list.join("\n"), separator="\n\n"
    ).rank("dense")
    spans = (
        windows.select("window_id", *WINDOW, "streams")
        .explode("streams")
        .unnest("streams")
        .rename({"start": "first"})
        .join(streams.with_columns(montage=montage), on=["recording_id", "revision", "stream_no"], how="left")
    )
    lost = spans.filter(pl.col("sensor_type").is_null() & pl.col("stream_no").is_not_null())
    if lost.height:
        raise StaleError(
            f"{lost.height:,} windows refer to a stream that is gone, one of {lost['recording_id'][0]}.",
            where=store.url,
            mend="Build them again: biocurate windows build.",
        )
    return spans.filter(~pl.col("sensor_type").is_in([str(each) for each in UNJUDGED])).with_columns(
        at=pl.col("start") + pl.col("first")
    )


def tasks(store: Store, spans: pl.DataFrame, workers: int) -> Iterator[Task]:
    """Cut spans into tasks of one sensor type, rate, length and montage, near each other in the store."""
    for (sensor, rate_hz, duration_ns, n_channels, _), alike in spans.group_by(*ALIKE, maintain_order=True):
        n_samples = ns_to_samples(duration_ns, rate_hz)
        most = max(1, TASK_SAMPLES // max(1, n_samples * n_channels))
        step = min(most, max(256, -(-alike.height // (TASKS_PER_WORKER * max(workers, 1)))))
        for rows in alike.sort("part", "at").iter_slices(step):
            yield Task(
                store=store,
                sensor=SensorType.parse(sensor),
                rate_hz=rate_hz,
                n_samples=n_samples,
                names=tuple(rows["names"][0]),
                units=tuple(rows["canonical_units"][0]) if rows["view"][0] is None else (None,) * n_channels,
                rows=rows.select("window_id", *STREAM, "first"),
            )

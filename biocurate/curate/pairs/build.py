"""Sets of pairs: a window set's windows, with every two streams of the wanted sensor types that cover them at once.

The set has the name of its window set, and is stale where that is: in SQL ``pairs_<set>`` joins ``windows_<set>`` on
``window_id``, which brings the labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl
import pyarrow as pa

from biocurate.curate.clocks.said import ClockRule, said_rows
from biocurate.curate.pairs.join import pairs_of
from biocurate.curate.pairs.timing import Streams
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.sensors import SensorType
from biocurate.store.pair_schema import CLOCKS, PAIRS
from biocurate.store.parquet import ROW_GROUP
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.signal_reader import view_of
from biocurate.store.sql import nearest
from biocurate.store.store import Store

BATCH = ROW_GROUP
"""Windows whose pairs are made and written at once; more take memory and are no faster (`biocurate bench windows`)."""


@dataclass(frozen=True)
class Summary:
    """What a set of pairs holds."""

    name: str
    pairs: int
    windows: int
    windows_without: int
    """Windows of the set that do not have the wanted sensor types on the same time."""
    snapshot_id: int


def build_pairs(store: Store, name: str, sensors: Sequence[str], *, overwrite: bool = False) -> Summary:
    """Pair the streams of a window set; no signal is touched.

    Parameters
    ----------
    store : Store
    name : str
        A window set.
    sensors : sequence of str
        Two or more sensor types; the same one twice means two streams of it. A window counts where every two of them
        make a pair.
    overwrite : bool
        Put the set in the place of one of the same name; snapshots keep the older one.

    Raises
    ------
    UsageError
        Where there is no such window set, no pair, or a set of pairs already.
    StaleError
        Where the window set was cut from recordings that have been replaced.
    """
    types = wanted(sensors)
    _check(store, name, overwrite)
    windows = store.windows(name)
    run = Run("pairs", name, {"sensors": types})
    with store.lease(f"pairs build {name}", run.run_id):
        made = _Made(windows, streams_of(store, windows, types), types)
        batches = made.batches()
        first = next(batches, None)
        if first is None:
            raise _nothing(windows, name, types)
        store.tables.write(f"pairs/{name}", pa.RecordBatchReader.from_batches(PAIRS, chain([first], batches)))
        run.finish(store, done=made.pairs)
        snapshot_id = store.publish(run.run_id)
    return Summary(name, made.pairs, made.with_pairs, made.seen - made.with_pairs, snapshot_id)


def wanted(sensors: Sequence[str]) -> list[str]:
    """Names of two or more sensor types; UsageError for fewer, or one that does not exist."""
    if len(sensors) < 2:
        raise UsageError("a pair needs two sensor types.", mend="Name them: --sensors EEG,ECG.")
    return [str(SensorType.parse(each)) for each in sensors]


def streams_of(
    store: Store, windows: pl.LazyFrame, sensors: Sequence[str], said: Mapping[str, ClockRule] | None = None
) -> Streams:
    """Streams of some sensor types in the recordings of some windows, with what is known of their clocks.

    What is said of a device counts before what the store has of its clock.
    Where the windows are of a view, its streams; they go by the clocks of those that they were made from.
    """
    mine = windows.select("recording_id").unique()
    view = view_of(windows.select("view").unique().collect()) if "view" in windows.collect_schema() else None
    clocks = store.streams.select("recording_id", "stream_no", "clock")
    streams = store.streams_of(view).filter(pl.col("sensor_type").is_in(list(sensors))).drop("clock", strict=False)
    timed = streams.join(mine, on="recording_id", how="semi").join(clocks, on=["recording_id", "stream_no"], how="left")
    if not said:
        return Streams.of(timed, store.clocks)
    told = pl.DataFrame(cast(said_rows(store, mine.collect()["recording_id"], said), CLOCKS)).lazy()
    others = store.clocks.join(told, on=["recording_id", "clock"], how="anti")
    return Streams.of(timed, pl.concat([others, told], how="vertical_relaxed"))


def combinations(pairs: pl.LazyFrame) -> pl.DataFrame:
    """Count what a set of pairs holds, the combination with most hours first.

    Returns
    -------
    DataFrame
        sensor_a, sensor_b, rate_a_hz, rate_b_hz (both rounded), method, pairs, hours (what several windows cover
        counts once), subjects, median_uncertainty_ms (null: not known) and worst_residual_ms; the most hours first.
    """
    of_both = ("sensor_a", "sensor_b", "rate_a_hz", "rate_b_hz", "method")
    end, within = pl.col("t0_ns") + pl.col("duration_ns"), (*of_both, "recording_id")
    reached = end.cum_max().shift(1).over(within)
    counted = (
        pairs.with_columns(pl.col("rate_a_hz", "rate_b_hz").round())
        .sort(*within, "t0_ns")
        .with_columns(new_ns=(end - pl.max_horizontal("t0_ns", reached)).clip(0))
        .group_by(of_both)
        .agg(
            pairs=pl.len(),
            hours=pl.col("new_ns").sum() / (3600 * NS),
            subjects=pl.col("person").n_unique(),
            median_uncertainty_ms=pl.col("uncertainty_ns").median() / 1e6,
            worst_residual_ms=pl.col("residual_ns").abs().max() / 1e6,
        )
    )
    return counted.sort("hours", *of_both, descending=[True] + [False] * len(of_both)).collect()


@dataclass
class _Made:
    """Makes pairs of about `BATCH` windows at a time, numbered from 0, and counts them."""

    windows: pl.LazyFrame
    streams: Streams
    sensors: Sequence[str]
    seen: int = 0
    pairs: int = 0
    with_pairs: int = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        columns = ("window_id", "recording_id", "revision", "person", "t0_ns", "duration_ns", "streams")
        height = self.windows.select(pl.len()).collect().item()
        for start in range(0, height, BATCH):
            rows = self.windows.select(columns).slice(start, BATCH).collect()
            found = pairs_of(rows, self.streams, self.sensors)
            numbered = found.with_columns(pair_id=pl.int_range(pl.len(), dtype=pl.Int64) + self.pairs)
            self.seen += rows.height
            self.pairs += found.height
            self.with_pairs += found["window_id"].n_unique()
            yield from (
                numbered.select(PAIRS.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(PAIRS).to_batches()
            )


def _check(store: Store, name: str, overwrite: bool) -> None:
    tables = store.tables.names()
    if f"windows/{name}" not in tables:
        known = [table.removeprefix("windows/") for table in tables if table.startswith("windows/")]
        raise UsageError(
            f"there is no window set {name!r}.",
            where=store.url,
            mend=f"{nearest(name, known)} Cut one: biocurate windows build {name} --length LENGTH.",
        )
    if f"pairs/{name}" in tables and not overwrite:
        raise UsageError(
            f"window set {name!r} has pairs already.", where=store.url, mend="--overwrite: snapshots keep the older."
        )


def _nothing(windows: pl.LazyFrame, name: str, sensors: Sequence[str]) -> UsageError:
    types = windows.select(pl.col("sensor_types").list.join("+")).unique().collect().to_series().sort()
    return UsageError(
        f"no window has {' and '.join(sensors)} on the same time.",
        where=f"windows {name}",
        mend=f"Its windows have: {nearest('', types)} Nothing was written.",
    )

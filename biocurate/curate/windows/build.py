"""Window sets: every fixed-length span of the recordings that a sensor covers without a gap.

Windows lie on the recording's own grid, one every ``hop`` from its start, whatever the streams do: the windows of two
sensors of one recording are therefore the same spans of time, and asking for one sensor more moves no window. A sensor
type is present in a window when one segment of one of its streams covers the window wholly, by the one rule for
samples, ``round((t - t0) * rate)``, with ``round(length * rate)`` samples in every window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from biocurate.curate.fields import NAME
from biocurate.curate.windows.grid import Cover, Segments, cover
from biocurate.curate.windows.labels import majority
from biocurate.curate.windows.nothing import why_nothing
from biocurate.curate.windows.rule import WindowRule, parse_rule
from biocurate.curate.windows.selection import annotations_of, choose, segments_of
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.runs import Run
from biocurate.store.schema import WINDOWS, column
from biocurate.store.stale import OWN_SET
from biocurate.store.store import Store

BATCH = 500_000
"""Windows that are made and written at once."""


@dataclass(frozen=True)
class Summary:
    """What a window set holds."""

    name: str
    windows: int
    recordings: int
    persons: int
    combinations: pl.DataFrame
    """sensor_types, windows, recordings: the most frequent combination first."""
    labels: pl.DataFrame
    """label, value (null: none), windows, persons."""
    contradicted: dict[str, int]
    """Of each label, windows that have none because annotations contradict each other."""
    snapshot_id: int


def build_windows(
    store: Store,
    name: str,
    *,
    length_s: float,
    hop_s: float | None = None,
    require: Sequence[str] = (),
    labels: Sequence[str] = (),
    share: float = 0.5,
    corpora: Sequence[str] = (),
    where: str | None = None,
    overwrite: bool = False,
) -> Summary:
    """Cut windows over a store; signals are not touched.

    Parameters
    ----------
    store : Store
    name : str
        Name of the set; in SQL it is ``windows_<name>``.
    length_s, hop_s : float
        Seconds, to the nanosecond; the hop is the length where it is left out.
    require : sequence of str
        Only windows that all of these sensor types cover.
    labels : sequence of str
        Kinds of annotation; each becomes a text column.
    share : float
        A value labels a window when it covers more than this share of it, or all of it.
    corpora : sequence of str
        Only recordings of these; of all where there is none.
    where : str, optional
        Only recordings that meet this SQL condition, such as ``age >= 18``.
    overwrite : bool
        Put the set in the place of one of the same name; snapshots keep the older one.

    Raises
    ------
    UsageError
        Where nothing is selected, a label or corpus is unknown, or the set is there already; nothing is written.
    """
    rule = parse_rule(
        {
            "length": f"{round(length_s * NS)}ns",
            "hop": f"{round((length_s if hop_s is None else hop_s) * NS)}ns",
            "corpora": tuple(corpora),
            "require": tuple(require),
            "labels": tuple(labels),
            "share": share,
        }
    )
    return build_set(store, name, rule, where=where, overwrite=overwrite)


def build_set(
    store: Store, name: str, rule: WindowRule, *, where: str | None = None, overwrite: bool = False
) -> Summary:
    """Cut windows by a rule into a set of one's own; see `build_windows`."""
    if name.startswith(OWN_SET):
        raise UsageError(f"window sets called {OWN_SET}… belong to manifests.", mend="Choose another name.")
    return cut_set(store, name, rule, where=where, overwrite=overwrite)


def cut_set(store: Store, name: str, rule: WindowRule, *, where: str | None = None, overwrite: bool = False) -> Summary:
    """Cut windows by a rule into a set of any name, a manifest's too; see `build_windows`."""
    _check_name(store, name, overwrite)
    run = Run("windows", name, {"rule": rule.model_dump(mode="json"), "where": where})
    with store.lease(f"windows build {name}", run.run_id):
        cutter = _Cutter.prepare(store, rule, where)
        batches = cutter.batches()
        first = next(batches, None)
        if first is None:
            raise why_nothing(rule, cutter.segments, cutter.sensors)
        reader = pa.RecordBatchReader.from_batches(cutter.schema, _chain(first, batches))
        store.tables.write(f"windows/{name}", reader)
        run.finish(store, done=cutter.written)
        snapshot_id = store.publish(run.run_id)
    return _summary(store, name, rule, cutter, snapshot_id)


def list_windows(store: Store) -> pl.DataFrame:
    """List window sets; a stale one was cut from a recording that has been replaced since."""
    rows = [
        store.tables.scan(table)
        .select(
            set=pl.lit(table.removeprefix("windows/")),
            windows=pl.len(),
            recordings=pl.col("recording_id").n_unique(),
            persons=pl.col("person").n_unique(),
            length_s=pl.col("duration_ns").first() / NS,
            labels=pl.lit(", ".join(_labels(store, table))),
        )
        .collect()
        .with_columns(stale=pl.lit(store.is_stale(store.tables.scan(table))))
        for table in store.tables.names()
        if table.startswith("windows/")
    ]
    return pl.concat(rows) if rows else pl.DataFrame(schema={"set": pl.String, "windows": pl.UInt32})


@dataclass
class _Cutter:
    """Cuts the windows of some recordings, batch by batch."""

    rule: WindowRule
    recordings: pl.DataFrame
    segments: Segments
    sensors: list[str]
    annotations: dict[str, pl.DataFrame]
    contradicted: dict[str, int]
    written: int = 0

    @classmethod
    def prepare(cls, store: Store, rule: WindowRule, where: str | None) -> _Cutter:
        recordings = choose(store, rule.corpora, where)
        segments, sensors = segments_of(recordings)
        labels = {kind: annotations_of(store, recordings, kind) for kind in rule.labels}
        taken = sorted(set(labels) & {*WINDOWS.names, "split"})
        if taken:
            raise UsageError(f"a label cannot be called {taken[0]!r}: a column of windows or manifests is.")
        return cls(rule, recordings.drop("streams"), segments, sensors, labels, dict.fromkeys(labels, 0))

    @property
    def schema(self) -> pa.Schema:
        """Columns of every window set, and one for each label."""
        labels = [column(kind, pa.string(), f"label of kind {kind}") for kind in self.annotations]
        return pa.schema([*WINDOWS, *labels])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Windows sorted by recording_id and time, numbered from 0."""
        missing = [sensor for sensor in self.rule.require if sensor not in self.sensors]
        if missing:
            return
        require = [self.sensors.index(sensor) for sensor in self.rule.require]
        numbers = self.segments.recording
        for first, stop in self._parts():
            mine = self.segments.take(slice(*np.searchsorted(numbers, [first, stop])))
            found = cover(mine, self.rule.length, self.rule.hop, require)
            if found.k.size:
                yield self._batch(found, first, stop)

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Ranges of recordings with about `BATCH` windows each."""
        upto = (self.recordings["duration_ns"].to_numpy() // self.rule.hop + 1).cumsum()
        begins = np.flatnonzero(np.diff(upto // BATCH, prepend=-1))
        return zip(begins.tolist(), [*begins[1:].tolist(), upto.size], strict=True)

    def _batch(self, found: Cover, first: int, stop: int) -> pa.RecordBatch:
        size = found.k.size
        recording = pa.array(found.recording)
        pieces = pa.ListArray.from_arrays(
            pa.array(found.sensor_offsets, pa.int32()), pa.array(self.sensors).take(pa.array(found.sensors))
        )
        streams = pa.StructArray.from_arrays(
            [pa.array(found.stream_no, pa.int32()), pa.array(found.start)], names=["stream_no", "start"]
        )
        arrays = {
            "window_id": pa.array(np.arange(self.written, self.written + size)),
            "t0_ns": pa.array(found.k * self.rule.hop),
            "duration_ns": pa.array(np.full(size, self.rule.length)),
            "sensor_types": pieces.take(pa.array(found.piece)),
            "streams": pa.ListArray.from_arrays(pa.array(found.offsets, pa.int32()), streams),
        }
        for name in ("recording_id", "revision", "corpus", "person", "subject"):
            arrays[name] = _plain(self.recordings[name]).take(recording)
        for kind, intervals in self.annotations.items():
            mine = intervals.filter(pl.col("recording").is_between(first, stop, closed="left"))
            found_labels = majority(mine, found.recording, found.k, self.rule.length, self.rule.hop, self.rule.share)
            self.contradicted[kind] += found_labels.contradicted
            code = pa.array(found_labels.code, mask=found_labels.code < 0)
            arrays[kind] = pa.array(found_labels.values, pa.string()).take(code)
        self.written += size
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.schema.names], schema=self.schema)


def _labels(store: Store, table: str) -> list[str]:
    return [name for name in store.tables.scan(table).collect_schema().names() if name not in WINDOWS.names]


def _plain(texts: pl.Series) -> pa.Array:
    return texts.to_arrow().cast(pa.string())


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _check_name(store: Store, name: str, overwrite: bool) -> None:
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name for a window set.", mend="Use letters, digits, - and _.")
    table = f"windows/{name}"
    tables = store.tables.names()
    if table in tables and not overwrite:
        raise UsageError(
            f"the store has a window set {name!r} already.",
            where=store.url,
            mend="Choose another name, or --overwrite: snapshots keep the older one.",
        )
    in_sql = re.sub(r"[/-]", "_", table)
    same = [other for other in tables if other != table and re.sub(r"[/-]", "_", other) == in_sql]
    if same:
        raise UsageError(
            f"in SQL {table!r} and {same[0]!r} would both be called {in_sql}.", mend="Choose another name."
        )


def _summary(store: Store, name: str, rule: WindowRule, cutter: _Cutter, snapshot_id: int) -> Summary:
    """Count what was written, from the table itself."""
    rows = store.tables.scan(f"windows/{name}")
    totals = rows.select(pl.len(), pl.col("recording_id").n_unique(), pl.col("person").n_unique()).collect()
    n_windows, n_recordings, n_persons = totals.row(0)
    combinations = (
        rows.group_by(sensor_types=pl.col("sensor_types").list.join("+"))
        .agg(windows=pl.len(), recordings=pl.col("recording_id").n_unique())
        .sort("windows", "sensor_types", descending=[True, False])
        .collect()
    )
    labels = [
        rows.group_by(label=pl.lit(kind), value=pl.col(kind))
        .agg(windows=pl.len(), persons=pl.col("person").n_unique())
        .sort("value", nulls_last=True)
        for kind in rule.labels
    ]
    empty = pl.DataFrame(
        schema={"label": pl.String, "value": pl.String, "windows": pl.UInt32, "persons": pl.UInt32}
    ).lazy()
    return Summary(
        name=name,
        windows=n_windows,
        recordings=n_recordings,
        persons=n_persons,
        combinations=combinations,
        labels=pl.concat(labels or [empty]).collect(),
        contradicted=cutter.contradicted,
        snapshot_id=snapshot_id,
    )

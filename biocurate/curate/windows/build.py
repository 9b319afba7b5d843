"""Window sets: every fixed-length span of the recordings that a sensor covers without a gap.

Windows lie on the recording's own grid, one every ``hop`` from its start, or on one from each annotation of a kind,
whatever the streams do: the windows of two sensors of one recording are therefore the same spans of time, and asking
for one sensor more moves no window. A sensor type is present in a window when one segment of one of its streams covers
the window wholly, by the one rule for samples, ``round((t - t0) * rate)``, with ``round(length * rate)`` samples in
every window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from biocurate.curate.fields import NAME
from biocurate.curate.windows.columns import Columns, label_names
from biocurate.curate.windows.cover import Cover, Segments, cover
from biocurate.curate.windows.grids import Grids, anchored, bounded, whole
from biocurate.curate.windows.labels import Spans
from biocurate.curate.windows.nothing import why_nothing
from biocurate.curate.windows.rule import WindowRule, parse_rule
from biocurate.curate.windows.selection import anchors_of, choose, marks_of, segments_of
from biocurate.curate.windows.summary import Summary, summarise
from biocurate.curate.windows.viewed import inputs_of_view, segments_of_view
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.runs import Run
from biocurate.store.schema import WINDOWS
from biocurate.store.stale import OWN_SET
from biocurate.store.store import Store

BATCH = 62_500
"""Windows that are made and written at once; more take memory and are no faster (`biocurate bench windows`)."""


def build_windows(
    store: Store,
    name: str,
    *,
    length_s: float,
    hop_s: float | None = None,
    require: Sequence[str] = (),
    labels: Sequence[str | Mapping[str, Any]] = (),
    share: float = 0.5,
    corpora: Sequence[str] = (),
    align: str | Mapping[str, Any] | None = None,
    within: Mapping[str, Any] | None = None,
    where: str | None = None,
    overwrite: bool = False,
    view: str = "",
    edges: bool = False,
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
    labels : sequence of str or mapping
        Kinds of annotation, by majority, or the fields of a `LabelColumn`; each becomes a column.
    share : float
        By majority, a value labels a window when it covers more than this share of it, or all of it.
    corpora : sequence of str
        Only recordings of these; of all where there is none.
    align : str or mapping, optional
        Kind of annotation that windows begin at, or the fields of an `Align`.
    within : mapping, optional
        Fields of a `Within`: the part of each recording beyond which no window lies.
    where : str, optional
        Only recordings that meet this SQL condition, such as ``age >= 18``.
    overwrite : bool
        Put the set in the place of one of the same name; snapshots keep the older one.
    view : str
        Of the streams that this view made; windows lie where no edge and no gap reaches.
    edges : bool
        Of a view: also windows that an edge or gap reaches into.

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
            "align": align,
            "within": within,
            "view": view,
            "edges": edges,
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
        cutter = _cut(store, name, rule, where)
        run.finish(store, done=cutter.written)
        snapshot_id = store.publish(run.run_id)
    return summarise(store, name, cutter.columns, snapshot_id)


def cut_unpublished(store: Store, name: str, rule: WindowRule) -> None:
    """Cut windows into a set in the place of one of the same name; the caller holds the lease, and publishes."""
    _check_name(store, name, overwrite=True)
    _cut(store, name, rule)


def _cut(store: Store, name: str, rule: WindowRule, where: str | None = None) -> _Cutter:
    cutter = _Cutter.prepare(store, rule, where)
    batches = cutter.batches()
    first = next(batches, None)
    if first is None:
        raise why_nothing(rule, cutter.segments, cutter.sensors, cutter.grids)
    store.tables.write(f"windows/{name}", pa.RecordBatchReader.from_batches(cutter.schema, _chain(first, batches)))
    return cutter


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
            labels=pl.lit(", ".join(label_names(store.tables.scan(table)))),
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
    grids: Grids
    columns: Columns
    view_id: str | None
    view_input: pl.Series | None
    """Of each recording, what the view's streams were made from."""
    written: int = 0

    @classmethod
    def prepare(cls, store: Store, rule: WindowRule, where: str | None) -> _Cutter:
        recordings = choose(store, rule.corpora, where)
        view_id = made_from = None
        if rule.view:
            segments, sensors, view_id = segments_of_view(store, recordings, rule)
            made_from = inputs_of_view(store, recordings, view_id)
        else:
            segments, sensors = segments_of(recordings)
        grids = _grids(store, recordings, rule)
        columns = Columns.prepare(store, recordings, rule)
        return cls(rule, recordings.drop("streams"), segments, sensors, grids, columns, view_id, made_from)

    @property
    def schema(self) -> pa.Schema:
        """Columns of every window set, and one for each label."""
        return pa.schema([*WINDOWS, *self.columns.fields])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Windows sorted by recording_id and time, numbered from 0."""
        missing = [sensor for sensor in self.rule.require if sensor not in self.sensors]
        if missing:
            return
        require = [self.sensors.index(sensor) for sensor in self.rule.require]
        numbers = self.segments.recording
        for first, stop in self._parts():
            mine = self.segments.take(slice(*np.searchsorted(numbers, [first, stop])))
            found = cover(mine, self.grids.of(first, stop), self.rule.length, self.rule.hop, require)
            if found.t0_ns.size:
                yield self._batch(found, first, stop)

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Ranges of recordings with about `BATCH` windows each."""
        lasts = self.recordings["duration_ns"].to_numpy()[self.grids.recording]
        reached = (lasts - self.grids.origin_ns) // self.rule.hop + 1
        windows = np.clip(np.minimum(self.grids.stop, reached) - self.grids.first, 0, None)
        upto = np.bincount(self.grids.recording, windows, self.recordings.height).cumsum()
        begins = np.flatnonzero(np.diff(upto // BATCH, prepend=-1))
        return zip(begins.tolist(), [*begins[1:].tolist(), upto.size], strict=True)

    def _batch(self, found: Cover, first: int, stop: int) -> pa.RecordBatch:
        size = found.t0_ns.size
        recording = pa.array(found.recording)
        pieces = pa.ListArray.from_arrays(
            pa.array(found.sensor_offsets, pa.int32()), pa.array(self.sensors).take(pa.array(found.sensors))
        )
        streams = pa.StructArray.from_arrays(
            [pa.array(found.stream_no, pa.int32()), pa.array(found.start)], names=["stream_no", "start"]
        )
        arrays = {
            "window_id": pa.array(np.arange(self.written, self.written + size)),
            "t0_ns": pa.array(found.t0_ns),
            "duration_ns": pa.array(np.full(size, self.rule.length)),
            "sensor_types": pieces.take(pa.array(found.piece)),
            "streams": pa.ListArray.from_arrays(pa.array(found.offsets, pa.int32()), streams),
            "view": pa.array([self.view_id] * size, pa.string()),
        }
        made_from = self.view_input
        arrays["view_input"] = pa.nulls(size, pa.string()) if made_from is None else _plain(made_from).take(recording)
        for name in ("recording_id", "revision", "corpus", "person", "subject"):
            arrays[name] = _plain(self.recordings[name]).take(recording)
        arrays |= self.columns.of(Spans(found.recording, found.t0_ns, self.rule.length), first, stop)
        self.written += size
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.schema.names], schema=self.schema)


def _grids(store: Store, recordings: pl.DataFrame, rule: WindowRule) -> Grids:
    """Where windows may begin."""
    if rule.align is None:
        grids = whole(recordings.height)
    else:
        grids = anchored(anchors_of(store, recordings, rule.align), rule.align, rule.length, rule.hop)
    if rule.within is None:
        return grids
    return bounded(grids, marks_of(store, recordings, rule.within), rule.within, rule.length, rule.hop)


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

"""Which streams a view has to be made of: those whose input is not what their row was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import polars as pl

from biocurate.curate.views.normalise import Normalise
from biocurate.curate.views.schema import View
from biocurate.recipes.declared import declarations
from biocurate.sensors import SensorType
from biocurate.store.objects import Objects
from biocurate.store.reading import catalogue
from biocurate.store.store import Store
from biocurate.store.view_schema import DERIVED_STREAMS

TABLE = "derived_streams"

ROW = ("recording_id", "revision", "corpus", "person", "subject")
"""What a derived row has of its recording."""

LEAST, MOST = 2**24, 2**26
"""Bytes of derived samples that a task makes, about: many small parts cost reading, few large tasks cost resuming."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Streams that one task derives; all of a person's are in one."""

    objects: Objects
    view: View
    corpus: str
    mains_hz: float | None
    run_id: str
    codec: str
    lazy: bool
    rows: tuple[Row, ...]

    @property
    def n_bytes(self) -> int:
        """Of derived samples, about: as many as there are raw ones."""
        return sum(4 * row["n_samples"] * row["n_channels"] for row in self.rows)

    @property
    def seconds(self) -> float:
        """Recorded time, each stream counted."""
        return float(sum(row["n_samples"] / row["rate_hz"] for row in self.rows))


@dataclass(frozen=True)
class Todo:
    """What a run has to do."""

    rows: pl.DataFrame
    """Streams to derive, with `input` and `derived_id`."""
    moved: pl.DataFrame
    """Streams whose derived samples stay, of recordings with another revision or a view with another chain beside this
    one: derived_id and columns `ROW`."""
    gone: tuple[str, ...]
    """Derived rows of streams that are there no more, or have no chain in the view any more."""
    mains: Mapping[str, float | None]
    there: int
    """Streams that are derived already."""


def find(store: Store, view: View, corpora: Sequence[str] = (), lazy: bool = False) -> Todo:
    """Compare a store's streams with what the view has of them.

    Parameters
    ----------
    store : Store
    view : View
    corpora : sequence of str
        Only these; all where there is none.
    lazy : bool
        Whether rows will do that have no samples.
    """
    raw = streams_of(store, view, corpora)
    mains = {corpus: declarations(store, corpus).mains_hz for corpus in raw["corpus"].unique().sort()}
    raw = raw.with_columns(
        derived_id=pl.format("{}@{}", "stream_id", pl.lit(view.name)),
        input=pl.Series(
            [_input(view, row, mains[row["corpus"]]) for row in raw.iter_rows(named=True)], dtype=pl.String
        ),
    )
    raw = _with_company(view, raw)
    known = rows_of(store, view.name, corpora).select(
        "stream_id",
        "input",
        "view_id",
        revised="revision",
        complete=pl.col("part").is_not_null() | (pl.col("n_samples") == 0),
    )
    both = raw.join(known.rename({"input": "had"}), left_on="derived_id", right_on="stream_id", how="left")
    same = pl.col("had").eq_missing(pl.col("input")) & pl.lit(lazy).or_(pl.col("complete"))
    other = (pl.col("revised") != pl.col("revision")) | (pl.col("view_id") != view.id)
    moved = both.filter(same & other).select("derived_id", *ROW)
    gone = known.join(raw, left_on="stream_id", right_on="derived_id", how="anti")["stream_id"].to_list()
    return Todo(
        rows=both.filter(~same).drop("had", "revised", "view_id", "complete"),
        moved=moved,
        gone=tuple(gone),
        mains=mains,
        there=both.filter(same).height,
    )


def streams_of(store: Store, view: View, corpora: Sequence[str] = ()) -> pl.DataFrame:
    """Raw streams that the view has a chain for, with their channels' scales and whole channel rows (``facts``)."""
    raw = store.streams.filter(pl.col("sensor_type").is_in([str(sensor) for sensor in view.chains]))
    if corpora:
        raw = raw.filter(pl.col("corpus").is_in(list(corpora)))
    found = raw.collect()
    return catalogue(found).with_columns(found["channels"]).sort("recording_id", "stream_no")


def rows_of(store: Store, view: str, corpora: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of a view, whatever their revision; none where it was never made."""
    if not store.tables.exists(TABLE):
        return pl.DataFrame(schema=pl.Schema(DERIVED_STREAMS))
    rows = store.tables.scan(TABLE).filter(pl.col("view") == view)
    return (rows.filter(pl.col("corpus").is_in(list(corpora))) if corpora else rows).collect()


def _input(view: View, row: Row, mains_hz: float | None) -> str:
    """Hash of all that decides what becomes of a stream."""
    wanted = ("name", "unit", "canonical_unit", "gain", "offset", "invalid", "prefilter", "unit_status")
    facts = {
        "chain": view.canonical(SensorType(row["sensor_type"])),
        "mains_hz": mains_hz,
        "channels": [{name: channel[name] for name in wanted} for channel in row["channels"]],
        **{name: row[name] for name in ("sensor_type", "rate_hz", "dtype", "segments", "band_hz", "digest")},
    }
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _with_company(view: View, raw: pl.DataFrame) -> pl.DataFrame:
    """Add to a stream's input those of the others that normalise it: of its recording, or its person in the corpus."""
    groups = {"recording": ["recording_id"], "calibration": ["recording_id"], "subject": ["corpus", "person"]}
    for sensor, chain in view.chains.items():
        scope = next((step.scope for step in chain if isinstance(step, Normalise) and step.on_read), None)
        if scope in groups:
            company = pl.col("input").sort().str.join("").over(*groups[scope], "sensor_type")
            mine = pl.col("sensor_type") == str(sensor)
            raw = raw.with_columns(input=pl.when(mine).then(company + pl.col("input")).otherwise("input"))
    hashed = [sha256(text.encode()).hexdigest() if len(text) > 64 else text for text in raw["input"]]
    return raw.with_columns(input=pl.Series(hashed, dtype=pl.String))


def batches(store: Store, view: View, todo: Todo, run_id: str, codec: str, lazy: bool, workers: int) -> Iterator[Batch]:
    """Part what is to do into tasks, a person's streams together; the largest come first.

    A large one that came last would leave all workers but one without work.
    """
    size = pl.col("n_samples") * pl.col("n_channels") * 4
    total = todo.rows.select(size.sum()).item() or 0
    most = min(MOST, max(LEAST, total // (8 * max(1, workers))))
    found = []
    for (corpus,), rows in todo.rows.group_by(["corpus"], maintain_order=True):
        persons = rows.group_by("person", maintain_order=True).agg(size.sum().alias("bytes"))
        number = (persons["bytes"].cum_sum() - persons["bytes"]) // most
        dealt = rows.join(persons.select("person", task=number), on="person", how="left", maintain_order="left")
        for _, mine in dealt.group_by("task", maintain_order=True):
            made = tuple(mine.drop("task").iter_rows(named=True))
            found.append(Batch(store.objects, view, str(corpus), todo.mains[str(corpus)], run_id, codec, lazy, made))
    return iter(sorted(found, key=lambda batch: -batch.n_bytes))

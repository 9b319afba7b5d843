"""Repack what many small batches and replaced recordings leave behind."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.store.arrays import ArrayReader
from biocurate.store.objects import Objects
from biocurate.store.runs import Run
from biocurate.store.signals import PART_BYTES, Kind, part_key
from biocurate.store.store import UNVERSIONED, Store
from biocurate.upkeep.derived import place_derived
from biocurate.upkeep.placing import place
from biocurate.upkeep.transfer import Place, Transfer, places, transfer

SMALL = PART_BYTES // 2
"""A part that holds less, decoded, is packed together with others of its kind."""

HOLES = 0.05
"""A part is rewritten when more than this share of its chunks belongs to no recording any more."""

MB = 1e6


@dataclass(frozen=True)
class Part:
    """A part with the streams that rows place in it."""

    name: str
    corpus: str
    kind: Kind
    codec: str
    holes: float
    """Share of its chunks that no row refers to."""
    places: tuple[Place, ...]

    @cached_property
    def n_bytes(self) -> int:
        """Decoded bytes that rows refer to."""
        return sum(place.n_bytes for place in self.places)


@dataclass
class Compacted:
    """What a compaction did, or would do."""

    parts_before: int = 0
    parts_after: int = 0
    repacked: int = 0
    """Parts whose streams moved into new ones."""
    with_holes: int = 0
    n_bytes: int = 0
    """Decoded bytes that were copied."""
    stored_bytes: int = 0
    files_before: int = 0
    """Parquet files of the tables as they stand."""
    files_after: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    tables: list[str] = field(default_factory=list)
    """Tables whose files were joined."""


def compact(
    store: Store, pool: Pool | None = None, progress: Progress | None = None, *, dry_run: bool = False
) -> Compacted:
    """Pack small parts and parts with holes into parts of the normal size, and join the tables' small files.

    Streams of views are packed as recorded ones are, in parts of their own. Rows change in `part`, `start` and
    `part_digest` alone: what was made from a recording stays valid. The old parts and files stay for the snapshots that
    name them, until `vacuum` drops those. Killed anywhere, the store holds what it held, and the next run goes on.

    Parameters
    ----------
    store : Store
    pool : Pool, optional
        Where tasks run; each owns the parts that it writes.
    progress : Progress, optional
    dry_run : bool
        Only say what would be repacked.

    Raises
    ------
    DamageError
        Where a stored byte is missing or changed: nothing damaged is packed anew.
    LeaseError
        While another process writes to the store.
    """
    began = time.monotonic()
    if dry_run:
        return _planned(store)[0]
    pool, bar = pool or InProcess(), progress or Silent()
    run = Run("compact", "store", {"part_bytes": PART_BYTES, "small": SMALL, "holes": HOLES})
    with store.lease("biocurate compact", run.run_id):
        outcome, tasks = _planned(store)
        bar.start(outcome.n_bytes / MB)
        for commit, some in tasks.items():
            for task, done in pool.map(transfer, some):
                commit(store, done.rows, run.run_id)
                outcome.stored_bytes += done.stored_bytes
                bar.advance(task.n_bytes / MB)
        names = store.tables.names()
        # A manifest names the version that holds its rows, and these are one write.
        versioned = [name for name in names if name not in UNVERSIONED and not name.startswith("manifests/")]
        outcome.tables = [name for name in versioned if store.tables.compact(name)]
        if outcome.repacked or outcome.tables:
            run.finish(store, done=outcome.repacked, n_bytes=outcome.n_bytes)
        outcome.snapshot_id = store.publish(run.run_id)
        # These two last: the lines above add to them.
        outcome.tables += [name for name in names if name in UNVERSIONED and store.tables.compact(name)]
        outcome.parts_after = sum(rows["part"].n_unique() for rows in _placed(store).values())
        outcome.files_after = _files(store)
    outcome.seconds = time.monotonic() - began
    return outcome


Commit = Callable[[Store, pl.DataFrame, str], object]
"""Says in a table's rows where streams lie now."""


def _planned(store: Store) -> tuple[Compacted, dict[Commit, list[Transfer]]]:
    files = _files(store)
    outcome = Compacted(files_before=files, files_after=files, snapshot_id=store.snapshot_id)
    tasks: dict[Commit, list[Transfer]] = {}
    for commit, rows in _placed(store).items():
        parts = _parts(store.objects, rows)
        groups = list(_groups(parts))
        tasks[commit] = [_task(store, group) for group in groups]
        repacked = [part for group in groups for part in group]
        outcome.parts_before += len(parts)
        outcome.parts_after += len(parts) - len(repacked) + len(groups)
        outcome.repacked += len(repacked)
        outcome.with_holes += sum(part.holes > HOLES for part in repacked)
        outcome.n_bytes += sum(task.n_bytes for task in tasks[commit])
    return outcome, tasks


def _placed(store: Store) -> dict[Commit, pl.DataFrame]:
    """Streams that lie in parts, recorded ones and those of views, each with what says where they lie now."""
    recorded, derived = (
        rows.filter(pl.col("part").is_not_null()).sort("part", "start").collect()
        for rows in (store.streams, store.derived_streams)
    )
    return {place: recorded, place_derived: derived}


def _task(store: Store, group: list[Part]) -> Transfer:
    held = tuple(each for part in group for each in part.places)
    return Transfer(store.objects, store.objects, group[0].corpus, held)


def _parts(objects: Objects, streams: pl.DataFrame) -> list[Part]:
    found = []
    for (corpus, name), rows in streams.group_by("corpus", "part", maintain_order=True):
        found.append(_part(objects, str(corpus), str(name), tuple(places(rows))))
    return found


def _part(objects: Objects, corpus: str, name: str, held: tuple[Place, ...]) -> Part:
    reader = ArrayReader(objects, part_key(name), held[0].part_digest)
    chunk = reader.layout.chunk
    # Each stream starts on a chunk boundary, so that no two share a chunk.
    used = sum(-(-each.n_samples // chunk) for each in held)
    there = -(-reader.shape[1] // chunk)
    return Part(name, corpus, held[0].kind, reader.codec.name, 1 - used / there if there else 0.0, held)


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts of one kind whose streams go into one new part; what lies well already is left alone."""
    kinds: dict[tuple[str, Kind, str], list[Part]] = defaultdict(list)
    for part in parts:
        if part.holes > HOLES or part.n_bytes < SMALL:
            kinds[part.corpus, part.kind, part.codec].append(part)
    for alike in kinds.values():
        group: list[Part] = []
        size = 0
        for part in sorted(alike, key=lambda each: each.places[0].stream_id):
            if group and size + part.n_bytes > PART_BYTES:
                yield from _worth(group)
                group, size = [], 0
            group.append(part)
            size += part.n_bytes
        yield from _worth(group)


def _worth(group: list[Part]) -> Iterator[list[Part]]:
    if len(group) > 1 or group[0].holes > HOLES:
        yield group


def _files(store: Store) -> int:
    return sum(store.tables.files(name) for name in store.tables.names())

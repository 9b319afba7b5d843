"""Check that what a store says it holds is there, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from biocurate.engine import Pool, Progress, Silent
from biocurate.errors import DamageError
from biocurate.store.arrays import ArrayReader, receipt
from biocurate.store.damage import damaged_tables
from biocurate.store.item_parts import KINDS, PREFIXES, item_key, item_tables
from biocurate.store.objects import Objects
from biocurate.store.schema import TABLES
from biocurate.store.signals import SHARD_BYTES, combine, part_key
from biocurate.store.store import Store, open_store


@dataclass
class Findings:
    """What a verification looked at and what it found."""

    parts: int = 0
    streams: int = 0
    n_bytes: int = 0
    unchecked: int = 0
    """Parts that lie in the store and were not looked at: only older snapshots name them, or nothing does."""
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, where: str, what: str, recording_id: str = "") -> None:
        """Note a problem."""
        self.problems.append({"where": where, "problem": what, "recording": recording_id})


@dataclass(frozen=True)
class PartCheck:
    """One part with the streams that rows place in it."""

    objects: Objects
    key: str
    digest: str
    streams: tuple[tuple[str, int, int, str], ...]
    """stream_id, start, samples, digest."""
    decode: bool


def verify(
    store: Store,
    pool: Pool,
    progress: Progress | None = None,
    *,
    decode: bool = True,
    all_snapshots: bool = False,
) -> Findings:
    """Check every table's files, every live part against its list of objects, and every stream against its digest.

    Where a table is damaged the parts are not looked at: it may be the one that names them.

    Parameters
    ----------
    store : Store
    pool : Pool
    progress : Progress, optional
    decode : bool
        Decode every stream and compare its digest; else only the objects' sizes and hashes are compared.
    all_snapshots : bool
        Check the parts, too, that only older snapshots name.
    """
    found = Findings()
    for where, what in damaged_tables(store.objects, _expected(store)):
        found.add(where, what)
    if found.problems:
        return found
    checks = [*_signal_parts(store, decode), *_item_parts(store)]
    if all_snapshots:
        checks += _older_parts(store, decode, checks)
    found.unchecked = len(_lying(store) - {check.key for check in checks})
    bar = progress or Silent()
    bar.start(len(checks))
    for check, (n_bytes, problems) in pool.map(check_part, checks):
        found.parts += 1
        found.streams += len(check.streams)
        found.n_bytes += n_bytes
        for where, what in problems:
            found.add(where, what, where.split("#", 1)[0] if "#" in where else "")
        bar.advance(1)
    for recording_id, what in _orphan_annotations(store):
        found.add("annotations", what, recording_id)
    return found


def check_part(check: PartCheck) -> tuple[int, list[tuple[str, str]]]:
    """Check one part; returns the bytes read, and (where, what) for each problem."""
    try:
        receipt.cache_clear()
        reader = ArrayReader(check.objects, check.key, check.digest)
        n_bytes = reader.verify()
    except DamageError as error:
        hurt = sorted({stream_id.split("#", 1)[0] for stream_id, *_ in check.streams})
        return 0, [(error.where, f"{error.what} It holds {_few(hurt)}.")]
    problems = []
    for stream_id, start, n_samples, digest in check.streams if check.decode else ():
        if read_digest(reader, start, n_samples) != digest:
            problems.append((stream_id, "the decoded samples differ from the digest in its row."))
    return n_bytes, problems


def read_digest(reader: ArrayReader, start: int, n_samples: int) -> str:
    """Digest of a stream as it lies in a part, in memory bounded by a shard."""
    hashers = [hashlib.sha256() for _ in range(reader.shape[0])]
    step = max(1, SHARD_BYTES // (reader.shape[0] * reader.dtype.itemsize))
    for first in range(start, start + n_samples, step):
        for hasher, row in zip(hashers, reader.read(first, min(first + step, start + n_samples)), strict=True):
            hasher.update(np.ascontiguousarray(row).data)
    return combine(reader.dtype, n_samples, hashers)


def _signal_parts(store: Store, decode: bool) -> Iterable[PartCheck]:
    columns = ("stream_id", "part", "part_digest", "start", "n_samples", "digest")
    derived = store.derived_streams.filter(pl.col("part").is_not_null()).select(columns)
    streams = pl.concat([store.streams.select(columns), derived]).collect()
    for (part, digest), rows in streams.group_by(["part", "part_digest"], maintain_order=True):
        listed = tuple(rows.select("stream_id", "start", "n_samples", "digest").iter_rows())
        yield PartCheck(store.objects, part_key(str(part)), str(digest), listed, decode)


def _item_parts(store: Store) -> Iterable[PartCheck]:
    for name in item_tables(store.tables):
        parts = store.tables.scan(name).select("part", "part_digest").unique().sort("part").collect()
        for part, digest in parts.iter_rows():
            yield PartCheck(store.objects, item_key(name, part), digest, (), False)


def _expected(store: Store) -> dict[str, int]:
    """Every table that there is or must be, with the newest version that a snapshot lists of it."""
    least = dict.fromkeys([*TABLES, *store.tables.names()], 0)
    if any(damaged_tables(store.objects, {"snapshots": 0})):
        return least
    newest = store.snapshots.sort("snapshot_id").tail(1).explode("tables").drop_nulls("tables").unnest("tables")
    return least | dict(newest.select("table", "version").collect().iter_rows())


def _older_parts(store: Store, decode: bool, known: Iterable[PartCheck]) -> list[PartCheck]:
    """Parts that only older snapshots name; each once, with the streams of the newest that names it."""
    seen = {(check.key, check.digest) for check in known}
    versions: set[tuple[str, int]] = set()
    older = []
    for snapshot_id in store.snapshots.select("snapshot_id").collect().to_series().sort(descending=True):
        then = open_store(store.url, at=int(snapshot_id))
        naming = {
            each
            for each in (then.tables.versions or {}).items()
            if each[0].startswith(("recordings", "derived_streams", *PREFIXES))
        }
        if naming <= versions:
            continue
        versions |= naming
        for check in (*_signal_parts(then, decode), *_item_parts(then)):
            if (check.key, check.digest) not in seen:
                seen.add((check.key, check.digest))
                older.append(check)
    return older


def _lying(store: Store) -> set[str]:
    """Keys of every part that lies in the store, whoever names it."""
    return {
        f"{kind}/{group}/{part}"
        for kind in ("signals", *KINDS)
        for group in store.objects.folders(kind)
        for part in store.objects.folders(f"{kind}/{group}")
        if part.endswith(".zarr")
    }


def _orphan_annotations(store: Store) -> Iterable[tuple[str, str]]:
    """Annotations whose recording is there in another revision: they belong to a publish that was cut off."""
    live = store.recordings.select("recording_id", "revision")
    rows = store.tables.scan("annotations").select("recording_id", "revision").unique()
    stale = rows.join(live, on=["recording_id", "revision"], how="anti").join(live, on="recording_id", how="semi")
    for row in stale.sort("recording_id").collect().iter_rows(named=True):
        yield row["recording_id"], "its annotations are of another revision; ingest the corpus again."


def damaged_summary(found: Findings) -> pl.DataFrame:
    """The problems as a table."""
    schema: dict[str, Any] = {"where": pl.String, "problem": pl.String, "recording": pl.String}
    return pl.DataFrame(found.problems, schema=schema)


def _few(names: list[str]) -> str:
    return (
        ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        if names
        else "images or embeddings"
    )

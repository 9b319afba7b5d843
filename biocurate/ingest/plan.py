"""What an ingest has to do: which recordings are new, changed, failed before, or done."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.errors import BiocurateError, DamageError, SourceError
from biocurate.formats import reader
from biocurate.formats.source import Source
from biocurate.recipes import Recipe, Unit
from biocurate.store.arrays import ArrayReader, receipt
from biocurate.store.signals import part_key
from biocurate.store.store import Store


@dataclass(frozen=True)
class Job:
    """One recording that is to be read."""

    unit: Unit
    sources: tuple[Source, ...]
    signature: str
    start_ns: int | None
    """Start after the person's first recording; None where the files tell no time."""

    @property
    def n_bytes(self) -> int:
        """Raw bytes to read."""
        return sum(source.size for source in self.sources if source.exists)


@dataclass(frozen=True)
class Plan:
    """Everything an ingest run will do."""

    recipe: Recipe
    root: Path
    todo: tuple[Job, ...]
    done: int = 0
    failed_before: int = 0
    gone: tuple[str, ...] = ()
    """Recordings in the store whose files are no longer below the root; they are kept."""
    known_failures: frozenset[str] = field(default_factory=frozenset)
    metadata_revision: str = ""
    unlisted: tuple[SourceError, ...] = ()
    """What could not even be listed, such as a damaged archive."""

    @property
    def n_bytes(self) -> int:
        """Raw bytes to read."""
        return sum(job.n_bytes for job in self.todo)

    def summary(self) -> dict[str, Any]:
        """The plan in numbers."""
        return {
            "corpus": self.recipe.name,
            "to read": len(self.todo),
            "MB": round(self.n_bytes / 1e6, 1),
            "in the store": self.done,
            "failed before": self.failed_before,
            "gone from the root": len(self.gone),
        }


def make_plan(
    recipe: Recipe,
    root: Path,
    store: Store,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    repair: bool = False,
) -> Plan:
    """Compare the files below a root with the store; reads names and headers, never samples.

    Parameters
    ----------
    recipe : Recipe
    root : Path
        Folder of the raw corpus.
    store : Store
    limit : int, optional
        Look at the first recordings only.
    retry_failed : bool
        Take up again what failed before and has not changed.
    repair : bool
        Take up again what lies in damaged parts.

    Raises
    ------
    RecipeError
        Where no file matches the recipe.
    """
    unlisted: list[SourceError] = []
    units = recipe.units(root, unlisted)
    tables = metadata_revision(recipe, root)
    there = _stored(store, recipe.name)
    gone = tuple(sorted(set(there) - {unit.recording_id for unit in units})) if limit is None else ()
    everyone, units = units, units[:limit]
    failures = dict(_failures(store, recipe.name))
    damaged = _in_damaged_parts(store, recipe.name) if repair else frozenset()
    todo: list[tuple[Unit, tuple[Source, ...], str]] = []
    current: list[tuple[Unit, tuple[Source, ...], str]] = []
    failed_before = 0
    for unit in units:
        row = there.get(unit.recording_id)
        try:
            sources = tuple(recipe.unit_sources(unit))
        except Exception:
            # What is wrong with the file, whatever it provokes, is found and recorded when it is read.
            sources = tuple(source for source, _, _ in unit.files)
        signature = _signature(recipe, tables, sources)
        if row is not None and unit.recording_id not in damaged and _is_current(recipe, tables, unit, sources, row):
            current.append((unit, sources, signature))
        elif failures.get(unit.recording_id) == signature and not retry_failed:
            failed_before += 1
        else:
            todo.append((unit, sources, signature))
    starts = _starts(recipe, everyone, there)
    # A recording that comes before all that its person had moves the others' start.
    moved = [job for job in current if _has_moved(starts.get(job[0].recording_id), there[job[0].recording_id])]
    todo = sorted([*todo, *moved], key=lambda job: job[0].recording_id)
    jobs = tuple(Job(unit, sources, signature, starts.get(unit.recording_id)) for unit, sources, signature in todo)
    known = frozenset(failures)
    return Plan(recipe, root, jobs, len(current) - len(moved), failed_before, gone, known, tables, tuple(unlisted))


def revision(recipe: Recipe, unit: Unit, tables: str, sha256s: Iterable[tuple[str, str]]) -> str:
    """Identity of what a recording's samples, scales and labels are made from.

    It covers the recording's own name, which file is which and what each holds, the recipe with its tables, and the
    versions of the readers: whatever is made from a recording is stale when any of them changes. See
    docs/decisions/revision.md.

    Parameters
    ----------
    recipe : Recipe
    unit : Unit
    tables : str
        The metadata revision.
    sha256s : iterable of (name, sha256)
        Name and hash of every file that it is read from.
    """
    readers = sorted({f"{name}:{reader(name).version}" for _, name, _ in unit.files})
    files = sorted(f"{name} {sha256}" for name, sha256 in sha256s)
    text = "\n".join([unit.recording_id, recipe.signal_hash, tables, *readers, *files])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def metadata_revision(recipe: Recipe, root: Path) -> str:
    """Identity of what names, units, subjects and labels are made from: the rest of the recipe and its tables."""
    tables = sorted(source.sha256() for source in recipe.table_sources(root))
    return hashlib.sha256("\n".join([recipe.metadata_hash, *tables]).encode()).hexdigest()[:32]


def _is_current(recipe: Recipe, tables: str, unit: Unit, sources: Sequence[Source], row: Mapping[str, Any]) -> bool:
    """As `is_current`; a file that cannot even be hashed is looked at when it is read, and reported then."""
    try:
        return is_current(recipe, tables, unit, sources, row)
    except Exception:
        return False


def is_current(recipe: Recipe, tables: str, unit: Unit, sources: Sequence[Source], row: Mapping[str, Any]) -> bool:
    """Tell whether a stored recording is what reading its files again would give."""
    if row["metadata_revision"] != tables:
        return False
    known = {(item["path"], item["member"]): item for item in row["sources"]}
    if known.keys() != {(source.path, source.member) for source in sources}:
        return False
    sha256s = []
    for source in sources:
        item = known[source.path, source.member]
        unchanged = (item["bytes"], item["mtime_ns"]) == (source.size, source.mtime_ns)
        sha256s.append((source.virtual, item["sha256"] if unchanged else source.sha256()))
    return bool(row["revision"] == revision(recipe, unit, tables, sha256s))


def batches(plan: Plan, workers: int) -> list[tuple[Job, ...]]:
    """Cut the work into tasks that own whole parts: big enough to pack, small enough to share and to resume."""
    shares = 2 * workers if workers > 1 else 1
    most = min(BATCH_BYTES, max(SMALLEST_BATCH_BYTES, plan.n_bytes // shares))
    cut: list[tuple[Job, ...]] = []
    open_batch: list[Job] = []
    size = 0
    for job in plan.todo:
        if open_batch and (size + job.n_bytes > most or len(open_batch) >= BATCH_RECORDINGS):
            cut.append(tuple(open_batch))
            open_batch, size = [], 0
        open_batch.append(job)
        size += job.n_bytes
    if open_batch:
        cut.append(tuple(open_batch))
    return cut


BATCH_BYTES = 256 * 1024 * 1024
SMALLEST_BATCH_BYTES = 8 * 1024 * 1024
BATCH_RECORDINGS = 5_000
"""Delta's predicate names each of them; one of 25,000 ends in a segmentation fault."""


def _stored(store: Store, corpus: str) -> dict[str, dict[str, Any]]:
    rows = store.recordings.filter(pl.col("corpus") == corpus)
    rows = rows.select("recording_id", "revision", "metadata_revision", "start_ns", "sources")
    return {row["recording_id"]: row for row in rows.collect().iter_rows(named=True)}


def _failures(store: Store, corpus: str) -> Iterable[tuple[str, str]]:
    rows = store.failures.filter(pl.col("corpus") == corpus).select("recording_id", "signature")
    return rows.collect().iter_rows()


def _in_damaged_parts(store: Store, corpus: str) -> frozenset[str]:
    streams = store.streams.filter(pl.col("corpus") == corpus).select("recording_id", "part", "part_digest").collect()
    damaged = []
    receipt.cache_clear()
    for part, digest in streams.select("part", "part_digest").unique().iter_rows():
        try:
            ArrayReader(store.objects, part_key(part), digest).verify()
        except DamageError:
            damaged.append(part)
    return frozenset(streams.filter(pl.col("part").is_in(damaged))["recording_id"])


def _has_moved(start_ns: int | None, row: Mapping[str, Any]) -> bool:
    return start_ns is not None and start_ns != row["start_ns"]


def _signature(recipe: Recipe, tables: str, sources: Iterable[Source]) -> str:
    """Identity of a failed attempt: a changed file or recipe is worth another."""
    text = "\n".join([recipe.signal_hash, tables, *(f"{source.virtual} {_stat(source)}" for source in sources)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stat(source: Source) -> str:
    try:
        return f"{source.size} {source.mtime_ns}"
    except (OSError, BiocurateError):
        return "missing"


def _starts(recipe: Recipe, units: Sequence[Unit], there: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Start of each recording after its person's first one, from the headers; dates themselves are not kept.

    What the store holds counts, too: a first recording whose file is gone still is the first.
    """
    clocks: dict[str, dict[str, int]] = defaultdict(dict)
    for unit in units:
        try:
            start = recipe.read_header(unit).start_unix_ns
        except Exception:
            continue
        if start is not None:
            clocks[unit.person][unit.recording_id] = start
    found: dict[str, int] = {}
    for times in clocks.values():
        known = {name: there[name]["start_ns"] for name in times if name in there}
        first = min([*times.values(), *(times[name] - start for name, start in known.items() if start is not None)])
        found |= {name: start - first for name, start in times.items()}
    return found

"""What an ingest has to do: which recordings are new, changed, failed before, or done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from biocurate.engine import InProcess, Pool
from biocurate.errors import SourceError
from biocurate.ingest.changes import State, is_settled
from biocurate.ingest.headers import Found, look_at
from biocurate.ingest.job import Job
from biocurate.ingest.known import Known, known_of
from biocurate.ingest.revision import metadata_revision
from biocurate.ingest.starts import starts_of
from biocurate.ingest.withdrawn import without_forgotten
from biocurate.recipes import Recipe, Unit
from biocurate.recipes.expectations import broken, is_unproven, surplus
from biocurate.store.store import Store


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
    vanished: tuple[str, ...] = ()
    """Recordings that failed before, and whose files are gone or are none of the recipe's any more."""
    metadata_revision: str = ""
    unlisted: tuple[SourceError, ...] = ()
    """What could not even be listed, such as a damaged archive; as the store will call it."""
    faulty: frozenset[str] = frozenset()
    """Files that something is wrong with already, by their own names."""
    forgotten: tuple[str, ...] = ()
    """Recordings of persons whom the store has forgotten; they are left out."""
    keep_identifiers: bool = False
    """Whether rows hold what files say of who it was and when."""

    @property
    def n_bytes(self) -> int:
        """Raw bytes to read."""
        return sum(job.n_bytes for job in self.todo)

    def summary(self) -> dict[str, Any]:
        """The plan in numbers."""
        rewrites = sum(job.rewrites for job in self.todo)
        return {
            "corpus": self.recipe.name,
            "to read": len(self.todo) - rewrites,
            "MB": round(self.n_bytes / 1e6, 1),
            "rows to write anew": rewrites,
            "in the store": self.done,
            "failed before": self.failed_before,
            "gone from the root": len(self.gone),
            "forgotten": len(self.forgotten),
        }


def make_plan(
    recipe: Recipe,
    root: Path,
    store: Store,
    pool: Pool | None = None,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    repair: bool = False,
    keep_identifiers: bool = False,
) -> Plan:
    """Compare the files below a root with the store; reads names and headers, never samples.

    Headers are read of persons who have something new, changed or failed; what is as it was is known by size and time.

    Parameters
    ----------
    recipe : Recipe
    root : Path
        Folder of the raw corpus.
    store : Store
    pool : Pool, optional
        Where headers are read when they are many.
    limit : int, optional
        Look at the first recordings only.
    retry_failed : bool
        Take up again what failed before and has not changed.
    repair : bool
        Take up again what lies in damaged parts.
    keep_identifiers : bool
        Store what files say of who it was and when, in ``recordings.identifiers``; by default nothing of it is stored.

    Raises
    ------
    RecipeError
        Where no file matches the recipe; or one that was never tried on the corpus meets what it does not expect.
    """
    unlisted: list[SourceError] = []
    everyone, left_out = without_forgotten(recipe.units(root, unlisted), store)
    metadata = metadata_revision(recipe, root, keep_identifiers=keep_identifiers)
    known = known_of(store, recipe.name, repair=repair)
    gone = tuple(sorted(known.rows.keys() - {unit.recording_id for unit in everyone})) if limit is None else ()
    # What could not be listed may hide them.
    vanished = () if unlisted else sorted(known.failures.keys() - {unit.recording_id for unit in everyone})
    units = everyone[:limit]
    settled = {unit.recording_id for unit in units if is_settled(recipe, metadata, unit, known)}
    # A recording that joins may be its person's first, and move the others' start.
    persons = {unit.person for unit in units if unit.recording_id not in settled}
    found = look_at(recipe, metadata, [unit for unit in everyone if unit.person in persons], known, pool or InProcess())
    _hold_expectations(recipe, everyone, units, found)
    starts = starts_of(found.values(), known.rows)
    todo, failed_before = [], 0
    wanted = {unit.recording_id for unit in units}
    for name, each in found.items():
        state = _state(each, known, starts)
        if state is State.CURRENT or (name not in wanted and each.state is not State.CURRENT):
            continue  # beyond the limit, only starts that move are mended
        if not retry_failed and _failed_alike(each, known):
            failed_before += 1
        else:
            todo.append(_job(each, state, starts))
    noted = tuple(SourceError(each.what, where=recipe.stored_name(each.where), mend=each.mend) for each in unlisted)
    return Plan(
        recipe=recipe,
        root=root,
        todo=tuple(todo),
        done=len(wanted) - sum(job.unit.recording_id in wanted for job in todo) - failed_before,
        failed_before=failed_before,
        gone=gone,
        known_failures=frozenset(known.failures),
        vanished=tuple(vanished),
        metadata_revision=metadata,
        unlisted=noted,
        faulty=frozenset({each.where for each in unlisted} | {each.fault for each in found.values() if each.fault}),
        forgotten=left_out,
        keep_identifiers=keep_identifiers,
    )


def _state(found: Found, known: Known, starts: Mapping[str, int]) -> State:
    name = found.unit.recording_id
    if name in known.damaged:
        return State.READ
    if found.state is State.CURRENT and starts.get(name) not in (None, known.rows[name]["start_ns"]):
        return State.REWRITE
    return found.state


def _failed_alike(found: Found, known: Known) -> bool:
    """Whether the same attempt failed before; one that met an incomplete file is always worth another."""
    return known.failures.get(found.unit.recording_id) == found.signature


def _job(found: Found, state: State, starts: Mapping[str, int]) -> Job:
    rewrites = state is State.REWRITE
    start_ns = starts.get(found.unit.recording_id)
    return Job(found.unit, found.sources, found.signature, start_ns, 0 if rewrites else found.n_bytes, rewrites)


def _hold_expectations(
    recipe: Recipe, everyone: Sequence[Unit], units: Sequence[Unit], found: Mapping[str, Found]
) -> None:
    if not is_unproven(recipe):
        return
    for what in surplus(recipe, everyone):
        raise broken(recipe, str(everyone[0].root), what)
    for unit in units:
        if unit.recording_id in found and (said := found[unit.recording_id].contradictions):
            raise broken(recipe, unit.files[0][0].virtual, said[0])


def batches(jobs: Iterable[Job], workers: int) -> list[tuple[Job, ...]]:
    """Cut reading into tasks that own whole parts: big enough to pack, small enough to share and to resume.

    They are alike in size, and a recording lies in the task that its middle falls into: a remainder of a few recordings
    would be one more part and one more commit, which the others wait for.
    """
    jobs = list(jobs)
    total = sum(job.n_bytes for job in jobs)
    shares = min(2 * workers if workers > 1 else 1, total // SMALLEST_BATCH_BYTES)
    size = max(1, -(-total // max(1, shares, -(-total // BATCH_BYTES))))
    cut: list[list[Job]] = []
    before, last = 0, -1
    for job in jobs:
        number = (before + job.n_bytes // 2) // size
        if number != last or len(cut[-1]) >= BATCH_RECORDINGS:
            cut.append([])
        cut[-1].append(job)
        before, last = before + job.n_bytes, number
    return [tuple(some) for some in cut]


def rewrites(jobs: Iterable[Job], workers: int) -> list[tuple[Job, ...]]:
    """Cut the writing of rows into tasks."""
    jobs = list(jobs)
    shares = 2 * workers if workers > 1 else 1
    at_once = max(1, min(BATCH_REWRITES, -(-len(jobs) // shares)))
    return [tuple(jobs[first : first + at_once]) for first in range(0, len(jobs), at_once)]


BATCH_BYTES = 256 * 1024 * 1024
SMALLEST_BATCH_BYTES = 8 * 1024 * 1024
BATCH_RECORDINGS = 5_000
"""Delta's predicate names each of them; one of 25,000 ends in a segmentation fault."""
BATCH_REWRITES = 1_000
"""Rows of so many recordings are held by a task that writes them anew."""

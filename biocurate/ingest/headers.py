"""Headers of a corpus, each read once, in parallel: which files a recording has, when it starts, what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from biocurate.engine import InProcess, Pool
from biocurate.formats.source import Source
from biocurate.ingest.changes import State, state_of
from biocurate.ingest.job import share, stamp
from biocurate.ingest.known import Known
from biocurate.recipes import Recipe, Unit
from biocurate.recipes.expectations import is_unproven, typed, unexpected

SHARE = 200
"""Recordings of one task; fewer are looked at right here."""


@dataclass(frozen=True)
class Asked:
    """A recording that is to be looked at, and what the store has of it."""

    unit: Unit
    row: Mapping[str, Any] | None
    label: str | None


@dataclass(frozen=True)
class Look:
    """A task: recordings to look at."""

    recipe: Recipe
    metadata: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Found:
    """What the headers of one recording say."""

    unit: Unit
    sources: tuple[Source, ...]
    signature: str
    state: State
    n_bytes: int
    start_unix_ns: int | None = None
    fault: str | None = None
    """File that something is wrong with already."""
    contradictions: tuple[str, ...] = ()
    """What the recipe does not expect."""


def look_at(recipe: Recipe, metadata: str, units: Sequence[Unit], known: Known, pool: Pool) -> dict[str, Found]:
    """Read the headers of some recordings; never a sample, and no error but one of the machine.

    Parameters
    ----------
    recipe : Recipe
    metadata : str
        Metadata revision of the recipe.
    units : sequence of Unit
    known : Known
    pool : Pool
        Where headers are read when they are many.

    Returns
    -------
    dict of str to Found
        By recording_id, in the order of the units.
    """
    asked = [Asked(unit, known.rows.get(unit.recording_id), known.label(unit.recording_id)) for unit in units]
    where = pool if len(asked) > SHARE else InProcess()
    found: dict[str, Found] = {}
    for _, some in where.map(look, _tasks(recipe, metadata, asked)):
        found |= {each.unit.recording_id: each for each in some}
    return {unit.recording_id: found[unit.recording_id] for unit in units}


def _tasks(recipe: Recipe, metadata: str, asked: Sequence[Asked]) -> Iterator[Look]:
    for first in range(0, len(asked), SHARE):
        yield Look(recipe, metadata, tuple(asked[first : first + SHARE]))


def look(task: Look) -> list[Found]:
    """Look at each recording of a task."""
    return [_look(task.recipe, task.metadata, asked) for asked in task.asked]


def _look(recipe: Recipe, metadata: str, asked: Asked) -> Found:
    unit, fault = asked.unit, None
    # What is wrong with a file, whatever it provokes, is found and recorded when it is read.
    try:
        sources = tuple(recipe.unit_sources(unit))
    except Exception as error:
        fault = getattr(error, "where", "")
        sources = tuple(source for source, _, _ in unit.files)
    start: int | None = None
    broken: tuple[str, ...] = ()
    try:
        header = recipe.read_header(unit)
        start = header.start_unix_ns
        if is_unproven(recipe):
            broken = tuple(unexpected(recipe, unit.name, typed(recipe, unit, header)))
    except Exception as error:
        fault = fault or getattr(error, "where", "")
    return Found(
        unit=unit,
        sources=sources,
        signature=signature(recipe, metadata, sources),
        state=_state(recipe, metadata, asked, sources),
        n_bytes=sum(map(share, sources)),
        start_unix_ns=start,
        fault=fault,
        contradictions=broken,
    )


def _state(recipe: Recipe, metadata: str, asked: Asked, sources: Sequence[Source]) -> State:
    if asked.row is None:
        return State.READ
    try:
        return state_of(recipe, metadata, asked.unit, sources, asked.row, asked.label)
    except Exception:
        return State.READ  # a file that cannot even be hashed is looked at when it is read, and reported then


def signature(recipe: Recipe, metadata: str, sources: Iterable[Source]) -> str:
    """Identity of a failed attempt: a changed file or recipe is worth another."""
    stamps = [f"{source.virtual} {stamp(source) or 'missing'}" for source in sources]
    return hashlib.sha256("\n".join([recipe.signal_hash, metadata, *stamps]).encode()).hexdigest()[:32]

"""What has changed of a recording since it was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from biocurate.formats import reader
from biocurate.formats.latecomers import Foreseeing
from biocurate.formats.source import Source
from biocurate.ingest.job import stamp, stored_as
from biocurate.ingest.known import Known
from biocurate.ingest.revision import signal_revision
from biocurate.ingest.unchanged import is_unchanged
from biocurate.recipes import Recipe, Unit


class State(Enum):
    """What is to be done with a recording."""

    CURRENT = "current"
    REWRITE = "rewrite"
    """Its files are as they were: samples stay, and rows are written anew."""
    READ = "read"


def is_settled(recipe: Recipe, metadata: str, unit: Unit, known: Known) -> bool:
    """Tell by names, sizes and times alone that a recording is stored as it would be read now; opens nothing.

    False where something differs, and where only opening a file can tell.
    """
    row = known.rows.get(unit.recording_id)
    if row is None or unit.recording_id in known.damaged or not _said_alike(row, metadata, unit, known):
        return False
    stored = {(item["path"], item["member"]): item for item in row["sources"]}
    named = {stored_as(recipe, source): source for source in _named(unit)}
    if not named.keys() <= stored.keys() or not _as_before(recipe, unit, stored, named):
        return False
    late = [_latecomers(source, name, options) for source, name, options in unit.files]
    return all(
        each is not None and not any(stored_as(recipe, source) not in stored and stamp(source) for source in each)
        for each in late
    )


def state_of(
    recipe: Recipe, metadata: str, unit: Unit, sources: Sequence[Source], row: Mapping[str, Any], label: str | None
) -> State:
    """Tell what is to be done with a stored recording; a file whose size or time differs is hashed.

    Parameters
    ----------
    recipe : Recipe
    metadata : str
        Metadata revision of the recipe.
    unit : Unit
    sources : sequence of Source
        Every file that it would be read from now.
    row : mapping
        Its row of ``recordings``.
    label : str or None
        Revision of the labels that were added to it.
    """
    known = {(item["path"], item["member"]): item for item in row["sources"]}
    named = {stored_as(recipe, source): source for source in sources}
    if known.keys() != named.keys():
        return State.READ
    sha256s = [(source.virtual, hash_of(source, known[name])) for name, source in named.items()]
    if row["signal_revision"] != signal_revision(unit, sha256s):
        return State.READ
    alike = row["metadata_revision"] == metadata and row["label_revision"] == label
    return State.CURRENT if alike else State.REWRITE


def hash_of(source: Source, item: Mapping[str, Any] | None) -> str:
    """Hash of a file's bytes: the stored one where size and time are as they were."""
    if item is not None and is_unchanged(source, item):
        return str(item["sha256"])
    return source.sha256()


def _said_alike(row: Mapping[str, Any], metadata: str, unit: Unit, known: Known) -> bool:
    return (
        row["signal_revision"] is not None
        and row["metadata_revision"] == metadata
        and row["label_revision"] == known.label(unit.recording_id)
    )


def _named(unit: Unit) -> list[Source]:
    return [*(source for source, _, _ in unit.files), *unit.beside.values()]


def _as_before(
    recipe: Recipe,
    unit: Unit,
    stored: Mapping[tuple[str, str | None], Mapping[str, Any]],
    named: Mapping[tuple[str, str | None], Source],
) -> bool:
    for (path, member), item in stored.items():
        source = named.get((path, member))
        if source is None:
            if recipe.hashes_names:
                return False  # which file it is shows only when the others are opened
            source = Source(unit.root, path, member)
        if not is_unchanged(source, item):
            return False
    return True


def _latecomers(source: Source, name: str, options: object) -> list[Source] | None:
    found = reader(name)
    return found.latecomers(source, options) if _foresees(type(found)) else None  # type: ignore[attr-defined]


@lru_cache(maxsize=64)
def _foresees(cls: type) -> bool:
    return issubclass(cls, Foreseeing)

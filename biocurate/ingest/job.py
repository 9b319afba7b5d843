"""One recording that an ingest takes up, and the files it is read from."""

from __future__ import annotations

from dataclasses import dataclass

from biocurate.errors import BiocurateError
from biocurate.formats.source import Source
from biocurate.recipes import Recipe, Unit

Stamp = tuple[int, int]
"""Size and time of last change of a file."""


@dataclass(frozen=True)
class Job:
    """One recording that is to be read, or whose rows are to be written anew."""

    unit: Unit
    sources: tuple[Source, ...]
    signature: str
    start_ns: int | None
    """Start after the person's first recording; None where the files tell no time."""
    n_bytes: int
    """Raw bytes to read; 0 where only rows are written."""
    rewrites: bool = False
    """Whether its samples are in the store already, so that only rows are written anew."""


def stamp(source: Source) -> Stamp | None:
    """Size and time of last change; None where the file is not there."""
    try:
        return source.stamp
    except (OSError, BiocurateError):
        return None


def share(source: Source) -> int:
    """Bytes to read; 0 where the file is not there."""
    try:
        return source.share
    except (OSError, BiocurateError):
        return 0


def stored_as(recipe: Recipe, source: Source) -> tuple[str, str | None]:
    """Path and member of a file as ``sources`` has them."""
    return recipe.stored_name(source.path), None if source.member is None else recipe.stored_name(source.member)

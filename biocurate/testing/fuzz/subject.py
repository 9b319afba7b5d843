"""What is damaged: the files of one recording, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats import Source
from biocurate.testing.fuzz.mutations import Edit, apply, mutate

Decoded = list[NDArray[Any]]
"""Samples of each channel, shape (samples,), in the order of the file."""

Decoder = Callable[[Path, Mapping[str, Any]], Decoded]
"""Reads the file at a path by other code than the reader's, with the reader's options. May raise anything."""


@dataclass(frozen=True)
class Subject:
    """Files of one recording."""

    name: str
    family: str
    """The row of the table that it is counted in."""
    reader: str
    files: Mapping[str, bytes]
    """By name, the one that is read first."""
    options: Mapping[str, Any] = field(default_factory=dict)
    member: str | None = None
    """What is read of it, where it is an archive."""
    decoder: Decoder | None = None
    """Another reading of the bytes; None where checksums cover every sample, so that no change may pass unseen."""
    summed: bool = False
    """Whether the sum of each channel's samples is stated, so that only what keeps it may pass unseen."""

    def source(self, folder: Path) -> Source:
        """Give its place below a folder."""
        return Source(folder, next(iter(self.files)), self.member)


@dataclass(frozen=True)
class Case:
    """One damaged copy."""

    number: int
    file: str
    kind: str
    edits: tuple[Edit, ...]
    content: bytes
    """Of the file, changed."""

    @property
    def n_changed(self) -> int:
        """Bytes that were changed, lost or put in."""
        return sum(max(edit.stop - edit.start, len(edit.content)) for edit in self.edits)


def case_of(subject: Subject, number: int) -> Case:
    """Make a damaged copy; the same number makes the same."""
    chance = Random(f"{subject.name} {number}")
    file = chance.choice(list(subject.files))
    kind, edits = mutate(subject.files[file], chance)
    return Case(number, file, kind, tuple(edits), apply(subject.files[file], edits))


def same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two channels have the same samples, missing ones included."""
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))

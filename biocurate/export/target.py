"""Files that appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from biocurate.errors import ExportError


@dataclass(frozen=True)
class Written:
    """Files made of one recording, and what is not in them as it is in the store."""

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(path.stat().st_size for path in self.files)


def gathered(notes: Sequence[str]) -> tuple[str, ...]:
    """Give each note once, and what is said of several channels in one line."""
    said: dict[str, list[str]] = {}
    for note in notes:
        label, mark, text = note.partition(": ")
        said.setdefault(text if mark else note, []).append(label if mark else "")
    lines = []
    for text, labels in said.items():
        names = list(dict.fromkeys(filter(None, labels)))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        lines.append(f"{shown}: {text}" if names else text)
    return tuple(lines)


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, below the one that files go to; gone with all that is left in it at the end.

    Raises
    ------
    ExportError
        The folder cannot be written.
    """
    place = folder / f".{uuid4().hex[:12]}.partial"
    try:
        place.mkdir(parents=True)
        yield place
    except OSError as error:
        raise ExportError(f"the files cannot be written: {error.strerror}.", where=str(folder)) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def settle(place: Path, folder: Path, names: list[str], *, overwrite: bool) -> tuple[Path, ...]:
    """Move finished files to where they belong, in the order given, so that the last one stands for all.

    Raises
    ------
    ExportError
        One is there already.
    """
    targets = tuple(folder / name for name in names)
    taken = [target.name for target in targets if target.exists()]
    if taken and not overwrite:
        raise ExportError(f"{taken[0]} is there already.", where=str(folder), mend="Add --overwrite to replace it.")
    for name, target in zip(names, targets, strict=True):
        (place / name).replace(target)
    return targets

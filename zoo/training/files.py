"""Files that are whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def put_in_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file aside and move it to its name, so that whoever is killed meanwhile leaves the one before."""
    aside = path.with_name(f".{path.name}.aside")
    write(aside)
    aside.replace(path)

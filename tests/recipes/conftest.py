"""Recipes and small corpora that the tests write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from biocurate.recipes import Recipe, load_recipe

MINIMAL = {
    "name": "tiny",
    "title": "A tiny corpus",
    "licence": "CC0-1.0",
    "access": "open",
    "citation": "none",
    "url": "https://example.org",
    "files": {"pattern": r"(?P<subject>\d\d)_(?P<run>[12])\.hea", "reader": "wfdb"},
}


@pytest.fixture
def recipe_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recipe: text as it is, or fields that join a minimal one."""

    def write(text: str = "", **fields: object) -> Path:
        path = tmp_path / "tiny.yaml"
        path.write_text(text or yaml.safe_dump({**MINIMAL, **fields}, sort_keys=False))
        return path

    return write


@pytest.fixture
def recipe(recipe_file: Callable[..., Path]) -> Callable[..., Recipe]:
    """Loads a recipe of fields that join a minimal one."""
    return lambda **fields: load_recipe(recipe_file(**fields))


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes files, given as path -> text, and returns their root."""

    def write(files: dict[str, str]) -> Path:
        root = tmp_path / "corpus"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def record(tree: Callable[..., Path]) -> Callable[..., Path]:
    """Writes a WFDB record at 4 Hz, 4 s long, and returns the corpus' root.

    Signals are (label, unit) pairs; sample i of signal k is 100 k + i, and 200 digital steps are one unit.
    """

    def write(name: str, signals: list[tuple[str, str]], start: str = "", comments: tuple[str, ...] = ()) -> Path:
        samples = np.arange(16)[:, None] + 100 * np.arange(len(signals))
        stem = name.rpartition("/")[2]
        lines = [f"{stem} {len(signals)} 4 16{f' {start}' if start else ''}"]
        for column, (label, unit) in zip(samples.T, signals, strict=True):
            lines.append(f"{stem}.dat 16 200(0)/{unit} 16 0 {column[0]} {column.sum()} 0 {label}")
        root = tree({f"{name}.hea": "\n".join([*lines, *(f"#{comment}" for comment in comments)]) + "\n"})
        (root / f"{name}.dat").write_bytes(samples.astype("<i2").tobytes())
        return root

    return write

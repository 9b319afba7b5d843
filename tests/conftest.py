"""Fixtures that every test may use: real recordings and vectors where they lie, and a tiny corpus."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import edfio
import numpy as np
import pytest
from hypothesis import settings

# CI runs the same examples every time; elsewhere each run tries others, and what they find gets a test of its own.
# A busy machine is no fault of the code, so no example has a deadline.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

RECIPE = """
name: tiny
title: A tiny corpus
licence: CC0-1.0
access: open
citation: none
url: https://example.org/tiny
files:
  pattern: 's(?P<subject>\\d\\d)_(?P<run>rest|task)\\.edf'
  reader: edf
channels:
  - {match: 'EEG (?P<name>\\w+)', sensor: EEG}
  - {match: 'ECG', sensor: ECG, name: II}
labels:
  condition: {from: run, map: {rest: rest, task: task}}
"""


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"${variable} is not set: the real files are not at hand")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"${variable} names {folder}, which is no folder")
    return folder


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real recordings."""
    return _folder("BIOCURATE_TEST_CORPORA")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of numeric test vectors."""
    return _folder("BIOCURATE_TEST_VECTORS")


@dataclass(frozen=True)
class Corpus:
    """Files and their recipe."""

    root: Path
    recipe: Path

    def write(self, name: str, seed: int, seconds: int = 8) -> Path:
        """Write one file; the same seed gives the same bytes."""
        random = np.random.default_rng(seed)
        eeg = [
            edfio.EdfSignal(random.normal(0, 30, 256 * seconds), 256, label=f"EEG {lead}", physical_dimension="uV")
            for lead in ("Fp1", "Cz", "O2")
        ]
        ecg = edfio.EdfSignal(random.normal(0, 1, 500 * seconds), 500, label="ECG", physical_dimension="mV")
        path = self.root / f"{name}.edf"
        edfio.Edf([*eeg, ecg]).write(path)
        return path


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Six subjects, two runs each."""
    root = tmp_path / "raw"
    root.mkdir()
    made = Corpus(root, tmp_path / "tiny.yaml")
    made.recipe.write_text(RECIPE)
    for subject in range(6):
        for run in ("rest", "task"):
            made.write(f"s{subject:02d}_{run}", seed=subject * 2 + (run == "task"))
    return made

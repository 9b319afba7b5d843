"""Corpora that are large enough to measure, made of copies of real recordings under other names."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

from biocurate.errors import UsageError
from biocurate.recipes import load_recipe

RECORDS = """
name: records
title: Copies of 12-lead records
licence: as the originals
access: open
redistribute: false
citation: none
url: none
obtain: made by `biocurate bench wfdb`
files: {pattern: '(?P<subject>\\d+)\\.hea', name: '{subject}', reader: wfdb}
channels:
  - {match: 'i|ii|iii|avr|avl|avf|v[1-6]', sensor: ECG}
"""
"""Samples alone: the peer's loop reads no annotations and no tables either."""


def eegmat(root: Path, out: Path, copies: int) -> Path:
    """Lay eegmat several times under other subject numbers, with its table; returns a recipe that takes them.

    Parameters
    ----------
    root : Path
        The real corpus.
    out : Path
        Empty folder.
    copies : int
        How often each recording comes.
    """
    names = [path.name for path in sorted(root.glob("Subject*.edf"))]
    if not names:
        raise UsageError("holds no recording of eegmat.", where=str(root))
    for copy in range(copies):
        for name in names:
            shutil.copy2(root / name, out / _renamed(name, copy))
    with (root / "subject-info.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    with (out / "subject-info.csv").open("w", newline="") as file:
        copied = ([_renamed(row[0], copy), *row[1:]] for copy in range(copies) for row in rows)
        csv.writer(file).writerows([head, *copied])
    recipe = out / "recipe.yaml"
    text = load_recipe("eegmat").text
    recipe.write_text(
        text.replace(r"(?P<subject>\d\d)", r"(?P<subject>\d+)").replace(r"Subject(\d\d)", r"Subject(\d+)")
    )
    return recipe


def _renamed(name: str, copy: int) -> str:
    """Subject02_1.edf is Subject302_1.edf in its third copy."""
    return re.sub(r"^Subject(\d\d)", rf"Subject{copy}\1" if copy else r"Subject\1", name)


def records(root: Path, out: Path, count: int) -> Path:
    """Lay the records of a folder under other numbers until there are enough; returns a recipe that takes them.

    Parameters
    ----------
    root : Path
        Holds WFDB headers with one signal file each, of the same name.
    out : Path
        Empty folder.
    count : int
    """
    headers = sorted(root.rglob("*.hea"))
    if not headers:
        raise UsageError("holds no WFDB record.", where=str(root))
    for number in range(count):
        header = headers[number % len(headers)]
        text = header.read_text()
        (out / f"{number}.hea").write_text(re.sub(rf"^{re.escape(header.stem)}\b", str(number), text, flags=re.M))
        shutil.copy2(header.with_suffix(".dat"), out / f"{number}.dat")
    recipe = out / "recipe.yaml"
    recipe.write_text(RECORDS)
    return recipe

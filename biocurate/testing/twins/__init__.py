"""Small twins of corpora: their names, layout, rates, units and tables, as the recipes' sources say; samples made up.

A twin shows that a recipe, and all that comes after it, runs. What is found in one means nothing.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from biocurate.errors import UsageError

WRITERS = {
    "ai4pain": "pain",
    "code-15": "leads",
    "csn": "ecg",
    "fog": "gait",
    "hmc": "sleep",
    "isruc": "sleep",
    "mimic-iv-ecg": "leads",
    "ptb-xl": "ecg",
    "pulsedb": "leads",
    "siena": "brain",
    "tuab": "brain",
    "tueg": "brain",
    "wesad": "wearable",
}
"""Corpus, and the module here that writes its twin."""


def write_twin(corpus: str, root: Path, persons: int = 8, seed: int = 0) -> None:
    """Write a twin of a corpus; the same numbers give the same bytes.

    Parameters
    ----------
    corpus : str
        Name of its recipe.
    root : Path
        Folder of the corpus; made where it does not exist.
    persons : int
        At least 6, so that there are some in every split.
    seed : int

    Raises
    ------
    UsageError
        Where no twin of the corpus can be written, or there are too few persons.
    """
    if corpus not in WRITERS:
        raise UsageError("no twin of it can be written.", where=corpus, mend=f"There are {', '.join(WRITERS)}.")
    if persons < 6:
        raise UsageError(f"{persons} persons cannot be split.", where=corpus, mend="Ask for 6 or more.")
    module = import_module(f"biocurate.testing.twins.{WRITERS[corpus]}")
    root.mkdir(parents=True, exist_ok=True)
    module.write(corpus, root, persons, seed)

"""A twin of AI4Pain: a table a subject and signal, a trial a column."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import rhythm

RATE_HZ = 100.0
SIGNALS = {"Bvp": (1.2, 1.0, 0.0), "Eda": (0.05, 0.4, 5.0), "Resp": (0.25, 1.0, 0.0), "SpO2": (0.02, 0.5, 97.0)}
"""Frequency, size and level."""
LEVELS = ("Baseline", "LOW", "HIGH")
TRIALS = 2
"""Of each level."""


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write ``train`` and ``validation``; a quarter of the persons is in the latter."""
    held_out = max(2, persons // 4)
    for person in range(1, persons + 1):
        split = "validation" if person <= held_out else "train"
        random = np.random.default_rng([seed, person])
        names = [f"{person}_{level}_{trial}" for level in LEVELS for trial in range(1, TRIALS + 1)]
        lengths = random.integers(1005, 1100, len(names))
        for signal, (hz, size, level) in SIGNALS.items():
            columns = [rhythm(random, int(length), RATE_HZ, hz, size, level) for length in lengths]
            _write_table(root / split / signal / f"{person}.csv", names, columns)


def _write_table(path: Path, names: list[str], columns: list[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    longest = max(map(len, columns))
    texts = [[f"{value:.4f}" for value in column] + [""] * (longest - len(column)) for column in columns]
    rows = [",".join(cells) for cells in zip(*texts, strict=True)]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")

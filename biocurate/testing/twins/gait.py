"""A twin of the freezing-of-gait corpus: 61 columns of text at 500 Hz, the last one the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import rhythm

RATE_HZ = 500
SECONDS = 36
TURN_S = 6
"""Walking and freezing take turns of this length."""


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write a task of each patient; patient 008, whose columns are known, has two visits with two tasks each."""
    others = [number for number in range(1, persons + 1) if number != 8][: persons - 1]
    for number in others:
        _task(root / f"Filtered Data/{number:03d}/task_1.txt", [seed, number, 1])
    for visit in (1, 2):
        for task in (1, 2):
            _task(root / f"Filtered Data/008/OFF_{visit}/task_{task}.txt", [seed, 8, 10 * visit + task])


def _task(path: Path, seeds: list[int]) -> None:
    random = np.random.default_rng(seeds)
    samples = RATE_HZ * SECONDS
    columns = [rhythm(random, samples, RATE_HZ, random.uniform(4, 30), 20.0) for _ in range(58)]
    label = np.arange(samples) // (RATE_HZ * TURN_S) % 2
    text = [np.char.mod("%.3f", column) for column in columns]
    rows = (
        f"{at},10:{15 + at // (60 * RATE_HZ)}:{at / RATE_HZ % 60:06.3f}," + ",".join(cells) + f",{label[at]}"
        for at, cells in enumerate(zip(*text, strict=True))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")

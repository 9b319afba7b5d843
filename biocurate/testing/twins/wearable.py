"""A twin of WESAD: one pickle a subject, chest and wrist on one clock."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import beats, rhythm

CHEST_HZ = 700
PROTOCOL = ((0, 5), (1, 125), (0, 5), (2, 125), (0, 5), (3, 125), (4, 125))
"""Label and seconds: between tasks, baseline, stress, amusement, meditation."""
SECONDS = sum(seconds for _, seconds in PROTOCOL)


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write ``S2/S2.pkl`` and so on."""
    for person in range(2, persons + 2):
        folder = root / f"S{person}"
        folder.mkdir(exist_ok=True)
        content = _subject(f"S{person}", np.random.default_rng([seed, person]))
        (folder / f"S{person}.pkl").write_bytes(pickle.dumps(content, 2))


def _subject(name: str, random: np.random.Generator) -> dict[str, object]:
    chest, wrist = CHEST_HZ * SECONDS, {"ACC": 32, "BVP": 64, "EDA": 4, "TEMP": 4}
    label = np.concatenate([np.full(seconds * CHEST_HZ, value, np.int32) for value, seconds in PROTOCOL])
    return {
        "signal": {
            "chest": {
                "ACC": random.normal(size=(chest, 3)).astype(np.float32),
                "ECG": beats(random, chest, CHEST_HZ, 1.0)[:, None],
                "EMG": random.normal(0, 0.01, (chest, 1)).astype(np.float32),
                "EDA": rhythm(random, chest, CHEST_HZ, 0.05, 0.3, 4.0).astype(np.float32)[:, None],
                "Temp": rhythm(random, chest, CHEST_HZ, 0.01, 0.1, 33.0).astype(np.float32)[:, None],
                "Resp": rhythm(random, chest, CHEST_HZ, 0.25, 3.0).astype(np.float32)[:, None],
            },
            "wrist": {
                "ACC": random.integers(-64, 64, (32 * SECONDS, 3)).astype(float),
                "BVP": rhythm(random, 64 * SECONDS, 64, 1.2, 40.0)[:, None],
                "EDA": rhythm(random, 4 * SECONDS, 4, 0.05, 0.3, 2.0)[:, None],
                "TEMP": rhythm(random, wrist["TEMP"] * SECONDS, 4, 0.01, 0.1, 32.0)[:, None],
            },
        },
        "label": label,
        "subject": name,
    }

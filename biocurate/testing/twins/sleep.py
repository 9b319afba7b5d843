"""Twins of HMC and of ISRUC-Sleep: nights of some minutes."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import beats, rhythm

EPOCH_S = 30
STAGES = ("W", "N1", "N2", "N3", "R")
NIGHT = ("W", "W", "N1", "N2", "N3", "N2", "R", "W", "N1", "N3", "R", "N2")
"""Stages of a night's epochs."""
HZ = {"W": 10.0, "N1": 6.0, "N2": 4.0, "N3": 1.5, "R": 7.0}

HMC = ("EEG F4-M1", "EEG C4-M1", "EEG O2-M1", "EEG C3-M2", "EMG chin", "EOG E1-M2", "EOG E2-M2", "ECG")
ISRUC = ("LOC_A2", "ROC_A1", "F3_A2", "C3_A2", "O1_A2", "F4_A1", "C4_A1", "O2_A1", "X1", "X2", "X3")
CODES = {"W": "0", "N1": "1", "N2": "2", "N3": "3", "R": "5"}


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write a night of each person."""
    for person in range(1, persons + 1):
        random = np.random.default_rng([seed, person])
        stages = [NIGHT[(at + person) % len(NIGHT)] for at in range(len(NIGHT))]
        (_hmc if corpus == "hmc" else _isruc)(root, person, stages, random)


def _channel(label: str, stages: list[str], rate: int, random: np.random.Generator) -> np.ndarray:
    """A night of one channel, in microvolts."""
    if label in ("ECG", "X2"):
        return beats(random, EPOCH_S * rate * len(stages), rate, 200.0)
    return np.concatenate([rhythm(random, EPOCH_S * rate, rate, HZ[stage], 30.0) for stage in stages])


def _hmc(root: Path, person: int, stages: list[str], random: np.random.Generator) -> None:
    from edfio import Edf, EdfAnnotation, EdfSignal, Recording

    night, at = Recording(startdate=date(2018, 1, 1)), time(22, 30)
    signals = [
        EdfSignal(
            np.clip(_channel(label, stages, 256, random), -300, 300),
            256,
            label=label,
            physical_dimension="uV",
            physical_range=(-300, 300),
        )
        for label in HMC
    ]
    marks = [EdfAnnotation(EPOCH_S * at, EPOCH_S, f"Sleep stage {stage}") for at, stage in enumerate(stages)]
    folder = root / "recordings"
    folder.mkdir(exist_ok=True)
    Edf(signals, starttime=at, recording=night).write(folder / f"SN{person:03d}.edf")
    Edf([], starttime=at, recording=night, annotations=marks).write(folder / f"SN{person:03d}_sleepscoring.edf")


def _isruc(root: Path, person: int, stages: list[str], random: np.random.Generator) -> None:
    from scipy.io import savemat

    night = {label: _channel(label, stages, 200, random).reshape(len(stages), -1) for label in ISRUC}
    savemat(root / f"subject{person}.mat", night)
    (root / str(person)).mkdir(exist_ok=True)
    for scorer in (1, 2):
        text = "\n".join(CODES[stage] for stage in stages)
        (root / f"{person}/{person}_{scorer}.txt").write_text(text + "\n")

"""A twin of TUAB: EDF files of scalp EEG against a reference, in folders that say what they are."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import beats, rhythm

SITES = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 A1 A2 FZ CZ PZ T1 T2".split()
RATE_HZ = 250
SECONDS = 60


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write a recording of each person; a third is to evaluate on, every second is abnormal."""
    from edfio import Edf, EdfSignal, Patient, Recording

    for person in range(persons):
        random = np.random.default_rng([seed, person])
        split, kind = ("eval" if person % 6 < 2 else "train"), ("normal", "abnormal")[person % 2]
        name = f"aaaaaa{chr(97 + person // 26)}{chr(97 + person % 26)}_s001_t000"
        samples = RATE_HZ * SECONDS
        channels = {f"EEG {site}-REF": rhythm(random, samples, RATE_HZ, random.uniform(2, 20), 30) for site in SITES}
        channels["EEG EKG1-REF"] = beats(random, samples, RATE_HZ, 200)
        signals = [
            EdfSignal(np.clip(x, -500, 500), RATE_HZ, label=label, physical_dimension="uV", physical_range=(-500, 500))
            for label, x in channels.items()
        ]
        path = root / f"edf/{split}/{kind}/01_tcp_ar/{name}.edf"
        path.parent.mkdir(parents=True, exist_ok=True)
        when = Recording(startdate=date(2015, 1, 1))
        Edf(signals, starttime=time(10, 0), patient=Patient(), recording=when).write(path)

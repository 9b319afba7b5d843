"""Twins of TUAB, TUEG and Siena: EDF files of scalp EEG, in folders that say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from pathlib import Path

import numpy as np

from biocurate.testing.twins.signal import Floats, beats, rhythm

SITES = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 A1 A2 FZ CZ PZ T1 T2".split()
RATE_HZ = 250
SECONDS = 60

MONTAGES = {
    "01_tcp_ar": ("REF", ()),
    "02_tcp_le": ("LE", ()),
    "03_tcp_ar_a": ("REF", ("A1", "A2")),
    "04_tcp_le_a": ("LE", ("A1", "A2")),
}
"""Of TUEG: reference, and electrodes that are not there. source: the corpus' montage files"""

SIENA_SITES = (
    "Fp1 F3 C3 P3 O1 F7 T3 T5 Fc1 Fc5 Cp1 Cp5 F9 Fz Cz Pz Fp2 F4 C4 P4 O2 F8 T4 T6 Fc2 Fc6 Cp2 Cp6 F10".split()
)
SIENA_HZ = 512


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write a recording of each person."""
    {"tuab": _tuab, "tueg": _tueg, "siena": _siena}[corpus](root, persons, seed)


def _tuab(root: Path, persons: int, seed: int) -> None:
    """A third is to evaluate on, every second is abnormal."""
    for person in range(persons):
        split, kind = ("eval" if person % 6 < 2 else "train"), ("normal", "abnormal")[person % 2]
        name = f"{_code(person)}_s001_t000"
        channels = _scalp(np.random.default_rng([seed, person]), SITES, "REF")
        _edf(root / f"edf/{split}/{kind}/01_tcp_ar/{name}.edf", channels, RATE_HZ)


def _tueg(root: Path, persons: int, seed: int) -> None:
    """The four montages by turns."""
    for person in range(persons):
        montage = sorted(MONTAGES)[person % len(MONTAGES)]
        reference, without = MONTAGES[montage]
        sites = [site for site in SITES if site not in without]
        path = root / f"edf/000/{_code(person)}/s001_2015/{montage}/{_code(person)}_s001_t000.edf"
        _edf(path, _scalp(np.random.default_rng([seed, person]), sites, reference), RATE_HZ)


def _siena(root: Path, persons: int, seed: int) -> None:
    """Without seizures, whose lists are files of their own."""
    rows = [
        "patient_id, age_years, gender, seizure, localization, lateralization, eeg_channel, number_seizures, "
        "rec_time_minutes"
    ]
    for person in range(persons):
        random, samples = np.random.default_rng([seed, person]), SIENA_HZ * SECONDS
        sites = {f"EEG {site}": rhythm(random, samples, SIENA_HZ, random.uniform(2, 20), 30) for site in SIENA_SITES}
        _edf(
            root / f"PN{person:02d}/PN{person:02d}-1.edf",
            {**sites, "EKG EKG": beats(random, samples, SIENA_HZ, 200)},
            SIENA_HZ,
        )
        rows.append(f"PN{person:02d},{40 + person},{('Male', 'Female')[person % 2]},IAS,T,R,29,0,1")
    (root / "subject_info.csv").write_text("\n".join(rows) + "\n")


def _code(person: int) -> str:
    """What the TUH corpora call a person."""
    return f"aaaaaa{chr(97 + person // 26)}{chr(97 + person % 26)}"


def _scalp(random: np.random.Generator, sites: list[str], reference: str) -> dict[str, Floats]:
    """Signals by their labels, against a reference."""
    samples = RATE_HZ * SECONDS
    named = {f"EEG {site}-{reference}": rhythm(random, samples, RATE_HZ, random.uniform(2, 20), 30) for site in sites}
    return {**named, f"EEG EKG1-{reference}": beats(random, samples, RATE_HZ, 200)}


def _edf(path: Path, channels: Mapping[str, Floats], rate_hz: int) -> None:
    from edfio import Edf, EdfSignal, Patient, Recording

    signals = [
        EdfSignal(np.clip(x, -500, 500), rate_hz, label=label, physical_dimension="uV", physical_range=(-500, 500))
        for label, x in channels.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    when = Recording(startdate=date(2015, 1, 1))
    Edf(signals, starttime=time(10, 0), patient=Patient(), recording=when).write(path)

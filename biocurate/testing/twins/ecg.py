"""Twins of PTB-XL and of CSN: 12 leads of 10 s, in WFDB."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biocurate.testing.twins.signal import beats

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
SAMPLES = 5000
RATE_HZ = 500

STATEMENTS = (
    "{'NORM': 100.0, 'SR': 0.0}",
    "{'IMI': 100.0, 'ABQRS': 0.0, 'SR': 0.0}",
    "{'LVH': 80.0, 'NDT': 100.0, 'AFIB': 0.0}",
    "{'CLBBB': 100.0, 'LOWT': 0.0, 'SBRAD': 0.0}",
    "{'NDT': 100.0, 'PVC': 100.0, 'STACH': 0.0}",
)
DIAGNOSES = ("426783006", "164889003,59118001", "426177001", "164934002,426783006", "427084000")
OF_EACH = 3
"""Recordings of a person of PTB-XL."""


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write records, and the tables that say what they are of."""
    (_ptb_xl if corpus == "ptb-xl" else _csn)(root, persons, seed)


def _ptb_xl(root: Path, persons: int, seed: int) -> None:
    rows = ["ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_lr,filename_hr"]
    for number in range(1, persons * OF_EACH + 1):
        person, random = (number - 1) // OF_EACH, np.random.default_rng([seed, number])
        name = f"{number:05d}"
        leads = [lead.upper() for lead in LEADS]
        record(root / f"records500/00000/{name}_hr", limbs(random), leads, "1000.0(0)/mV")
        fold = (1, 2, 9, 10)[person % 4]
        paths = f"records100/00000/{name}_lr,records500/00000/{name}_hr"
        said = STATEMENTS[number % len(STATEMENTS)]
        rows.append(f'{number},{15000 + person}.0,{40 + person}.0,{person % 2},"{said}",{fold},{paths}')
    (root / "ptbxl_database.csv").write_text("\n".join(rows) + "\n")
    (root / "scp_statements.csv").write_text(",description,diagnostic\nNORM,normal ECG,1.0\n")


def _csn(root: Path, persons: int, seed: int) -> None:
    head = struct.pack("<5i4s", 30, 12, SAMPLES, 0, 4, b"val")
    for person in range(1, persons + 1):
        said = DIAGNOSES[person % len(DIAGNOSES)]
        comments = ["#Age: 85", "#Sex: Male", f"#Dx: {said}", "#Rx: Unknown", "#Hx: Unknown", "#Sx: Unknown"]
        path = root / f"WFDBRecords/01/010/JS{person:05d}"
        record(path, limbs(np.random.default_rng([seed, person])), LEADS, "1000/mV", comments, head)
    (root / "ConditionNames_SNOMED-CT.csv").write_text("Acronym Name,Full Name,Snomed_CT\n")


def limbs(random: np.random.Generator) -> NDArray[np.int16]:
    """Twelve leads that obey Einthoven's and Goldberger's laws to half a step."""
    one, two, *chest = (np.round(beats(random, SAMPLES, RATE_HZ, 900)).astype(np.int64) for _ in range(8))
    return np.stack([one, two, two - one, -(one + two) // 2, one - two // 2, two - one // 2, *chest]).astype("<i2")


def record(
    path: Path,
    digital: NDArray[np.int16],
    leads: list[str],
    scale: str,
    comments: Sequence[str] = (),
    head: bytes = b"",
    when: str = "",
) -> None:
    """A WFDB record of format 16, in ``.dat`` or behind the head of a MATLAB v4 file."""
    data = path.with_suffix(".mat" if head else ".dat")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{path.stem} {len(leads)} {RATE_HZ} {SAMPLES}{when}"]
    for lead, row in zip(leads, digital, strict=True):
        checksum = (int(row.sum()) + 2**15) % 2**16 - 2**15
        lines.append(f"{data.name} 16{'+24' if head else ''} {scale} 16 0 {row[0]} {checksum} 0 {lead}")
    path.with_suffix(".hea").write_text("\n".join([*lines, *comments]) + "\n")
    data.write_bytes(head + digital.T.tobytes())

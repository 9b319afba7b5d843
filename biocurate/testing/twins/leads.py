"""Twins of MIMIC-IV-ECG, CODE-15 % and PulseDB: what PanLUNA's ECG and PPG were pre-trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from biocurate.testing.twins.ecg import LEADS, limbs, record
from biocurate.testing.twins.signal import Floats, beats

PULSE_SAMPLES, PULSE_HZ = 1250, 125
"""Of a segment of PulseDB."""

SEGMENTS = 2
"""Of a person of PulseDB."""

TRACE = 4096
"""Samples of an exam of CODE-15 %, which its 10 s of 400 Hz lie in the middle of."""


def write(corpus: str, root: Path, persons: int, seed: int) -> None:
    """Write recordings of each person, and the tables that say what they are of."""
    {"mimic-iv-ecg": _mimic_iv_ecg, "code-15": _code_15, "pulsedb": _pulsedb}[corpus](root, persons, seed)


def _mimic_iv_ecg(root: Path, persons: int, seed: int) -> None:
    """A study of each patient; aVF before aVL, as in the corpus."""
    order = [0, 1, 2, 3, 5, 4, *range(6, 12)]
    columns = ["subject_id", "study_id", "cart_id", "ecg_time", *(f"report_{i}" for i in range(18)), "bandwidth"]
    rows = [",".join(columns)]
    for person in range(persons):
        patient, study = str(10000032 + person), str(40689238 + person)
        digital = limbs(np.random.default_rng([seed, person]))[order]
        path = root / f"files/p{patient[:4]}/p{patient}/s{study}/{study}"
        said = [f"# <subject_id>: {patient}"]
        record(path, digital, [LEADS[at] for at in order], "200.0(0)/mV", said, when=" 08:44:00 23/07/2180")
        words = ["Sinus rhythm", *[""] * 17]
        rows.append(",".join([patient, study, "6848296", "2180-07-23 08:44:00", *words, "0.005-150 Hz"]))
    (root / "record_list.csv").write_text("subject_id,study_id,file_name,ecg_time,path\n")
    (root / "machine_measurements.csv").write_text("\n".join(rows) + "\n")


def _code_15(root: Path, persons: int, seed: int) -> None:
    """An exam of each patient, of 10 s or of 7 s between zeros, all in one file."""
    import h5py

    head = "exam_id,age,is_male,nn_predicted_age,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,death,timey,normal_ecg,trace_file"
    rows, traces = [head], np.zeros((persons, TRACE, len(LEADS)), "f4")
    for person in range(persons):
        length = (4000, 2800)[person % 2]
        start = (TRACE - length) // 2
        traces[person, start : start + length] = limbs(np.random.default_rng([seed, person]))[:, :length].T / 1000
        flags = "False,False,False,False,False,False"
        rows.append(
            f"{1169160 + person},{38 + person},{person % 2 == 0},40.16,{flags},{523632 + person},False,2.1,True,"
            "exams_part0.hdf5"
        )
    with h5py.File(root / "exams_part0.hdf5", "w") as file:
        file.create_dataset("tracings", data=traces)
        file["exam_id"] = np.arange(1169160, 1169160 + persons)
    (root / "exams.csv").write_text("\n".join(rows) + "\n")


def _pulsedb(root: Path, persons: int, seed: int) -> None:
    """Patients of MIMIC-III and cases of VitalDB by turns, with segments of their own."""
    from biocurate.testing.mat73 import StructArray, write_mat73

    for person in range(persons):
        random = np.random.default_rng([seed, person])
        subject, folder = f"p{160 + person:06d}", ("PulseDB_MIMIC", "PulseDB_Vital")[person % 2]
        segments = StructArray(
            {
                "SubjectID": subject, "CaseID": f"{subject}-2166-02-27-18-10", "SegmentID": float(place + 1),
                "ECG_Raw": _within(random), "PPG_Raw": _within(random), "ABP_Raw": 80 + 40 * _within(random),
                "ECG_F": _within(random), "SegSBP": 118.25 + place, "SegDBP": 61.5, "IncludeFlag": 1.0, "Age": 77.0,
                "Gender": "M",
            }
            for place in range(SEGMENTS)
        )  # fmt: skip
        (root / folder).mkdir(exist_ok=True)
        write_mat73(root / f"{folder}/{subject}.mat", {"Subj_Wins": segments})


def _within(random: np.random.Generator) -> Floats:
    """Beats between 0 and 1, as the corpus has rescaled them, shape (samples, 1)."""
    x = beats(random, PULSE_SAMPLES, PULSE_HZ, 1.0)
    return np.asarray(((x - x.min()) / (x.max() - x.min()))[:, None])

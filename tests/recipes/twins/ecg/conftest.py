"""Writers of small twins of ECG corpora: their names, layout, rates, units and tables, as the recipes' sources say."""

from __future__ import annotations

import re
import struct

import h5py
import numpy as np
import pytest
import scipy.io
import wfdb

from biocurate.testing.mat73 import StructArray, write_mat73

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def limbs(rng, n_samples):
    """Twelve leads of integers that obey Einthoven's and Goldberger's laws to half a step."""
    one, two = rng.integers(-400, 400, (2, n_samples))
    chest = rng.integers(-900, 900, (6, n_samples))
    return np.stack([one, two, two - one, -(one + two) // 2, one - two // 2, two - one // 2, *chest]).astype("<i2")


def record(path, digital, leads, scale, when="", comments=(), head=b""):
    """A WFDB record of format 16, in ``.dat`` or behind the head of a MATLAB v4 file."""
    data = path.with_suffix(".mat" if head else ".dat")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{path.stem} {len(leads)} 500 {digital.shape[1]}{when}"]
    for lead, row in zip(leads, digital, strict=True):
        checksum = (int(row.sum()) + 2**15) % 2**16 - 2**15
        lines.append(f"{data.name} 16{'+24' if head else ''} {scale} 16 0 {row[0]} {checksum} 0 {lead}")
    path.with_suffix(".hea").write_text("\n".join([*lines, *comments]) + "\n")
    data.write_bytes(head + digital.T.tobytes())


def ptb_xl(root, rng):
    """Two recordings of one patient, one of a patient over 89; a row of the table without its files."""
    leads = [lead.upper() for lead in LEADS]
    for name in ("00001", "00002", "00003"):
        digital = limbs(rng, 5000)
        record(root / f"records500/00000/{name}_hr", digital, leads, "1000.0(0)/mV")
        record(root / f"records100/00000/{name}_lr", digital[:, ::5], leads, "1000.0(0)/mV")
    row = '{id},{patient},{age},{sex},"{scp}",{fold},records100/00000/{id:05d}_lr,records500/00000/{id:05d}_hr'
    rows = [
        row.format(id=1, patient="15709.0", age="56.0", sex=1, scp="{'NORM': 100.0, 'LVOLT': 0.0, 'SR': 0.0}", fold=3),
        row.format(id=2, patient="15709.0", age="57.0", sex=1, scp="{'LAO/LAE': 50.0, 'PRC(S)': 100.0}", fold=3),
        row.format(id=3, patient="13243.0", age="300.0", sex=0, scp="{'1AVB': 35.0, 'AFIB': 0.0}", fold=10),
        row.format(id=4, patient="20372.0", age="24.0", sex=0, scp="{'NORM': 80.0}", fold=2),
    ]
    head = "ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_lr,filename_hr"
    (root / "ptbxl_database.csv").write_text("\n".join([head, *rows]) + "\n")
    (root / "scp_statements.csv").write_text(",description,diagnostic\nNORM,normal ECG,1.0\n")


def mimic_iv_ecg(root, rng):
    """Two studies of one patient, a day apart; aVF before aVL, as in the corpus; a study without measurements."""
    leads = [*LEADS[:4], "aVF", "aVL", *LEADS[6:]]
    studies = [("10000032", "40689238", "23"), ("10000032", "44458630", "24"), ("10000117", "49858990", "25")]
    for patient, study, day in studies:
        digital = limbs(rng, 5000)[[0, 1, 2, 3, 5, 4, *range(6, 12)]]
        path = root / f"files/p{patient[:4]}/p{patient}/s{study}/{study}"
        record(path, digital, leads, "200.0(0)/mV", f" 08:44:00 {day}/07/2180", [f"# <subject_id>: {patient}"])
    (root / "record_list.csv").write_text("subject_id,study_id,file_name,ecg_time,path\n")
    columns = ["subject_id", "study_id", "cart_id", "ecg_time", *(f"report_{i}" for i in range(18)), "bandwidth"]
    said = {
        "40689238": ["Sinus rhythm", "", "Normal ECG"],
        "44458630": ["Sinus tachycardia"],
        "40000017": ["Sinus rhythm"],
    }
    rows = [
        ",".join(
            ["10000032", study, "6848296", "2180-07-23 08:44:00", *words, *[""] * (18 - len(words)), "0.005-150 Hz"]
        )
        for study, words in said.items()
    ]
    (root / "machine_measurements.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")


def mitdb(root, rng):
    """Records 201 and 202 of one man, 102 with paced beats; beats, a rhythm, a quality mark, a comment."""
    leads = {"100": ["MLII", "V5"], "102": ["V5", "V2"], "201": ["MLII", "V1"], "202": ["MLII", "V1"]}
    people = {
        "100": "69 M 1085 1629 x1",
        "102": "84 F 1120 1669 x1",
        "201": "68 M 1960 2851 x1",
        "202": "68 M 1960 2851 x1",
    }
    for name, labels in leads.items():
        wfdb.wrsamp(
            name, 360, ["mV"] * 2, labels, d_signal=rng.integers(600, 1400, (10_800, 2)), fmt=["212"] * 2,
            adc_gain=[200.0] * 2, baseline=[1024] * 2, comments=[people[name], "Digoxin"], write_dir=str(root),
        )  # fmt: skip
        head = root / f"{name}.hea"  # "212 200 11 1024": a gain without a unit, and the ADC's zero for a baseline
        head.write_text(re.sub(r"212 200\S* \d+ 0 ", "212 200 11 1024 ", head.read_text()))
        symbols = ["+", "N", "V", "/" if name == "102" else "a", "~", "j", '"']
        notes = ["(N", "", "", "", "", "", "free words"]
        samples = np.array([18, 77, 370, 662, 700, 946, 1000])
        wfdb.wrann(name, "atr", samples, symbols, aux_note=notes, write_dir=str(root))
    (root / "102.atr").rename(root / "102-0.atr")
    (root / "102.atr").write_bytes((root / "102-0.atr").read_bytes())


def csn(root, rng):
    """Two patients; a code that the challenge of 2021 has no name for."""
    for name, codes in {"JS00001": "164889003,59118001,164934002", "JS00002": "426177001,251147008"}.items():
        head = struct.pack("<5i4s", 30, 12, 5000, 0, 4, b"val")
        comments = ["#Age: 85", "#Sex: Male", f"#Dx: {codes}", "#Rx: Unknown", "#Hx: Unknown", "#Sx: Unknown"]
        record(root / f"WFDBRecords/01/010/{name}", limbs(rng, 5000), LEADS, "1000/mV", "", comments, head)
    (root / "ConditionNames_SNOMED-CT.csv").write_text(
        "Acronym Name,Full Name,Snomed_CT\nSB,Sinus Bradycardia,426177001\n"
    )


def cpsc2018_full(root, rng):
    """Two records of other lengths in two sets; up to three codes; a row without its file."""
    for name, sex, age, seconds in (("TrainingSet1/A0001", "Male", 74, 15), ("TrainingSet2/A2345", "Female", 49, 6)):
        path = root / f"{name}.mat"
        path.parent.mkdir(exist_ok=True)
        scipy.io.savemat(path, {"ECG": {"sex": sex, "age": age, "data": limbs(rng, 500 * seconds) / 1000}})
    rows = ["Recording,First_label,Second_label,Third_label", "A0001,5,,", "A2345,2,5,8", "A6877,1,,"]
    (root / "REFERENCE.csv").write_text("\n".join(rows) + "\n")


def code_15(root, rng):
    """Two files; an exam of 7 s between zeros; two exams of one patient in different files."""
    for part, ids in {0: [1169160, 2873686], 1: [168405]}.items():
        traces = np.zeros((len(ids), 4096, 12), "f4")
        for trace, length in zip(traces, (4000, 2800), strict=False):
            start = (4096 - length) // 2
            trace[start : start + length] = limbs(rng, length).T / 1000
        with h5py.File(root / f"exams_part{part}.hdf5", "w") as file:
            file.create_dataset("tracings", data=traces)
            file["exam_id"] = np.array(ids)
    head = "exam_id,age,is_male,nn_predicted_age,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,death,timey,normal_ecg,trace_file"
    rows = [
        "1169160,38,True,40.16,False,False,False,False,False,False,523632,False,2.098628,True,exams_part0.hdf5",
        "2873686,73,True,67.06,False,True,False,False,False,True,1724173,False,6.657529,False,exams_part0.hdf5",
        "168405,67,False,79.62,True,False,False,False,False,False,523632,,,False,exams_part1.hdf5",
        "271011,41,True,69.75,False,False,False,False,False,False,1737282,False,4.282188,True,exams_part9.hdf5",
    ]
    (root / "exams.csv").write_text("\n".join([head, *rows]) + "\n")


def pulsedb(root, rng):
    """A patient of MIMIC-III with two segments, a case of VitalDB with one."""
    for folder, subject, count in (("PulseDB_MIMIC", "p000160", 2), ("PulseDB_Vital", "p000001", 1)):
        segments = StructArray(
            {
                "SubjectID": subject, "CaseID": "p000160-2166-02-27-18-10", "SegmentID": float(place + 1),
                "ECG_Raw": rng.random((1250, 1)), "PPG_Raw": rng.random((1250, 1)),
                "ABP_Raw": 80 + 40 * rng.random((1250, 1)), "ECG_F": rng.random((1250, 1)),
                "SegSBP": 118.25 + place, "SegDBP": 61.5, "IncludeFlag": float(place == 0), "Age": 77.0, "Gender": "M",
            }
            for place in range(count)
        )  # fmt: skip
        (root / folder).mkdir()
        write_mat73(root / f"{folder}/{subject}.mat", {"Subj_Wins": segments})


def vitaldb(root, rng):
    """Two cases of one patient, one of them without an arterial line; samples that a monitor did not give."""
    for case, tracks in {"1": ("ECG_II", "PLETH", "ART"), "20": ("ECG_II", "PLETH")}.items():
        rows = [",".join(["Time", *(f"SNUADC/{track}" for track in tracks)])]
        for place, values in enumerate(np.round(rng.random((1500, len(tracks))), 4)):
            cells = [
                "" if place < 100 and track == "PLETH" else str(v) for track, v in zip(tracks, values, strict=True)
            ]
            rows.append(",".join([f"{place / 500:g}", *cells]))
        (root / f"{case}.csv").write_text("\n".join(rows) + "\n")
    (root / "clinical_information.csv").write_text(
        "caseid,subjectid,casestart,age,sex,emop,department,ane_type\n"
        "1,5955,0,77,M,0,General surgery,General\n20,5955,0,>89,M,1,General surgery,Spinal\n"
        "2,2487,0,54,F,0,Gynecology,General\n"
    )


WRITERS = {
    "ptb-xl": ptb_xl,
    "mimic-iv-ecg": mimic_iv_ecg,
    "mitdb": mitdb,
    "csn": csn,
    "cpsc2018-full": cpsc2018_full,
    "code-15": code_15,
    "pulsedb": pulsedb,
    "vitaldb": vitaldb,
}


@pytest.fixture(scope="session")
def twin(tmp_path_factory):
    """Root of a corpus' twin, written once."""
    made = {}

    def written(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            WRITERS[name](made[name], np.random.default_rng(7))
        return made[name]

    return written

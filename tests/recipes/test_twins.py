"""Each recipe on a small twin of its corpus that the test writes: same layout, same faults, no real recording."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import wfdb
from edfio import Edf, EdfSignal, Patient

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.recording import NS

SITES = "Fp1 Fp2 F3 F4 F7 F8 T3 T4 C3 C4 T5 T6 P3 P4 O1 O2 Fz Cz Pz A2-A1".split()
LEADS = "i ii iii avr avl avf v1 v2 v3 v4 v5 v6".split()


def read_all(name, root):
    recipe = load_recipe(name)
    return {unit.name: recipe.read(unit) for unit in recipe.units(root)}


def said(recording, kind):
    return [made.value for made in recording.annotations if made.kind == kind]


@pytest.fixture
def eegmat(tmp_path):
    """Two subjects; the rest of one cut, the header's sex opposite to the table's."""
    wave = np.sin(np.arange(1000) / 50)
    signals = [EdfSignal(100 * wave, 500, label=f"EEG {site}", physical_dimension="uV") for site in SITES]
    signals.append(EdfSignal(wave, 500, label="ECG ECG", physical_dimension="mV"))
    for name in ("Subject02_1", "Subject02_2", "Subject03_1_first62s", "Subject03_2"):
        Edf(signals, patient=Patient(sex="M"), annotations=[]).write(tmp_path / f"{name}.edf")
    (tmp_path / "subject-info.csv").write_text(
        "Subject,Age,Gender,Recording year,Number of subtractions,Count quality\n"
        "Subject02,19,F,2012,12.88,1\nSubject03,17,F,2010,8.6,0\nSubject04,17,M,2010,8.6,0\n"
    )
    return tmp_path


def test_twin_of_eegmat(eegmat):
    found = read_all("eegmat", eegmat)
    assert sorted(found) == ["Subject02_1", "Subject02_2", "Subject03_1", "Subject03_2"]
    rest, task = found["Subject03_1"], found["Subject02_2"]
    assert (said(rest, "condition"), said(rest, "counter"), said(rest, "subtractions")) == (["rest"], ["poor"], ["8.6"])
    assert (said(task, "condition"), said(task, "counter")) == (["arithmetic"], ["good"])
    assert (task.age, task.sex) == (19.0, "F")
    assert [(str(stream.sensor_type), len(stream.channels)) for stream in task.streams] == [("EEG", 20), ("ECG", 1)]
    assert task.warnings == ("sex: subject-info.csv and file header differ; that of subject-info.csv is kept",)
    report = check(load_recipe("eegmat"), eegmat)
    assert report.findings == []
    assert "subject-info.csv: rows of 1 that no recording has: 04" in report.notes


@pytest.fixture
def ludb(tmp_path):
    """Two records with wave marks a lead; cells with line breaks, an age above 89."""
    (tmp_path / "data").mkdir()
    for name in ("1", "12"):
        wave = np.sin(np.arange(5000)[:, None] / 100 + np.arange(12))
        folder = {"write_dir": str(tmp_path / "data")}
        wfdb.wrsamp(name, 500, ["mV"] * 12, LEADS, wave, fmt=["16"] * 12, comments=["<age>: 51"], **folder)
        for place, lead in enumerate(LEADS):
            # wfdb writes no extension that has a digit
            wfdb.wrann(name, "lead", np.array([100, 110, 120]) + place, ["(", "N", ")"], **folder)
            (tmp_path / f"data/{name}.lead").rename(tmp_path / f"data/{name}.{lead}")
    (tmp_path / "ludb.csv").write_bytes(
        b"ID,Sex,Age,Rhythms,Electric axis of the heart,Conduction abnormalities,Extrasystolies,Hypertrophies,"
        b"Cardiac pacing,Ischemia,Non-specific repolarization abnormalities,Other states\r\n"
        b'1,"F\n","51\n",Sinus rhythm,Electric axis of the heart: normal,,,'
        b'"Left ventricular overload\nLeft ventricular hypertrophy",,,'
        b"Non-specific repolarization abnormalities: posterior wall,\r\n"
        b'12,"M\n",">89\n",Sinus bradycardia,,,,,,,,\r\n'
    )
    return tmp_path


def test_twin_of_ludb(ludb):
    found = read_all("ludb", ludb)
    first, second = found["1"], found["12"]
    assert said(first, "hypertrophy") == ["Left ventricular hypertrophy", "Left ventricular overload"]
    assert (said(first, "axis"), said(first, "repolarization")) == (["normal"], ["posterior wall"])
    assert (first.age, first.sex, second.age, second.sex) == (51.0, "F", 90.0, "M")
    assert {made.kind for made in second.annotations} == {"wave", "rhythm"}
    waves = [(made.onset_ns, made.value) for made in second.annotations if made.channel == "aVR"]
    assert waves == [(206_000_000, "("), (226_000_000, "N"), (246_000_000, ")")]
    assert {channel.unit_status for channel in first.streams[0].channels} == {"suspect"}
    assert check(load_recipe("ludb"), ludb).findings == []


E4 = {
    "ACC.csv": "{start}.000000, {start}.000000, {start}.000000\n32.000000, 32.000000, 32.000000\n" + "2,-10,63\n" * 640,
    "BVP.csv": "{start}.00\n64.000000\n" + "-0.00\n12.34\n" * 640,
    "EDA.csv": "{start}.000000\n4.000000\n" + "0.622764\n" * 80,
    "TEMP.csv": "{start}.000000\n4.000000\n" + "34.79\n" * 80,
    "HR.csv": "{late}.000000\n1.000000\n" + "118.00\n" * 10,
    "IBI.csv": "{start}.000000, IBI\n12.500000,0.687500\n13.250000,0.750000\n",
    "info.txt": ".csv files in this archive\n",
}


@pytest.fixture
def stress_predict(tmp_path):
    """One subject without labels in a folder, one in a zip; the archive's tags file is empty."""
    start = 1644227574
    first = {name: text.format(start=start, late=start + 10) for name, text in E4.items()}
    folder = tmp_path / "Raw_data/S01"
    folder.mkdir(parents=True)
    for name, text in {**first, "tags_S01.csv": f"{start + 3}\n{start + 90}\n"}.items():
        (folder / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "Raw_data/S02.zip", "w") as archive:
        for name, text in {**first, "tags_S02.csv": ""}.items():
            archive.writestr(name, text)
    rows = [(second, int(8 <= second < 15)) for second in range(5, 25)]
    (tmp_path / "Processed_data").mkdir()
    (tmp_path / "Processed_data/labels_hr_rsp_binary.csv").write_text(
        "Participant,HR,respr,Time(sec),Label\n" + "".join(f"2,118.0,12.1,{start + t},{label}\n" for t, label in rows)
    )
    return tmp_path


def test_twin_of_stress_predict(stress_predict):
    found = read_all("stress-predict", stress_predict)
    unlabelled, labelled = found["S01"], found["S02"]
    assert [
        (made.onset_ns, made.duration_ns, made.value) for made in labelled.annotations if made.kind == "condition"
    ] == [
        (5 * NS, 3 * NS, "non-stress"),
        (8 * NS, 7 * NS, "stress"),
        (15 * NS, 5 * NS, "non-stress"),
    ]
    assert [(made.onset_ns, made.number) for made in labelled.annotations if made.kind == "beat"] == [
        (12_500_000_000, 0.6875),
        (13_250_000_000, 0.75),
    ]
    assert (said(labelled, "mark"), said(unlabelled, "mark"), said(unlabelled, "condition")) == ([], ["button"], [])
    assert labelled.warnings == ()
    assert unlabelled.warnings == (
        "condition: no label, Processed_data/labels_hr_rsp_binary.csv has no row for it",
        "mark: 1 of 2 lie outside the recording and are left out",
    )
    assert {str(stream.sensor_type): stream.t0_ns for stream in labelled.streams} == {
        "ACC": 0,
        "PPG": 0,
        "GSR": 0,
        "HR": 10 * NS,
        "TEMP": 0,
    }
    np.testing.assert_array_equal(labelled.streams[0].digital[:, 0], [2, -10, 63])
    report = check(load_recipe("stress-predict"), stress_predict)
    assert report.findings == []
    assert "Processed_data/labels_hr_rsp_binary.csv: no row for 1 of 2: 01" in report.notes


def test_options_of_each_signal_join_those_of_all(recipe, tree):
    """Columns are named signal by signal; the rate is stated once."""
    root = tree({"01_a.csv": "1,2\n3,4\n", "01_b.csv": "5\n6\n"})
    made = recipe(
        files={
            "pattern": r"(?P<subject>\d\d)_(?P<signal>[ab])\.csv",
            "name": "{subject}",
            "reader": "csv",
            "options": {"rate_hz": 2, "header_rows": 0},
            "signals": {"a": {"columns": ["ECG", "V1"], "unit": "mV"}, "b": {"columns": ["EDA"], "unit": "uS"}},
        },
        channels=[{"match": "ECG|V1", "sensor": "ECG"}, {"match": "EDA", "sensor": "EDA"}],
    )
    (unit,) = made.units(root)
    ecg, eda = made.read(unit).streams
    assert [channel.unit for channel in ecg.channels] == ["mV", "mV"]
    np.testing.assert_array_equal(ecg.digital, [[1, 3], [2, 4]])
    np.testing.assert_array_equal(eda.digital, [[5, 6]])
    assert made.read_header(unit).n_bytes == 12

"""HMC and ISRUC-Sleep by twin: nights of EDF with stages in annotations, or in lines of text."""

from __future__ import annotations

from datetime import date, time

import numpy as np
import pytest
import scipy.io
from edfio import Edf, EdfAnnotation, EdfSignal, Recording

NIGHT = Recording(startdate=date(2018, 1, 1))
AT = time(22, 30, 5)


def night(path, rates, seconds, seed):
    """One EDF file; rates is label -> (rate, unit)."""
    random = np.random.default_rng(seed)
    signals = [
        EdfSignal(
            random.normal(0, 30, round(rate * seconds)),
            rate,
            label=label,
            physical_dimension=unit,
            physical_range=(-300, 300),
        )
        for label, (rate, unit) in rates.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Edf(signals, starttime=AT, recording=NIGHT).write(path)


HMC = "EEG F4-M1,EEG C4-M1,EEG O2-M1,EEG C3-M2,EMG chin,EOG E1-M2,EOG E2-M2,ECG".split(",")


@pytest.fixture
def hmc(tmp_path):
    folder = tmp_path / "recordings"
    for place, name in enumerate(("SN001", "SN154")):
        night(folder / f"{name}.edf", {label: (256, "uV") for label in HMC}, 120, place)
        stages = ["Sleep stage W", "Sleep stage N1", "Sleep stage N2", "Sleep stage R", "Sleep stage N3"]
        marks = [EdfAnnotation(30 * i, 30, stage) for i, stage in enumerate(stages)]
        marks.append(EdfAnnotation(12, None, "Lights off@@EEG F4-A1"))
        Edf([], starttime=AT, recording=NIGHT, annotations=marks).write(folder / f"{name}_sleepscoring.edf")
        (folder / f"{name}_sleepscoring.txt").write_text(
            "Date, Time, Recording onset, Duration, Annotation, Linked channel\n"
        )
    return tmp_path


def test_twin_of_hmc(hmc, take):
    taken = take("hmc", hmc)
    assert sorted(taken.recordings) == ["SN001", "SN154"]
    assert taken.streams("SN001") == {
        ("EEG", 256): ["F4", "C4", "O2", "C3"],
        ("EOG", 256): ["E1", "E2"],
        ("EMG", 256): ["chin"],
        ("ECG", 256): ["ECG"],
    }
    eeg, eog = (taken.recordings["SN001"].stream(kind) for kind in ("EEG", "EOG"))
    assert [channel.reference for channel in eeg.channels] == ["M1", "M1", "M1", "M2"]
    assert [channel.reference for channel in eog.channels] == ["M2", "M2"]
    assert set.union(*taken.units("SN001").values()) == {"uV"}


def test_hmcs_stages_are_those_of_the_aasm_and_end_with_the_recording(hmc, take):
    taken = take("hmc", hmc)
    assert taken.said("SN001", "stage") == [(0, 30, "W"), (30, 30, "N1"), (60, 30, "N2"), (90, 30, "R")]
    assert taken.said("SN001", "lights") == [(12, 0, "off")]
    assert taken.recordings["SN001"].warnings == ("stage: 1 of 5 lie outside the recording and are left out",)


# source: ../shared/models/biox_bridge.md, section 5.2; label order from public loaders
REC = {
    **{label: (200, "uV") for label in "LOC-A2 ROC-A1 F3-A2 C3-A2 O1-A2 F4-A1 C4-A1 O2-A1 X1 X2 X3".split()},
    "SaO2": (12.5, "%"),
    "X4": (25, ""),
    "DC3": (25, "mV"),
}
SCORES = ["0", "0", "1", "2", "2", "3", "5", "5"]


@pytest.fixture
def isruc(tmp_path):
    root = tmp_path / "subgroupI"
    night(root / "1/1.rec", REC, 240, 1)
    night(root / "40/40.rec", REC, 240, 40)
    for subject in ("1", "40"):
        (root / f"{subject}/{subject}_1.txt").write_text("\n".join(SCORES) + "\n\n")
        (root / f"{subject}/{subject}_2.txt").write_text("\r\n".join([*SCORES[:-1], "7"]) + "\r\n")
        (root / f"{subject}/{subject}_1.xlsx").write_bytes(b"PK")
    random = np.random.default_rng(9)
    names = [label.replace("-", "_") for label in REC if label not in ("SaO2", "X4", "DC3")]
    # The extracted channels end before the scores do. source: ../shared/models/biox_bridge.md, section 5.2
    scipy.io.savemat(root / "subject1.mat", {name: random.normal(0, 30, (6, 6000)) for name in names})
    return root


def test_twin_of_isruc(isruc, take):
    taken = take("isruc", isruc)
    assert sorted(taken.recordings) == ["1", "40", "subject1"]
    sites = {("EEG", 200): ["F3", "C3", "O1", "F4", "C4", "O2"], ("EOG", 200): ["LOC", "ROC"], ("ECG", 200): ["ECG"]}
    for name in ("1", "subject1"):
        streams = taken.streams(name)
        assert {key: streams[key] for key in sites} == sites
        assert streams["EMG", 200] == ["chin", "leg"]
        assert taken.units(name)["EEG"] == {"uV"}
    assert taken.streams("1")["SPO2", 12.5] == ["SPO2"]
    assert [c.reference for c in taken.recordings["1"].stream("EEG").channels] == ["A2"] * 3 + ["A1"] * 3
    persons = dict(taken.store.recordings.select("recording_id", "person").collect().iter_rows())
    assert persons["isruc/1"] == persons["isruc/subject1"] == "isruc/1"


@pytest.mark.parametrize("name", ["1", "40"])
def test_isrucs_scores_are_a_line_for_each_thirty_seconds(isruc, take, name):
    taken = take("isruc", isruc)
    scored = [(0, 60, "W"), (60, 30, "N1"), (90, 60, "N2"), (150, 30, "N3"), (180, 60, "R")]
    assert taken.said(name, "stage") == scored
    assert taken.said(name, "stage_2") == [*scored[:-1], (180, 30, "R")]  # 7 is no stage
    assert "stage_2: 1 of 8 rows have a value that the recipe does not know" in taken.recordings[name].warnings


def test_isrucs_extracted_channels_are_one_stretch_and_keep_the_first_scores(isruc, take):
    taken = take("isruc", isruc)
    recording = taken.recordings["subject1"]
    assert taken.said("subject1", "stage") == [(0, 60, "W"), (60, 30, "N1"), (90, 60, "N2"), (150, 30, "N3")]
    made = scipy.io.loadmat(isruc / "subject1.mat")["F3_A2"]
    np.testing.assert_array_equal(recording.stream("EEG").digital[0], made.reshape(-1))


def test_the_paper_s_epochs_of_hmc(hmc, select):
    """PanLUNA: 30 s at each scored stage; the fifth epoch of the twin has no samples."""
    made = select("hmc-stages", {"hmc": hmc}, split={"method": "kfold", "folds": 2})
    assert made.rows["t0_ns"].to_list() == [0, 30 * 10**9, 60 * 10**9, 90 * 10**9] * 2
    assert made.rows["label"].to_list() == ["W", "N1", "N2", "R"] * 2
    assert made.absent == ["N3"]


def test_the_paper_s_epochs_of_isruc(isruc, select):
    """BioX-Bridge: the extracted channels, by the first expert; 0 is wake, all others sleep."""
    made = select("isruc-wake-sleep", {"isruc": isruc}, split={"method": "hash", "fractions": {"train": 1}})
    assert set(made.rows["recording_id"]) == {"isruc/subject1"}
    assert made.rows["label"].to_list() == ["wake", "wake", "sleep", "sleep", "sleep", "sleep"]

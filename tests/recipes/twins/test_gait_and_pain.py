"""The freezing-of-gait corpus and AI4Pain by twin: text tables with their labels in a column, or in columns' names."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

SECONDS = 6


def walk(path, seed, freezing):
    """61 columns at 500 Hz, as `../shared/models/biox_bridge.md`, section 5.3, describes them."""
    random = np.random.default_rng(seed)
    n_rows = 500 * SECONDS
    values = np.round(random.normal(0, 20, (n_rows, 58)), 3)
    label = np.zeros(n_rows, int)
    for start, stop in freezing:
        label[start:stop] = 1
    rows = [
        f"{i},10:15:{i / 500:06.3f}," + ",".join(map(str, row)) + f",{mark}"
        for i, (row, mark) in enumerate(zip(values, label, strict=True))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return values


@pytest.fixture
def fog(tmp_path):
    root = tmp_path / "r8gmbtv7w2-3"
    walk(root / "Filtered Data/001/task_1.txt", 1, [(750, 1751), (2500, 3000)])
    walk(root / "Filtered Data/008/OFF_1/task_2.txt", 2, [])
    walk(root / "Filtered Data/008/OFF_2/task_2.txt", 3, [(0, 3000)])
    (root / "Raw Data/001").mkdir(parents=True)
    (root / "Raw Data/001/EEG.txt").write_text("0\n")
    (root / "Readme.docx").write_bytes(b"PK")
    return root


def test_twin_of_fog(fog, take):
    taken = take("fog", fog)
    assert sorted(taken.recordings) == ["001__1", "008_OFF_1_2", "008_OFF_2_2"]
    assert "2 of 12 subjects" in taken.report.notes
    streams = taken.streams("001__1")
    assert {kind: len(names) for (kind, _), names in streams.items()} == {
        "EEG": 25,
        "EMG": 3,
        "EOG": 1,
        "ECG": 1,
        "ACC": 12,
        "GYRO": 12,
        "MISC": 4,
    }
    eeg = streams["EEG", 500]
    # source: ../shared/models/biox_bridge.md, section 5.3: 4 F3, 5 F4, 6 C3, 7 C4, 10 O1, 11 O2, of columns from 2 on
    assert [eeg[place - 2] for place in (4, 5, 6, 7, 10, 11)] == ["F3", "F4", "C3", "C4", "O1", "O2"]
    values = walk(fog / "elsewhere.txt", 1, [])
    np.testing.assert_array_equal(taken.recordings["001__1"].stream("EEG").digital, values.T[:25])
    channels = [c for s in taken.recordings["001__1"].streams for c in s.channels]
    assert {channel.unit_status for channel in channels} == {"suspect"}


def test_freezing_is_a_run_of_rows(fog, take):
    taken = take("fog", fog)
    assert taken.said("001__1", "gait") == [
        (0, 1.5, "walking"),
        (1.5, 2.002, "freezing"),
        (3.502, 1.498, "walking"),
        (5, 1, "freezing"),
    ]
    assert taken.said("008_OFF_1_2", "gait") == [(0, 6, "walking")]
    assert taken.said("008_OFF_2_2", "gait") == [(0, 6, "freezing")]


def test_what_is_not_known_of_a_patients_columns_is_said(fog, take):
    """The order of the columns 27 to 31 is known of patient 008 alone."""
    taken = take("fog", fog)
    assert any(
        "change places between patients" in warning and "EMG" in warning
        for warning in taken.recordings["001__1"].warnings
    )
    assert taken.streams("008_OFF_1_2")["EMG", 500] == ["LTA", "RTA", "GS"]
    assert taken.streams("008_OFF_2_2")["EMG", 500] == ["LTA", "GS", "RTA"]
    emg = [warning for warning in taken.recordings["008_OFF_1_2"].warnings if warning.startswith("EMG")]
    assert not any("change places" in warning for warning in emg)


LENGTHS = {"1_Baseline_1": 1118, "1_LOW_1": 1022, "1_HIGH_1": 1030, "1_REST_1": 2000}


def trials(path, lengths, seed):
    random = np.random.default_rng(seed)
    columns = {name: np.round(random.normal(2, 1, length), 4) for name, length in lengths.items()}
    rows = [
        ",".join(str(column[i]) if i < len(column) else "" for column in columns.values())
        for i in range(max(lengths.values()))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([",".join(columns), *rows]) + "\n")
    return columns


@pytest.fixture
def ai4pain(tmp_path):
    root = tmp_path / "ai4pain"
    for place, signal in enumerate(("Bvp", "Eda", "Resp", "SpO2")):
        trials(root / f"train/{signal}/1.csv", LENGTHS, place)
        trials(root / f"test/{signal}/17.csv", {"17_1": 1000, "17_2": 1022}, 9 + place)
    return root


def test_twin_of_ai4pain(ai4pain, take):
    taken = take("ai4pain", ai4pain)
    assert sorted(taken.recordings) == ["test/17_1", "test/17_2", *sorted(f"train/{name}" for name in LENGTHS)]
    assert taken.streams("train/1_LOW_1") == {
        ("PPG", 100): ["PPG"],
        ("GSR", 100): ["GSR"],
        ("RESP", 100): ["RESP"],
        ("SPO2", 100): ["SPO2"],
    }
    assert taken.units("train/1_LOW_1") == {"PPG": {"NU"}, "GSR": {"uS"}, "RESP": {"NU"}, "SPO2": {"%"}}
    pains = {name: [value for _, _, value in taken.said(name, "pain")] for name in taken.recordings}
    assert pains == {
        "train/1_Baseline_1": ["none"],
        "train/1_LOW_1": ["low"],
        "train/1_HIGH_1": ["high"],
        "train/1_REST_1": ["rest"],
        "test/17_1": [],
        "test/17_2": [],
    }
    persons = dict(taken.store.recordings.select("recording_id", "person").collect().iter_rows())
    assert set(persons.values()) == {"ai4pain/1", "ai4pain/17"}


def test_a_trial_ends_where_its_column_does(ai4pain, take):
    taken = take("ai4pain", ai4pain)
    made = trials(ai4pain.parent / "again.csv", LENGTHS, 1)
    for name, length in LENGTHS.items():
        recording = taken.recordings[f"train/{name}"]
        assert {stream.n_samples for stream in recording.streams} == {length}
        np.testing.assert_array_equal(recording.stream("GSR").digital[0], made[name])


def test_the_paper_s_windows_of_fog(fog, select):
    """BioX-Bridge: patient 008 alone, 3 s every 0.3 s, windows placed one by one."""
    made = select("fog-paper", {"fog": fog})
    assert made.rows.group_by("subject", "label").len().sort("label").rows() == [
        ("008", "freezing", 11),
        ("008", "walking", 11),
    ]
    assert set(made.rows["split"]) == {"train", "val", "pair", "test"}


def test_fog_by_person_keeps_windows_of_which_a_label_covers_80_per_cent_or_more(fog, select):
    """Freezing until 2.4 s: the first window has 80 % of it, and from 1.8 s on they have 20 % or less."""
    walk(fog / "Filtered Data/002/task_1.txt", 4, [(0, 1200)])
    made = select("fog-subject", {"fog": fog}, split={"method": "kfold", "folds": 2})
    mine = made.rows.filter(subject="002").select(pl.col("t0_ns") // 10**6, "label").rows()
    assert mine == [(0, "freezing"), *((start, "walking") for start in (1800, 2100, 2400, 2700, 3000))]


def test_fog_in_blocks_shares_no_sample_between_them(fog, select):
    """Tasks of the twin have 6 s, so that windows and the guard between blocks have a second."""
    split = {"method": "time", "fractions": {"train": 0.5, "test": 0.5}, "guard": "1s"}
    made = select("fog-blocked", {"fog": fog}, windows={"length": "1s", "hop": "100ms"}, split=split)
    ends = made.rows.filter(split="train").group_by("recording_id").agg(pl.col("t0_ns").max() + 10**9)
    starts = made.rows.filter(split="test").group_by("recording_id").agg(start=pl.col("t0_ns").min())
    apart = ends.join(starts, on="recording_id")
    assert (apart["start"] - apart["t0_ns"] >= 10**9).all()
    assert set(made.rows["subject"]) == {"008"}


def test_the_paper_s_trials_of_ai4pain(ai4pain, select):
    """Tiny-BioMoE: no, low and high pain; rest and the test set, whose labels are hidden, are left out."""
    for place, signal in enumerate(("Bvp", "Eda", "Resp", "SpO2")):
        trials(ai4pain / f"validation/{signal}/3.csv", {"3_Baseline_1": 1100, "3_HIGH_2": 1022}, 20 + place)
    made = select("ai4pain-pain", {"ai4pain": ai4pain})
    assert sorted(made.rows.select("subject", "label", "split").iter_rows()) == [
        ("1", "high", "train"),
        ("1", "low", "train"),
        ("1", "none", "train"),
        ("3", "high", "val"),
        ("3", "none", "val"),
    ]
    assert set(made.rows["t0_ns"]) == {0}

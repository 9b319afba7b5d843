"""WESAD by twin: one pickle a subject, as Python 2 wrote it, with the layout, rates and labels of its readme."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest

SECONDS = 12


def by_python_2(value):
    """Protocol 2 as Python 2 wrote it: texts and the bytes of arrays are BINSTRING, numpy's core has its old name."""
    out = bytearray(b"\x80\x02")

    def text(letters):
        out.extend(b"U" + bytes([len(letters)]) + letters.encode("latin-1"))

    def array(values):
        out.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01")
        for length in values.shape:
            out.extend(b"J" + length.to_bytes(4, "little"))
        out.extend({1: b"\x85", 2: b"\x86"}[values.ndim] + b"cnumpy\ndtype\nU\x02")
        out.extend(
            values.dtype.str[1:].encode()
            + b"K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        )
        content = values.tobytes()
        out.extend(b"T" + len(content).to_bytes(4, "little") + content + b"tb")

    def write(thing):
        if isinstance(thing, dict):
            out.extend(b"}(")
            for key, inner in thing.items():
                text(key)
                write(inner)
            out.extend(b"u")
        elif isinstance(thing, str):
            text(thing)
        else:
            array(thing)

    write(value)
    return bytes(out + b".")


def subject(name, seed):
    random = np.random.default_rng(seed)
    chest, wrist = 700 * SECONDS, {"ACC": 32, "BVP": 64, "EDA": 4, "TEMP": 4}
    # transient, baseline, transient, stress, amusement, 5 (to be ignored), meditation
    label = np.repeat(np.array([0, 1, 0, 2, 3, 5, 4], np.int32), [700, 2100, 350, 1750, 1400, 700, 1400])
    return {
        "signal": {
            "chest": {
                "ACC": random.normal(size=(chest, 3)),
                "ECG": random.normal(size=(chest, 1)),
                "EMG": random.normal(size=(chest, 1)),
                "EDA": random.uniform(1, 9, (chest, 1)),
                "Temp": random.uniform(30, 34, (chest, 1)).astype(np.float32),
                "Resp": random.normal(size=(chest, 1)),
            },
            "wrist": {
                key: random.integers(-64, 64, (rate * SECONDS, 3 if key == "ACC" else 1)).astype(float)
                for key, rate in wrist.items()
            },
        },
        "label": label,
        "subject": name,
    }


@pytest.fixture
def wesad(tmp_path):
    root = tmp_path / "WESAD"
    for place, (name, write) in enumerate({"S2": by_python_2, "S10": lambda value: pickle.dumps(value, 2)}.items()):
        folder = root / name
        folder.mkdir(parents=True)
        (folder / f"{name}.pkl").write_bytes(write(subject(name, place)))
        for beside in ("quest.csv", "readme.txt", "respiban.txt"):
            (folder / f"{name}_{beside}").write_text("# ID;2\n")
    (root / "wesad_readme.pdf").write_bytes(b"%PDF-1.4")
    return root


def test_the_twins_own_writer_writes_what_python_reads():
    made = pickle.loads(by_python_2(subject("S2", 0)), encoding="latin1")
    np.testing.assert_array_equal(made["signal"]["chest"]["ACC"], subject("S2", 0)["signal"]["chest"]["ACC"])
    assert (made["label"].dtype, made["subject"]) == (np.int32, "S2")


def test_twin_of_wesad(wesad, take):
    taken = take("wesad", wesad)
    assert sorted(taken.recordings) == ["S10", "S2"]
    assert "2 of 15 subjects" in taken.report.notes
    assert taken.streams("S2") == {
        ("ACC", 700): ["chest ACCx", "chest ACCy", "chest ACCz"],
        ("ECG", 700): ["chest"],
        ("EMG", 700): ["trapezius"],
        ("GSR", 700): ["chest EDA"],
        ("TEMP", 700): ["chest TEMP"],
        ("RESP", 700): ["chest"],
        ("ACC", 32): ["wrist ACCx", "wrist ACCy", "wrist ACCz"],
        ("PPG", 64): ["PPG"],
        ("GSR", 4): ["wrist EDA"],
        ("TEMP", 4): ["wrist TEMP"],
    }
    assert taken.units("S2")["ACC"] == {"g"}
    made = subject("S2", 0)["signal"]
    recording = taken.recordings["S2"]
    wrist = next(s for s in recording.streams if (str(s.sensor_type), s.rate_hz) == ("ACC", 32))
    np.testing.assert_allclose(wrist.physical, made["wrist"]["ACC"].T / 64)  # Empatica's info.txt: 1/64 g
    temperature = next(s for s in recording.streams if (str(s.sensor_type), s.rate_hz) == ("TEMP", 700))
    assert temperature.samples.dtype == np.float32  # as it is in the file


def test_chest_and_wrist_share_a_clock_and_the_labels(wesad, take):
    """Label ids 0, 5, 6 and 7 are no condition; intervals begin and end on the sample of 1/700 s."""
    taken = take("wesad", wesad)
    assert taken.said("S2", "condition") == [
        (1.0, 3.0, "baseline"),
        (4.5, 2.5, "stress"),
        (7.0, 2.0, "amusement"),
        (10.0, 2.0, "meditation"),
    ]
    recording = taken.recordings["S2"]
    assert {stream.end_ns for stream in recording.streams} == {SECONDS * 10**9}
    assert {stream.t0_ns for stream in recording.streams} == {0}
    assert recording.warnings == ()


def test_the_papers_windows_of_wesad(wesad, select):
    """BioX-Bridge and PanLUNA: one label is all that a window has. The twin has 12 s, so that a minute is a second."""
    split = {"method": "kfold", "folds": 2}
    bridge = select("wesad-bridge", {"wesad": wesad}, windows={"length": "1s", "hop": "100ms"}, split=split)
    counts = dict(bridge.rows.filter(subject="2")["label"].value_counts().iter_rows())
    # Of 3.0, 2.5 and 2.0 s, windows of 1 s every 0.1 s from each onset.
    assert counts == {"baseline": 21, "stress": 16, "amusement": 11}
    affect = select("wesad-affect", {"wesad": wesad}, windows={"length": "1s", "hop": "1s"}, split=split)
    said = affect.rows.filter(subject="2").select(pl.col("t0_ns") // 10**9, "label").rows()
    assert said == [
        *((second, "baseline") for second in (1, 2, 3)),
        *((second, "stress") for second in (5, 6)),
        *((second, "amusement") for second in (7, 8)),
        *((second, "meditation") for second in (10, 11)),
    ]

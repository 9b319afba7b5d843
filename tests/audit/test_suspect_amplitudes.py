"""Planted unit faults through a whole ingest: each is marked, the sound original is not, and `audit` says the same."""

from __future__ import annotations

import edfio
import numpy as np
import polars as pl
import pytest

from biocurate.audit import at_ingest
from biocurate.audit.run import audit
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan, revision
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

from .conftest import electrodes

RECIPE = """
name: plain
title: As the files have it
licence: CC0-1.0
access: open
citation: none
url: https://example.org/plain
files: {pattern: '(?P<subject>\\w+)\\.edf', reader: edf}
channels:
  - {match: 'EEG.*', sensor: EEG}
  - {match: 'ECG.*', sensor: ECG}
  - {match: 'EDA', sensor: GSR}
  - {match: 'TEMP', sensor: TEMP}
"""


def eeg(seconds=40, rate=128):
    """Noise of 10 uV that falls as 1/f, four channels."""
    random = np.random.default_rng(0)
    n = seconds * rate
    spectrum = np.fft.rfft(random.standard_normal((4, n)))
    x = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.shape[1]) / seconds, 1.0) ** 0.5, n)
    return 10 * x / x.std()


def ecg():
    at = electrodes(seconds=40, rate=250)
    return (at["LF"] - at["RA"])[None]


def slow(level):
    """A level that wanders by 2 % at 4 Hz."""
    random = np.random.default_rng(1)
    return level * (1 + 0.02 * np.cumsum(random.standard_normal((1, 160)), axis=1) / 13)


SENSORS = {
    "EEG": (eeg(), 128, "uV"),
    "ECG": (ecg(), 250, "mV"),
    "EDA": (slow(4), 4, "uS"),
    "TEMP": (slow(33), 4, "degC"),
}
FAULTS = {
    "EEG of uV labelled mV": ("EEG", lambda x: x, "mV"),
    "EEG of V labelled uV": ("EEG", lambda x: x / 1e6, "uV"),
    "ECG counts called mV": ("ECG", lambda x: np.round(x * 200), "mV"),
    "EDA in kOhm called uS": ("EDA", lambda x: 1000 / x, "uS"),
    "TEMP in Fahrenheit called degC": ("TEMP", lambda x: x * 1.8 + 32, "degC"),
}
GSR = {"EDA": "GSR"}


class Corpus:
    """EDF files of four sensors, and their store."""

    def __init__(self, folder):
        self.root, self.recipe = folder / "raw", folder / "plain.yaml"
        self.root.mkdir()
        self.recipe.write_text(RECIPE)
        self.store = create_store(str(folder / "store"))

    def write(self, name, **changed):
        signals = []
        for sensor, (x, rate, unit) in (SENSORS | changed).items():
            labels = [sensor] if len(x) == 1 else [f"{sensor} {lead}" for lead in ("Fp1", "Fp2", "C3", "C4")]
            for label, row in zip(labels, x, strict=True):
                top = 10.0 ** np.ceil(np.log10(np.abs(row).max()))
                signals.append(
                    edfio.EdfSignal(row, rate, label=label, physical_dimension=unit, physical_range=(-top, top))
                )
        edfio.Edf(signals).write(self.root / f"{name}.edf")

    def ingest(self):
        outcome = ingest(make_plan(load_recipe(self.recipe), self.root, self.store), InProcess(), self.store)
        assert outcome.failures == []
        return outcome

    def suspect(self):
        """Recording -> sensor types of suspect channels."""
        rows = self.store.channels.filter(pl.col("unit_status") == "suspect").collect()
        types = self.store.streams.select("stream_id", "sensor_type").collect()
        found = {}
        for row in rows.join(types, on="stream_id").to_dicts():
            found.setdefault(row["recording_id"].split("/")[1], []).append(row["sensor_type"])
        return found


@pytest.fixture
def corpus(tmp_path):
    return Corpus(tmp_path)


def planted(fault):
    sensor, change, unit = FAULTS[fault]
    x, rate, _ = SENSORS[sensor]
    return {sensor: (change(x), rate, unit)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_unit_fault_is_marked_with_its_reason_and_the_sound_original_is_not(corpus, fault):
    corpus.write("sound")
    corpus.write("wrong", **planted(fault))
    corpus.ingest()
    sensor = GSR.get(FAULTS[fault][0], FAULTS[fault][0])
    assert corpus.suspect() == {"wrong": [sensor] * len(SENSORS[FAULTS[fault][0]][0])}
    said = {name: corpus.store.recording(f"plain/{name}").row["warnings"] for name in ("sound", "wrong")}
    assert not any("(audit)" in text for text in said["sound"])
    [reason] = [text for text in said["wrong"] if "(audit)" in text]
    assert reason.startswith(f"{sensor}: unit is suspect: the typical ")


def test_the_command_and_the_store_say_the_same(corpus):
    corpus.write("sound")
    for number, fault in enumerate(FAULTS):
        corpus.write(f"wrong{number}", **planted(fault))
    corpus.ingest()
    found = [row for row in audit(corpus.store, InProcess()).findings() if row["finding"] == "amplitude"]
    assert {name.split("/")[1] for row in found for name in row["all"]} == set(corpus.suspect())
    assert all(row["marked suspect"] == row["recordings"] and row["unmarked"] == [] for row in found)


def test_both_look_at_the_same_integers_of_a_long_recording(corpus, monkeypatch):
    """Also where a recording is too large to be held, so that excerpts come straight from its file."""
    from biocurate.ingest import holding

    x = eeg(seconds=200)
    x[:, : 60 * 128] *= 1e4  # an artefact of a minute, of which some excerpts show parts
    corpus.write("long", EEG=(x, 128, "uV"), ECG=(np.tile(ecg(), 5), 250, "mV"), EDA=(np.tile(slow(4), 5), 4, "uS"),
                 TEMP=(np.tile(slow(33), 5), 4, "degC"))  # fmt: skip
    looked = []
    judge = at_ingest.amplitudes

    def noted(sensor, blocks, rate_hz, scales):
        looked.append((sensor, rate_hz, [block.tolist() for block in blocks]))
        return judge(sensor, blocks, rate_hz, scales)

    monkeypatch.setattr(at_ingest, "amplitudes", noted)
    monkeypatch.setattr("biocurate.audit.recording.amplitudes", noted)
    monkeypatch.setattr(holding, "SHARD_BYTES", 1000)
    corpus.ingest()
    at_first, looked[:] = list(looked), []
    audit(corpus.store, InProcess())
    assert len(at_first) == 4
    assert sorted(at_first, key=str) == sorted(looked, key=str)


def test_a_store_of_older_rules_is_contradicted_aloud_and_mended_without_the_raw_samples(corpus, monkeypatch, capsys):
    corpus.write("sound")
    corpus.write("wrong", **planted("EEG of uV labelled mV"))
    with monkeypatch.context() as older:
        older.setattr(at_ingest, "_of_amplitudes", lambda *_: [])
        older.setattr(revision, "AUDIT", at_ingest.VERSION - 1)
        corpus.ingest()
    assert corpus.suspect() == {}
    [row] = [row for row in audit(corpus.store, InProcess()).findings() if row["suspect"]]
    assert (row["marked suspect"], row["unmarked"]) == (0, ["plain/wrong"])

    from biocurate.cli.audit import _print

    _print(audit(corpus.store, InProcess()))
    said = " ".join(capsys.readouterr().out.split())
    assert "marked suspect in the store: 0 of 1" in said
    assert "The store trusts plain/wrong: `biocurate ingest plain --root DIR` judges rows" in said

    outcome = corpus.ingest()
    assert (outcome.rewritten, outcome.recordings) == (2, 0)
    assert corpus.suspect() == {"wrong": ["EEG"] * 4}
    assert audit(corpus.store, InProcess()).findings()[0]["unmarked"] == []


def test_a_mark_that_no_check_explains_is_told(corpus):
    rule = "{match: 'TEMP', sensor: TEMP, unit_status: suspect, reason: no one calibrated it}"
    corpus.recipe.write_text(RECIPE.replace("{match: 'TEMP', sensor: TEMP}", rule))
    corpus.write("sound")
    corpus.ingest()
    [row] = audit(corpus.store, InProcess()).findings()
    assert (row["finding"], row["of"], row["channels"], row["marked suspect"]) == ("unexplained", "TEMP", ["TEMP"], 1)


def test_a_recipe_that_says_suspect_keeps_its_reason_and_is_not_judged(corpus):
    rule = "{match: 'EEG.*', sensor: EEG, unit_status: suspect, reason: the authors say so}"
    corpus.recipe.write_text(RECIPE.replace("{match: 'EEG.*', sensor: EEG}", rule))
    corpus.write("wrong", **planted("EEG of V labelled uV"))
    corpus.ingest()
    warnings = corpus.store.recording("plain/wrong").row["warnings"]
    assert [text for text in warnings if "suspect" in text] == ["EEG: unit is suspect: the authors say so"]


def test_a_unit_that_the_recipe_corrects_is_sound_again(corpus):
    corpus.write("wrong", **planted("EEG of uV labelled mV"))
    corpus.ingest()
    assert corpus.suspect() == {"wrong": ["EEG"] * 4}
    corpus.recipe.write_text(RECIPE.replace("sensor: EEG}", "sensor: EEG, unit: uV}"))
    assert corpus.ingest().rewritten == 1
    assert corpus.suspect() == {}

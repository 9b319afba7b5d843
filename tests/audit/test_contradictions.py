"""Rates and headers against what a file, its table and its publication say, through a whole ingest and `audit`.

Each planted fault has the sound original beside it in the same store, which is not found.
"""

from __future__ import annotations

from datetime import date

import edfio
import numpy as np
import pytest

from biocurate.audit.run import audit
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

from .conftest import electrodes

RECIPE = """
name: said
title: What files say
licence: CC0-1.0
access: open
citation: none
url: https://example.org/said
mains_hz: 50
files: {pattern: '(?P<subject>\\w+)\\.edf', reader: edf}
channels:
  - {match: 'EEG.*', sensor: EEG}
  - {match: 'ECG.*', sensor: ECG}
  - {match: 'PLETH', sensor: PPG, unit: NU}
subject:
  age: {from: table, file: who.csv, key: {column: id}, column: age}
  sex: {from: table, file: who.csv, key: {column: id}, column: sex}
expect: {duration_s: [120]}
"""
SECONDS = 120


def brain(true_hz):
    """EEG of 250 Hz with a line, as if sampled at another rate: two channels."""
    random = np.random.default_rng(0)
    n = SECONDS * 250
    spectrum = np.fft.rfft(random.standard_normal((2, n)))
    x = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.shape[1]) / SECONDS, 1.0) ** 0.5, n)
    return 10 * x / x.std() + 4 * np.sin(2 * np.pi * 50 * np.arange(n) / true_hz)


def pulse(true_hz, bpm=72.0, rate_hz=125):
    """PPG of a heart, taken at a rate that may differ from the one that is declared."""
    phase = 2 * np.pi * np.arange(SECONDS * rate_hz) / true_hz * bpm / 60
    noise = np.random.default_rng(1).standard_normal(len(phase))
    return np.sin(phase - 1) + 0.3 * np.sin(2 * phase) + 0.05 * noise


@pytest.fixture
def found(tmp_path):
    """Write recordings, ingest and audit them; returns finding -> (what it is of, recordings)."""
    root, recipe = tmp_path / "raw", tmp_path / "said.yaml"
    root.mkdir()
    recipe.write_text(RECIPE)
    rows = ["id,age,sex"]

    def write(name, table="40,F", born=date(1980, 1, 1), sex="F", line_hz=250.0, pulse_hz=125.0, seconds=SECONDS):
        rows.append(f"{name},{table}")
        heart = electrodes(seconds=SECONDS, rate=250)["LF"]
        signals = [edfio.EdfSignal(row[: seconds * 250], 250, label=f"EEG {lead}", physical_dimension="uV")
                   for lead, row in zip(("Cz", "Pz"), brain(line_hz), strict=True)]  # fmt: skip
        signals.append(edfio.EdfSignal(heart[: seconds * 250], 250, label="ECG", physical_dimension="mV"))
        signals.append(edfio.EdfSignal(pulse(pulse_hz)[: seconds * 125], 125, label="PLETH"))
        person = edfio.Patient(sex=sex, birthdate=born)
        day = edfio.Recording(startdate=date(2020, 6, 1))
        marks = [edfio.EdfAnnotation(0, None, "start")]  # ages and sexes are EDF+'s
        edfio.Edf(signals, patient=person, recording=day, annotations=marks).write(root / f"{name}.edf")

    def look():
        (root / "who.csv").write_text("\n".join(rows) + "\n")
        store = create_store(str(tmp_path / "store"))
        assert ingest(make_plan(load_recipe(recipe), root, store), InProcess(), store).failures == []
        return {(row["finding"], row["of"]): row for row in audit(store, InProcess()).findings()}

    look.write = write
    return look


def names(row):
    return [name.split("/")[1] for name in row["all"]]


def test_a_sound_recording_contradicts_nothing(found):
    found.write("sound")
    assert found() == {}


def test_mains_at_a_rate_that_is_declared_250_and_was_256(found):
    found.write("sound")
    found.write("wrong", line_hz=256.0)
    [(key, row)] = found().items()
    assert key == ("mains", "EEG, 0.9766 times 50 Hz")
    assert names(row) == ["wrong"]
    assert row["median"] == pytest.approx(50 * 250 / 256, abs=0.3)


def test_a_pulse_at_a_rate_that_is_declared_125_and_was_128(found):
    found.write("sound")
    found.write("wrong", pulse_hz=128.0)
    [(key, row)] = found().items()
    assert key == ("heart-rates", "ECG and PPG")
    assert names(row) == ["wrong"]
    assert row["median"] == pytest.approx(125 / 128, rel=0.005)


def test_age_and_sex_of_the_header_against_the_table(found):
    found.write("sound")
    found.write("older", table="51,F")
    found.write("other", table="40,M")
    said = found()
    assert {key: names(row) for key, row in said.items()} == {
        ("header", "age: who.csv"): ["older"],
        ("header", "sex: who.csv"): ["other"],
    }


def test_an_age_with_months_is_that_of_the_headers_whole_years(found):
    found.write("months", table="40.4,F")
    assert found() == {}


def test_a_length_that_was_not_published_and_one_within_a_second(found):
    found.write("sound", seconds=119)
    found.write("short", seconds=100)
    [(key, row)] = found().items()
    assert key == ("length", "published: 120 s")
    assert (names(row), row["median"]) == (["short"], 100.0)

"""The recipes that come with the program on the real corpora; labels against the raw tables, read by the csv module."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from biocurate.recipes import list_recipes, load_recipe
from biocurate.recipes.check import check
from biocurate.recording import NS

pytestmark = pytest.mark.corpora


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def unit_of(recipe, root, name):
    return next(unit for unit in recipe.units(root) if unit.name == name)


def said(recording, kind):
    return [made.value for made in recording.annotations if made.kind == kind]


OPEN = {"bids", "cogwear", "welltory", "ai4pain", "fog", "siena", "tuab", "tueg"}
"""A recipe for every BIDS corpus expects nothing of one; the others' counts or rates are not published, or their
recordings have not the same channels."""


@pytest.mark.parametrize("name", [recipe.name for recipe in list_recipes()])
def test_a_recipe_is_named_as_its_file_and_says_what_it_expects(name):
    recipe = load_recipe(name)
    assert recipe.path.stem == recipe.name
    assert "# source:" in recipe.text
    if name in OPEN:
        return
    assert recipe.expect.subjects
    assert recipe.expect.recordings
    assert recipe.expect.rate_hz
    assert recipe.expect.channels


@pytest.mark.parametrize(
    ("name", "recordings", "subjects"), [("eegmat", 44, 22), ("ludb", 68, 68), ("stress-predict", 27, 27)]
)
def test_recipe_and_corpus_agree(corpora, name, recordings, subjects):
    report = check(load_recipe(name), corpora / name)
    assert (report.recordings, report.subjects) == (recordings, subjects)
    assert report.findings == []
    assert report.unread.keys() <= {".md", ".txt", "RECORDS"}


class TestEegmat:
    def test_every_label_age_and_sex_is_that_of_the_table(self, corpora):
        root = corpora / "eegmat"
        recipe = load_recipe("eegmat")
        table = {row["Subject"].removeprefix("Subject"): row for row in rows_of(root / "subject-info.csv")}
        for unit in recipe.units(root):
            row = table[unit.subject]
            recording = recipe.read(unit)
            assert said(recording, "condition") == [{"1": "rest", "2": "arithmetic"}[unit.run]]
            assert said(recording, "counter") == [{"0": "poor", "1": "good"}[row["Count quality"]]]
            assert [made.number for made in recording.annotations if made.kind == "subtractions"] == [
                float(row["Number of subtractions"])
            ]
            assert (recording.age, recording.sex) == (float(row["Age"]), row["Gender"])
            assert {(made.onset_ns, made.duration_ns) for made in recording.annotations} == {(0, recording.duration_ns)}

    def test_names_carry_no_trace_of_a_cut_copy(self, corpora):
        names = [unit.recording_id for unit in load_recipe("eegmat").units(corpora / "eegmat")]
        assert names[:3] == ["eegmat/Subject02_1", "eegmat/Subject02_2", "eegmat/Subject03_1"]

    def test_the_sex_in_each_header_is_the_opposite_of_the_tables_and_that_is_reported(self, corpora):
        recipe = load_recipe("eegmat")
        warnings = Counter(
            warning for unit in recipe.units(corpora / "eegmat") for warning in recipe.read(unit).warnings
        )
        assert warnings["sex: subject-info.csv and file header differ; that of subject-info.csv is kept"] == 44

    def test_channels(self, corpora):
        recipe = load_recipe("eegmat")
        eeg, ecg = recipe.read(unit_of(recipe, corpora / "eegmat", "Subject02_2")).streams
        assert [channel.name for channel in eeg.channels[:3]] == ["Fp1", "Fp2", "F3"]
        assert [(channel.name, channel.reference) for channel in eeg.channels[-2:]] == [
            ("Pz", "linked ears"),
            ("A2-A1", "A1"),
        ]
        assert [(channel.name, channel.unit, channel.unit_status) for channel in ecg.channels] == [
            ("ECG", "mV", "declared")
        ]


LUDB_COLUMNS = {
    "rhythm": "Rhythms",
    "axis": "Electric axis of the heart",
    "conduction": "Conduction abnormalities",
    "extrasystole": "Extrasystolies",
    "hypertrophy": "Hypertrophies",
    "pacing": "Cardiac pacing",
    "ischemia": "Ischemia",
    "repolarization": "Non-specific repolarization abnormalities",
    "other": "Other states",
}
SHORTENED = {"axis", "repolarization"}
"""Kinds whose values repeat the column's name in front."""


class TestLudb:
    def test_every_diagnosis_age_and_sex_is_that_of_the_table(self, corpora):
        root = corpora / "ludb"
        recipe = load_recipe("ludb")
        table = {row["ID"].strip(): row for row in rows_of(root / "ludb.csv")}
        for unit in recipe.units(root)[::4]:
            row = table[unit.name]
            recording = recipe.read(unit)
            for kind, column in LUDB_COLUMNS.items():
                lines = [line.strip() for line in row[column].split("\n")]
                lines = [line.removeprefix(f"{column}: ") for line in lines] if kind in SHORTENED else lines
                assert sorted(said(recording, kind)) == sorted(filter(None, lines)), (unit.name, kind)
            age = row["Age"].strip()
            assert recording.age == (90.0 if age == ">89" else float(age))
            assert recording.sex == row["Sex"].strip()

    def test_wave_marks_are_those_of_each_leads_own_file(self, corpora):
        import wfdb

        root = corpora / "ludb"
        recipe = load_recipe("ludb")
        recording = recipe.read(unit_of(recipe, root, "8"))
        for channel in ("I", "aVR", "V6"):
            marks = wfdb.rdann(str(root / "data/8"), channel.lower())
            assert [
                (made.onset_ns, made.value)
                for made in recording.annotations
                if made.kind == "wave" and made.channel == channel
            ] == [(sample * 2_000_000, symbol) for sample, symbol in zip(marks.sample, marks.symbol, strict=True)]

    def test_the_gains_that_are_no_millivolts_are_suspect(self, corpora):
        """Every lead spans exactly 1 "mV", and Einthoven's law holds in the integers only."""
        recipe = load_recipe("ludb")
        recording = recipe.read(unit_of(recipe, corpora / "ludb", "1"))
        (ecg,) = recording.streams
        np.testing.assert_allclose(np.ptp(ecg.physical, axis=1), 1.0, rtol=1e-9)
        one, two, three = ecg.digital[:3].astype(np.int64)
        np.testing.assert_array_equal(three, two - one)
        assert {channel.unit_status for channel in ecg.channels} == {"suspect"}
        assert any("suspect" in warning for warning in recording.warnings)


class TestStressPredict:
    @staticmethod
    def lines(root: Path, subject: str, name: str) -> list[list[str]]:
        folder = root / f"Raw_data/S{subject}"
        if folder.is_dir():
            text = (folder / name).read_text()
        else:
            with zipfile.ZipFile(f"{folder}.zip") as archive:
                text = archive.read(name).decode()
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if row]

    @pytest.mark.parametrize("subject", ["02", "10", "27"])
    def test_stress_is_that_of_each_second_in_the_table(self, corpora, subject):
        root = corpora / "stress-predict"
        recipe = load_recipe("stress-predict")
        recording = recipe.read(unit_of(recipe, root, f"S{subject}"))
        start = int(float(self.lines(root, subject, "BVP.csv")[0][0]))
        rows = [
            row
            for row in rows_of(root / "Processed_data/labels_hr_rsp_binary.csv")
            if int(row["Participant"]) == int(subject)
        ]
        expected = []
        for label, group in groupby(rows, key=lambda row: row["Label"]):
            seconds = [int(row["Time(sec)"]) - start for row in group]
            assert seconds == list(range(seconds[0], seconds[-1] + 1))
            value = {"0": "non-stress", "1": "stress"}[label]
            expected.append(
                (seconds[0] * NS, min((seconds[-1] + 1) * NS, recording.duration_ns) - seconds[0] * NS, value)
            )
        assert [
            (made.onset_ns, made.duration_ns, made.value) for made in recording.annotations if made.kind == "condition"
        ] == expected

    @pytest.mark.parametrize("subject", ["01", "02", "14"])
    def test_beats_and_button_presses_are_those_of_the_files(self, corpora, subject):
        root = corpora / "stress-predict"
        recipe = load_recipe("stress-predict")
        recording = recipe.read(unit_of(recipe, root, f"S{subject}"))
        beats = [(made.onset_ns, made.number) for made in recording.annotations if made.kind == "beat"]
        assert beats == [(round(float(t) * NS), float(ibi)) for t, ibi in self.lines(root, subject, "IBI.csv")[1:]]
        start = int(float(self.lines(root, subject, "BVP.csv")[0][0]))
        presses = [int(row[0]) - start for row in self.lines(root, subject, f"tags_S{subject}.csv")]
        marks = [made.onset_ns for made in recording.annotations if made.kind == "mark"]
        assert marks == sorted(press * NS for press in presses if 0 <= press * NS <= recording.duration_ns)

    @pytest.mark.parametrize("subject", ["02", "10"])
    def test_signals_from_a_folder_and_from_a_zip_on_one_clock(self, corpora, subject):
        root = corpora / "stress-predict"
        recipe = load_recipe("stress-predict")
        recording = recipe.read(unit_of(recipe, root, f"S{subject}"))
        found = {str(stream.sensor_type): stream for stream in recording.streams}
        assert sorted(found) == ["ACC", "GSR", "HR", "PPG", "TEMP"]
        files = {"ACC": "ACC.csv", "GSR": "EDA.csv", "HR": "HR.csv", "PPG": "BVP.csv", "TEMP": "TEMP.csv"}
        starts = {sensor: float(self.lines(root, subject, name)[0][0]) for sensor, name in files.items()}
        first = min(starts.values())
        for sensor, stream in found.items():
            lines = self.lines(root, subject, files[sensor])
            assert stream.rate_hz == float(lines[1][0])
            assert stream.t0_ns == round((starts[sensor] - first) * NS)
            np.testing.assert_array_equal(stream.digital, np.array(lines[2:], float).T)
        assert found["HR"].t0_ns == 10 * NS
        acc = found["ACC"]
        assert (acc.samples.dtype, {channel.unit for channel in acc.channels}) == (np.dtype("int16"), {"1/64 g"})

    def test_the_one_subject_without_labels_is_reported_and_read(self, corpora):
        recipe = load_recipe("stress-predict")
        recording = recipe.read(unit_of(recipe, corpora / "stress-predict", "S01"))
        assert said(recording, "condition") == []
        assert "condition: no label, Processed_data/labels_hr_rsp_binary.csv has no row for it" in recording.warnings
        assert len(recording.streams) == 5

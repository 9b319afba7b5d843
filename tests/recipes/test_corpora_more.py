"""The recipes of eegmmidb, Sleep-EDF and BIDMC on real files, against edfio and the csv module."""

from __future__ import annotations

import csv
import shutil
from collections import Counter

import edfio
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.recording import NS


def unit_of(recipe, root, name):
    return next(unit for unit in recipe.units(root) if unit.name == name)


def said(recording, kind):
    return [(made.onset_ns, made.duration_ns, made.value) for made in recording.annotations if made.kind == kind]


@pytest.mark.corpora
class TestEegmmidb:
    def test_recipe_and_corpus_agree(self, corpora):
        report = check(load_recipe("eegmmidb"), corpora / "eegmmidb")
        assert (report.recordings, report.subjects, report.findings) == (5, 1, [])
        assert report.unread.keys() <= {".md"}

    @pytest.mark.parametrize(
        ("name", "task"), [("S001R03", "movement"), ("S001R04", "imagery"), ("S001R07", "movement")]
    )
    def test_cues_are_the_files_annotations_as_their_run_means_them(self, corpora, name, task):
        recipe, root = load_recipe("eegmmidb"), corpora / "eegmmidb"
        recording = recipe.read(unit_of(recipe, root, name))
        marks = edfio.read_edf(root / f"{name}.edf").annotations
        cues = {"T0": "rest", "T1": "left fist", "T2": "right fist"}
        assert said(recording, "cue") == [
            (round(mark.onset * NS), round(mark.duration * NS), cues[mark.text]) for mark in marks
        ]
        assert said(recording, "task") == [(0, recording.duration_ns, task)]
        assert recording.warnings == ()

    def test_channels_lose_their_dots_and_keep_their_integers(self, corpora):
        recipe, root = load_recipe("eegmmidb"), corpora / "eegmmidb"
        (eeg,) = recipe.read(unit_of(recipe, root, "S001R03")).streams
        raw = edfio.read_edf(root / "S001R03.edf")
        assert [channel.name.upper() for channel in eeg.channels] == [label.strip(".").upper() for label in raw.labels]
        assert eeg.channels[0].name == "FC5"
        np.testing.assert_array_equal(eeg.digital, [signal.digital for signal in raw.signals])

    @pytest.mark.parametrize("name", ["crlf_corrupted/S001R01", "crlf_corrupted/S001R03"])
    def test_a_copy_whose_line_ends_were_changed_is_refused_with_a_mend(self, corpora, name):
        recipe, root = load_recipe("eegmmidb"), corpora / "eegmmidb"
        with pytest.raises(SourceError, match="damaged in transfer") as caught:
            recipe.read(unit_of(recipe, root, name))
        assert "binary" in caught.value.mend


def test_t1_and_t2_mean_what_the_page_of_eegmmidb_says_of_each_run():
    """The corpus' page, file formats: T1 and T2 in runs 3, 4, 7, 8, 11, 12, and in 5, 6, 9, 10, 13, 14."""
    labels = load_recipe("eegmmidb").definition.labels
    fists, feet = {"3", "4", "7", "8", "11", "12"}, {"5", "6", "9", "10", "13", "14"}
    for run in range(1, 15):
        meant = labels["cue"].meant({"run": f"{run:02d}"}).map
        assert meant["T0"] == "rest"
        pair = (meant.get("T1"), meant.get("T2"))
        assert pair == (
            ("left fist", "right fist")
            if str(run) in fists
            else ("both fists", "both feet")
            if str(run) in feet
            else (None, None)
        )
    tasks = labels["task"].map
    assert sorted(run for run, task in tasks.items() if task == "movement") == ["03", "05", "07", "09", "11", "13"]
    assert sorted(run for run, task in tasks.items() if task == "imagery") == ["04", "06", "08", "10", "12", "14"]
    assert (tasks["01"], tasks["02"]) == ("eyes open", "eyes closed")


@pytest.fixture
def sleep(corpora, tmp_path):
    """The tree of Sleep-EDF with the one night that is at hand: its first 300 s and its whole hypnogram."""
    folder = tmp_path / "sleep-cassette"
    folder.mkdir()
    shutil.copy(corpora / "edfio/short_psg.edf", folder / "SC4001E0-PSG.edf")
    shutil.copy(corpora / "edfio/SC4001EC-Hypnogram.edf", folder / "SC4001EC-Hypnogram.edf")
    (tmp_path / "SC-subjects.xls").write_bytes(b"")
    return tmp_path


@pytest.mark.corpora
class TestSleepEdf:
    def test_recipe_and_corpus_agree(self, sleep):
        report = check(load_recipe("sleep-edf"), sleep)
        assert (report.recordings, report.subjects, report.findings, report.unread) == (1, 1, [], {})

    def test_psg_and_hypnogram_are_one_night_of_one_person(self, sleep):
        recipe = load_recipe("sleep-edf")
        (unit,) = recipe.units(sleep)
        assert (unit.name, unit.person, unit.session, len(unit.files)) == ("SC4001", "sleep-edf/SC400", "1", 2)
        recording = recipe.read(unit)
        assert (recording.sex, recording.duration_ns) == ("F", 300 * NS)
        assert {str(stream.sensor_type): stream.rate_hz for stream in recording.streams} == {
            "EEG": 100,
            "EOG": 100,
            "RESP": 1,
            "EMG": 1,
            "TEMP": 1,
            "TRIG": 1,
        }

    def test_stages_are_cut_to_the_recording_and_what_is_outside_is_counted(self, sleep):
        recipe = load_recipe("sleep-edf")
        recording = recipe.read(recipe.units(sleep)[0])
        assert said(recording, "stage") == [(0, 300 * NS, "W")]
        assert "stage: 152 of 153 lie outside the recording and are left out" in recording.warnings

    def test_every_stage_of_the_hypnogram_is_known(self, sleep):
        marks = edfio.read_edf(sleep / "sleep-cassette/SC4001EC-Hypnogram.edf").annotations
        labels = load_recipe("sleep-edf").definition.labels
        stages = Counter(labels["stage"].map[mark.text] for mark in marks)
        assert stages == {"W": 12, "N1": 24, "N2": 40, "N3": 71, "R": 6, None: 1}
        scored = Counter(labels["stage_rk"].map[mark.text] for mark in marks)
        assert (scored["3"] + scored["4"], scored["2"]) == (stages["N3"], stages["N2"])

    def test_the_envelope_of_the_cassettes_is_no_emg_in_microvolts(self, sleep):
        recipe = load_recipe("sleep-edf")
        recording = recipe.read(recipe.units(sleep)[0])
        (emg,) = recording.stream("EMG").channels
        assert (emg.name, emg.unit_status) == ("submental envelope", "suspect")
        assert "Rectification" in (emg.prefilter or "")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sleep-cassette/SC4821G0-PSG.edf", ("SC4821", "SC482", "1", "PSG")),
        ("sleep-cassette/SC4821GC-Hypnogram.edf", ("SC4821", "SC482", "1", "Hypnogram")),
        ("sleep-telemetry/ST7011J0-PSG.edf", ("ST7011", "ST701", "1", "PSG")),
        ("sleep-telemetry/ST7011JP-Hypnogram.edf", ("ST7011", "ST701", "1", "Hypnogram")),
        ("sleep-telemetry/ST7242JA-Hypnogram.edf", ("ST7242", "ST724", "2", "Hypnogram")),
    ],
)
def test_sleep_edfs_names_say_study_subject_night_and_what_is_in_the_file(name, found):
    match = load_recipe("sleep-edf").definition.files.pattern.fullmatch(name)
    assert match is not None
    groups = match.groupdict()
    assert (f"{groups['subject']}{groups['session']}", groups["subject"], groups["session"], groups["signal"]) == found


@pytest.mark.corpora
class TestBidmc:
    def test_recipe_and_corpus_agree(self, corpora):
        report = check(load_recipe("bidmc"), corpora / "bidmc-sample")
        assert (report.recordings, report.findings) == (1, [])

    def test_every_wave_is_its_column_and_the_leads_have_no_unit(self, corpora):
        recipe, root = load_recipe("bidmc"), corpora / "bidmc-sample"
        recording = recipe.read(recipe.units(root)[0])
        with (root / "bidmc_01_Signals.csv").open(newline="") as file:
            rows = list(csv.reader(file, skipinitialspace=True))
        columns = dict(zip(rows[0], np.array(rows[1:], float).T, strict=True))
        for stream in recording.streams:
            assert stream.rate_hz == 125
            for channel, samples in zip(stream.channels, stream.digital, strict=True):
                np.testing.assert_array_equal(samples, columns[channel.label])
        assert {(c.name, c.unit_status) for c in recording.stream("ECG").channels} == {
            ("II", "suspect"),
            ("V", "suspect"),
            ("aVR", "suspect"),
        }


def test_twin_of_bidmc_with_numerics(tmp_path):
    """The dataset's README: HR, PULSE, RESP and SpO2 at 1 Hz beside the waves; columns begin with a blank."""
    folder = tmp_path / "bidmc_csv"
    folder.mkdir()
    waves = "".join(f"{i * 8 / 1000:g},0.35,0.43,0.52,0.3,0.7\n" for i in range(501))
    (folder / "bidmc_07_Signals.csv").write_text("Time [s], RESP, PLETH, V, AVR, II\n" + waves)
    numerics = "".join(f"{second},94,93,25,{97 if second else 'NaN'}\n" for second in range(5))
    (folder / "bidmc_07_Numerics.csv").write_text("Time [s], HR, PULSE, RESP, SpO2\n" + numerics)
    (folder / "bidmc_07_Fix.txt").write_text("Age: 52\n")
    (folder / "bidmc_07_Breaths.csv").write_text("breaths ann1 [signal sample no], breaths ann2 [signal sample no]\n")
    recipe = load_recipe("bidmc")
    report = check(recipe, tmp_path)
    assert (report.findings, report.unread) == ([], {})
    recording = recipe.read(recipe.units(tmp_path)[0])
    assert {(str(s.sensor_type), s.rate_hz): [c.name for c in s.channels] for s in recording.streams} == {
        ("RESP", 125): ["RESP"],
        ("PPG", 125): ["PPG"],
        ("ECG", 125): ["V", "aVR", "II"],
        ("HR", 1): ["HR", "PULSE"],
        ("SPO2", 1): ["SPO2"],
    }
    np.testing.assert_array_equal(recording.stream("SPO2").physical[0], [np.nan, 97, 97, 97, 97])
    assert "2 of 2 files state no start; they are laid at the recording's start" in recording.warnings

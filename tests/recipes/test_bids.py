"""The generic BIDS recipe: any corpus in the Brain Imaging Data Structure goes in without a recipe of its own."""

from __future__ import annotations

import shutil

import pytest

from biocurate.errors import RecipeError
from biocurate.recipes import load_recipe
from biocurate.recording import NS


@pytest.fixture
def tiny(corpora, tmp_path):
    """A copy of mne-bids' tiny corpus that a test may change."""
    return shutil.copytree(corpora / "mne-bids-tiny", tmp_path / "tiny")


def only(root):
    recipe = load_recipe("bids", corpus="tiny")
    (unit,) = recipe.units(root)
    return unit, recipe.read(unit)


def test_names_types_events_and_person_come_from_the_sidecars(tiny):
    """BIDS 1.10: channels.tsv (name, type, units), events.tsv (onset, duration, trial_type), participants.tsv."""
    unit, recording = only(tiny)
    assert (unit.recording_id, unit.person, unit.session) == ("tiny/sub-01_ses-eeg_task-rest", "tiny/01", "eeg")
    assert {str(stream.sensor_type): len(stream.channels) for stream in recording.streams} == {
        "EEG": 64,
        "ECG": 1,
        "EOG": 2,
        "GSR": 1,
        "TEMP": 1,
    }
    assert (recording.age, recording.sex) == (29.0, "F")
    events = [(a.onset_ns, a.duration_ns, a.value) for a in recording.annotations if a.kind == "event"]
    assert events[:2] == [(0, 0, "start_experiment"), (NS // 5, 0, "show_stimulus")]
    assert ("task", "rest") in {(a.kind, a.value) for a in recording.annotations}


def test_a_bad_channel_is_annotated(tiny):
    """BIDS 1.10, EEG, channels description: the column `status`; one channel of the corpus is called bad."""
    _, recording = only(tiny)
    assert [(a.value, a.channel) for a in recording.annotations if a.kind == "channel"] == [("bad", "PO10")]


def test_a_unit_in_the_file_is_not_overruled_and_the_difference_is_told(tiny):
    path = next(tiny.rglob("*_channels.tsv"))
    path.write_text(path.read_text("utf-8-sig").replace("Fp1\tEEG\tµV", "Fp1\tEEG\tV"))
    _, recording = only(tiny)
    fp1 = next(channel for channel in recording.stream("EEG").channels if channel.label == "Fp1")
    assert fp1.unit == "µV"
    assert any("'Fp1': the file gives another unit" in warning for warning in recording.warnings)


@pytest.mark.parametrize("missing", ["participants.tsv", "*_events.tsv", "*_channels.tsv"])
def test_a_corpus_may_be_without_a_sidecar(tiny, missing):
    for path in tiny.rglob(missing):
        path.unlink()
    _, recording = only(tiny)
    assert len(recording.stream("EEG").channels) >= 64


def test_events_without_a_name_are_events_and_without_a_length_instants(tiny):
    next(tiny.rglob("*_events.tsv")).write_text("onset\tduration\n0.1\tn/a\n0.2\t0.3\n")
    _, recording = only(tiny)
    events = [(a.onset_ns, a.duration_ns, a.value) for a in recording.annotations if a.kind == "event"]
    assert events == [(NS // 10, 0, "event"), (NS // 5, 3 * NS // 10, "event")]


def test_a_channel_table_without_names_is_an_error(tiny):
    path = next(tiny.rglob("*_channels.tsv"))
    path.write_text(path.read_text("utf-8-sig").replace("name\t", "label\t", 1))
    with pytest.raises(RecipeError, match="no column 'name'"):
        only(tiny)

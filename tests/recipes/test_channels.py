"""Channel rules: names, types, units, and the streams they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from biocurate.recipes.channels import LAYOUTS, Rulings, know, regroup
from biocurate.recipes.merge import merged
from biocurate.recording import NS, Annotation, ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType

SIGNALS = [("EEG Fp1-REF", "uV"), ("ECG", "mV"), ("EEG Cz", "uV"), ("Thing", "mV")]


def only(root, made):
    (unit,) = made.units(root)
    return made.read(unit)


def test_channels_are_grouped_by_sensor_type_in_the_order_of_the_file(recipe, record):
    root = record("01_1", SIGNALS)
    made = recipe(
        channels=[
            {"match": r"EEG (?P<name>\w+)(-REF)?", "sensor": "EEG", "reference": "linked ears"},
            {"match": "ECG|Thing", "sensor": "ECG"},
        ]
    )
    eeg, ecg = only(root, made).streams
    assert (eeg.sensor_type, [channel.name for channel in eeg.channels]) == (SensorType.EEG, ["Fp1", "Cz"])
    assert (ecg.sensor_type, [channel.name for channel in ecg.channels]) == (SensorType.ECG, ["ECG", "Thing"])
    assert {channel.reference for channel in eeg.channels} == {"linked ears"}
    assert [channel.label for channel in ecg.channels] == ["ECG", "Thing"]
    np.testing.assert_array_equal(eeg.digital[:, :2], [[0, 1], [200, 201]])
    np.testing.assert_array_equal(ecg.samples.read(3, 5), [[103, 104], [303, 304]])


def test_the_first_rule_that_matches_the_whole_label_wins(recipe):
    made = recipe(
        channels=[
            {"match": "EEG A", "sensor": "EOG"},
            {"match": "EEG (?P<name>.+)", "sensor": "EEG"},
            {"match": "EEG A2", "sensor": "EMG"},
        ]
    )
    found = know(made.definition.channels, [("EEG A", "uV"), ("EEG A2", "uV")])
    assert [(known.sensor, known.name) for known in found if known] == [("EOG", "EEG A"), ("EEG", "A2")]


def test_what_no_rule_matches_is_read_by_its_label_or_misc_and_reported(recipe, record):
    rec = only(record("01_1", SIGNALS), recipe(channels=[{"match": "EEG .*", "sensor": "EEG"}]))
    assert [str(stream.sensor_type) for stream in rec.streams] == ["EEG", "ECG", "MISC"]
    assert any("'ECG' matches no rule of the recipe; read as ECG" in warning for warning in rec.warnings)
    assert any("'Thing' matches no rule of the recipe; read as MISC" in warning for warning in rec.warnings)


def test_a_skipped_channel_is_not_read_and_not_reported(recipe, record):
    made = recipe(
        channels=[
            {"match": "Thing", "skip": True},
            {"match": "EEG .*", "sensor": "EEG"},
            {"match": "ECG", "sensor": "ECG"},
        ]
    )
    rec = only(record("01_1", SIGNALS), made)
    assert [channel.label for stream in rec.streams for channel in stream.channels] == ["EEG Fp1-REF", "EEG Cz", "ECG"]
    assert rec.warnings == ()


def stream(labels, unit="", sensor=SensorType.MISC, t0_ns=0, rate_hz=4.0, dtype="i2"):
    samples = np.arange(8 * len(labels), dtype=dtype).reshape(len(labels), 8)
    channels = tuple(Channel(label, label, unit) for label in labels)
    return Stream(sensor, rate_hz, channels, (Segment(t0_ns, 8),), ArraySamples(samples))


@pytest.mark.parametrize(
    ("unit", "rule", "status"),
    [
        ("mV", {}, "declared"),
        ("", {"unit": "mV"}, "recipe"),
        ("uV", {"unit": "mV"}, "corrected"),
        ("mV", {"unit": "mV"}, "declared"),
        ("mV", {"gain": 0.5}, "corrected"),
        ("", {}, "unknown"),
        ("furlong", {}, "unknown"),
        ("mV", {"unit_status": "suspect", "reason": "normalised"}, "suspect"),
    ],
)
def test_unit_status_says_where_a_unit_is_from(recipe, unit, rule, status):
    made = recipe(channels=[{"match": "x", "sensor": "ECG", **rule}])
    rec = regroup(Recording((stream(["x"], unit),)), Rulings(made.definition.channels))
    assert rec.streams[0].channels[0].unit_status == status
    assert (status in ("unknown", "suspect")) == bool(rec.warnings)


def test_a_gain_that_only_the_recipe_knows_gives_physical_values(recipe):
    made = recipe(
        channels=[
            {
                "match": "(?P<axis>[xyz])",
                "sensor": "ACC",
                "unit": "g",
                "gain": 0.015625,
                "name": "ACC{axis}",
                "position": "left wrist",
            }
        ]
    )
    rec = regroup(Recording((stream(["x", "y"]),)), Rulings(made.definition.channels))
    (acc,) = rec.streams
    assert [channel.name for channel in acc.channels] == ["ACCx", "ACCy"]
    assert {channel.position for channel in acc.channels} == {"left wrist"}
    np.testing.assert_array_equal(acc.physical[0, :3], [0, 1 / 64, 2 / 64])


def test_channels_of_two_reader_streams_with_one_clock_are_one_stream(recipe):
    """A reader groups by what labels say; the recipe knows better."""
    rules = recipe(channels=[{"match": "Ch.*|C3", "sensor": "EEG", "unit": "uV"}]).definition.channels
    both = Recording((stream(["Ch1", "Ch2"]), stream(["C3"], sensor=SensorType.EEG)))
    (eeg,) = regroup(both, Rulings(rules)).streams
    assert [channel.label for channel in eeg.channels] == ["Ch1", "Ch2", "C3"]
    assert eeg.samples.shape == (3, 8)
    np.testing.assert_array_equal(eeg.samples.read(6, 8), [[6, 7], [14, 15], [6, 7]])


@pytest.mark.parametrize("other", [{"t0_ns": 1}, {"rate_hz": 8.0}, {"dtype": "i4"}])
def test_channels_with_another_clock_or_kind_of_sample_stay_apart(recipe, other):
    rules = recipe(channels=[{"match": ".*", "sensor": "EEG", "unit": "uV"}]).definition.channels
    assert len(regroup(Recording((stream(["a"]), stream(["b"], **other))), Rulings(rules)).streams) == 2


def test_two_channels_of_one_name_are_reported(recipe):
    rules = recipe(channels=[{"match": ".*", "sensor": "EEG", "name": "Cz", "unit": "uV"}]).definition.channels
    assert regroup(Recording((stream(["a", "b"]),)), Rulings(rules)).warnings == ("2 EEG channels are called 'Cz'",)


def test_files_are_laid_on_the_clock_of_the_one_that_starts_first():
    late = Recording((stream(["a"]),), annotations=(Annotation(5, 0, "event", "x"),), start_unix_ns=110 * NS, sex="F")
    early = Recording((stream(["b"]),), start_unix_ns=100 * NS)
    both = merged([late, early])
    assert both.start_unix_ns == 100 * NS
    assert [made.t0_ns for made in both.streams] == [10 * NS, 0]
    assert both.annotations[0].onset_ns == 10 * NS + 5
    assert both.duration_ns == 12 * NS
    assert both.sex == "F"
    assert both.warnings == ()


def test_a_file_without_a_start_is_reported():
    both = merged([Recording((stream(["a"]),), start_unix_ns=NS), Recording((stream(["b"]),))])
    assert both.warnings == ("1 of 2 files state no start; they are laid at the recording's start",)


def test_what_rules_said_of_labels_before_is_what_they_say_again(recipe):
    rules = recipe(channels=[{"match": "EEG (?P<name>.+)", "sensor": "EEG"}, {"match": "x", "skip": True}]).definition
    rulings = Rulings(rules.channels)
    sets = [[("EEG Cz", unit), ("x", "V"), (f"B{number}", "uV")] for unit in ("uV", "mV", "") for number in range(9)]
    sets += [[(f"EEG {number}", "uV")] for number in range(LAYOUTS)]
    for labels in sets * 2:
        assert rulings.know(labels) == know(rules.channels, labels)
        assert len(rulings._before) <= LAYOUTS


def test_a_rule_of_some_recordings_is_not_remembered_for_others(recipe, record):
    record("01_1", [("x", "uV")])
    root = record("02_1", [("x", "uV")])
    rules = [{"match": "x", "sensor": "EEG", "recordings": "01.*"}, {"match": "x", "sensor": "EOG"}]
    made = recipe(channels=rules)
    for _ in range(2):
        sensors = [made.read(unit).streams[0].sensor_type for unit in made.units(root)]
        assert sensors == [SensorType.EEG, SensorType.EOG]


def test_the_very_same_channels_are_named_as_by_new_rules_each_time(recipe):
    """Readers hand over the same tuples for alike files; rates, gaps and samples are each file's own."""
    rules = recipe(
        channels=[
            {"match": "EEG (?P<name>.+)", "sensor": "EEG"},
            {"match": "x", "skip": True},
            {"match": "ECG", "sensor": "ECG"},
        ]
    ).definition.channels
    rulings, one, other = Rulings(rules), stream(["EEG Cz", "x", "?"], "uV"), stream(["ECG"], "mV")
    again = replace(one, rate_hz=8.0, samples=ArraySamples(-one.digital))
    for streams in [(one, other), (again, other), (other, one), (one,), (other,), (one, other)] * 2:
        found, expected = (regroup(Recording(streams), each) for each in (rulings, Rulings(rules)))
        assert found.warnings == expected.warnings
        for mine, theirs in zip(found.streams, expected.streams, strict=True):
            assert replace(mine, samples=theirs.samples) == theirs
            np.testing.assert_array_equal(mine.digital, theirs.digital)


def test_no_more_layouts_are_remembered_than_said(recipe):
    rules = recipe(channels=[{"match": ".*", "sensor": "EEG", "unit": "uV"}]).definition.channels
    rulings = Rulings(rules)
    for number in range(2 * LAYOUTS + 3):
        assert regroup(Recording((stream([f"c{number}"]),)), rulings).streams[0].channels[0].label == f"c{number}"
        assert len(rulings._parted) <= LAYOUTS

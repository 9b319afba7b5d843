"""cogwear and welltory, on their real files: wrist and phone clocks that jitter, pause and run back."""

from __future__ import annotations

import pytest

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check


@pytest.mark.parametrize(
    ("name", "folder", "recordings", "subjects"), [("cogwear", "cogwear", 26, 11), ("welltory", "welltory-ppg", 21, 21)]
)
def test_recipe_and_corpus_agree(corpora, name, folder, recordings, subjects):
    report = check(load_recipe(name), corpora / folder)
    assert (report.recordings, report.subjects, report.findings) == (recordings, subjects, [])
    assert report.unread.keys() <= {".md"}


def read(corpora, name, folder, wanted):
    recipe = load_recipe(name)
    unit = next(unit for unit in recipe.units(corpora / folder) if unit.name == wanted)
    return recipe.read(unit)


def test_two_devices_of_one_wrist_are_streams_on_one_clock(corpora):
    """CogWear's page: E4 at 64 and 4 Hz, Galaxy Watch PPG near 25 Hz, unix times throughout."""
    recording = read(corpora, "cogwear", "cogwear", "11_pre_baseline")
    rates = {(str(s.sensor_type), round(s.rate_hz)): s.t0_ns / 1e9 for s in recording.streams}
    assert rates.keys() == {("PPG", 64), ("GSR", 4), ("TEMP", 4), ("PPG", 25)}
    assert all(0 <= start < 2 for start in rates.values())
    assert {(a.kind, a.value) for a in recording.annotations} == {("condition", "baseline"), ("session", "pre")}
    assert any("rows run back" in warning for warning in recording.warnings)


def test_values_that_are_no_numbers_of_a_sensor_are_suspect(corpora):
    """Six files of the pilot hold integers that were written as the float of the same bits, near 1e-39."""
    recording = read(corpora, "cogwear", "cogwear", "1__baseline")
    [watch] = [s for s in recording.streams if s.channels[0].label == "Samsung HR Raw Sensor"]
    assert watch.channels[0].unit_status == "suspect"
    assert 0 < abs(watch.digital).max() < 1e-38


def test_a_camera_gives_three_colours_at_its_own_rate(corpora):
    recording = read(corpora, "welltory", "welltory-ppg", "subject_01")
    [stream] = recording.streams
    assert [channel.name for channel in stream.channels] == ["PPGred", "PPGgreen", "PPGblue"]
    assert 26 < stream.rate_hz < 31

"""Windows to look at: the recording, the channel and the rate that they are taken from."""

from __future__ import annotations

import pytest

from biocurate.errors import StoreError
from biocurate.images.shown.examples import find_windows
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def store(tmp_path):
    made = create_store(str(tmp_path / "store"))
    put(
        made,
        {
            "a/envelope": Recording((noise_stream("EMG", 1, [(0, 100)]),), ()),
            "a/night": Recording((noise_stream("EEG", 100, [(0, 3000)], ["Fp1", "o2", "Cz"]),), ()),
            "b/muscle": Recording((noise_stream("EMG", 500, [(0, 10_000)]),), ()),
            "b/heart": Recording((noise_stream("ECG", 250, [(0, 5000)], ["V1", "I", "II"]),), ()),
        },
    )
    return made


def test_eeg_is_shown_at_the_back_of_the_head_and_ecg_along_the_hearts_axis(store):
    shown = {window.sensor: window for window in find_windows(store, ["EEG", "ECG"])}
    assert {str(sensor): window.channel for sensor, window in shown.items()} == {"EEG": "o2", "ECG": "II"}
    assert shown["EEG"].samples.shape == (1, 1000)
    again = store.recording("a/night").read("EEG", shown["EEG"].start_s, shown["EEG"].start_s + 10)[1]
    assert (shown["EEG"].samples[0] == again).all()


def test_a_rate_that_reaches_the_band_comes_before_an_envelope(store):
    (window,) = find_windows(store, ["EMG"])
    assert window.recording_id == "b/muscle"
    (window,) = find_windows(store, ["EMG"], recordings=["a/envelope"])
    assert (window.recording_id, window.rate_hz) == ("a/envelope", 1.0)


def test_recordings_and_a_channel_can_be_chosen(store):
    windows = find_windows(store, ["EEG"], 5.0, ["a/night"], "cz")
    assert [(window.recording_id, window.channel, window.samples.shape) for window in windows] == [
        ("a/night", "Cz", (1, 500))
    ]
    with pytest.raises(StoreError, match="there is no recording 'a/day'"):
        find_windows(store, recordings=["a/day"])
    with pytest.raises(StoreError, match="there is no window of EEG Oz that could be drawn"):
        find_windows(store, ["EEG"], channel="Oz")

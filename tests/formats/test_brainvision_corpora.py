"""Real BrainVision and FIF files against MNE's own values."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest

from biocurate.formats import Source, reader
from biocurate.recording import NS

pytestmark = pytest.mark.corpora

READER = reader("brainvision")
OPTIONS = READER.Options()
IN_SI = {"V": 1.0, "mV": 1e-3, "µV": 1e-6, "uV": 1e-6, "nV": 1e-9, "µS": 1e-6, "uS": 1e-6}
"""What MNE scales by; other units it leaves as they are."""
HEADERS = [
    "mne-bids-tiny/sub-01/ses-eeg/eeg/sub-01_ses-eeg_task-rest_eeg.vhdr",
    "mne-python/brainvision/test.vhdr",
    "mne-python/brainvision/test_old_layout_latin1_software_filter.vhdr",
    "mne-python/brainvision/test_units.vhdr",
]


def test_these_are_all_the_brainvision_files(corpora):
    assert [path.relative_to(corpora).as_posix() for path in sorted(corpora.rglob("*.vhdr"))] == HEADERS


@pytest.mark.parametrize("path", HEADERS)
def test_every_value_is_mnes(corpora: Path, path: str):
    recording = READER.read(Source(corpora, path), OPTIONS)
    theirs = mne.io.read_raw_brainvision(corpora / path, verbose="error")
    assert sum(len(stream.channels) for stream in recording.streams) == len(theirs.ch_names)
    for stream in recording.streams:
        assert stream.rate_hz == theirs.info["sfreq"]
        for channel, ours in zip(stream.channels, stream.physical, strict=True):
            expected = theirs.get_data(picks=[channel.label])[0]
            scaled = ours * IN_SI.get(channel.unit, 1.0)
            assert np.abs(scaled - expected).max() <= 1e-15 * np.abs(expected).max()


@pytest.mark.parametrize("path", HEADERS)
def test_every_marker_is_mnes(corpora: Path, path: str):
    recording = READER.read(Source(corpora, path), OPTIONS)
    told = mne.io.read_raw_brainvision(corpora / path, verbose="error").annotations
    expected = [
        (round(onset * NS), text)
        for onset, text in zip(told.onset, told.description, strict=True)
        if not text.startswith("New Segment")
    ]
    assert [(made.onset_ns, made.value) for made in recording.annotations] == expected


@pytest.mark.parametrize(("path", "kind"), zip(HEADERS, ["<i2", "<i2", "<f4", "<i2"], strict=True))
def test_every_number_is_that_of_the_bytes(corpora: Path, path: str, kind: str):
    source = Source(corpora, path)
    recording = READER.read(source, OPTIONS)
    raw = np.fromfile(READER.companions(source, OPTIONS)[1].local(), kind)
    labels = [signal.label for signal in READER.read_header(source, OPTIONS).signals]
    table = raw.reshape(len(labels), -1) if kind == "<f4" else raw.reshape(-1, len(labels)).T
    for stream in recording.streams:
        rows = [labels.index(channel.label) for channel in stream.channels]
        assert stream.digital.tobytes() == np.ascontiguousarray(table[rows]).tobytes()


def test_a_second_new_segment_parts_the_recording(corpora: Path):
    """Its two markers stand at samples 1 and 2, a microsecond apart where a sample lasts 4 ms."""
    recording = READER.read(Source(corpora, HEADERS[2]), OPTIONS)
    assert [segment.n_samples for segment in recording.streams[0].segments] == [1, 250]
    assert len(recording.warnings) == 2


def test_a_real_fif_is_mnes_to_float32(corpora: Path):
    path = "yasa/data_resting_EO_200Hz_raw.fif"
    recording = reader("mne").read(Source(corpora, path), reader("mne").Options())
    theirs = mne.io.read_raw_fif(corpora / path, verbose="error")
    assert np.array_equal(recording.streams[0].digital, theirs.get_data().astype(np.float32))
    assert (recording.age, recording.sex, len(recording.warnings)) == (None, None, 1)

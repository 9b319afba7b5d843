"""Corners of EDF, EDF+ and BDF that real files have and the standard's text passes over quickly."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.formats import Source, reader
from biocurate.formats.edf.header import parse_header
from biocurate.recording import Segment

EDF = reader("edf")


def ramp(n_records: int, per_record: int) -> np.ndarray:
    return np.arange(n_records * per_record).reshape(n_records, per_record) - 3


def read(source):
    return EDF.read(source, EDF.Options())


def test_edf_header_a_physical_minimum_above_the_maximum_turns_the_sign(put, edf_file):
    """EDF "header record" asks only for the digital minimum to be the lower: here the gain is negative."""
    recording = read(put(edf_file([ramp(1, 5)], physical=("3200", "-3200"), digital=("-3200", "3200")).encode()))
    [channel] = recording.streams[0].channels
    assert (channel.gain, channel.offset, channel.unit_status) == (-1.0, 0.0, "declared")
    np.testing.assert_array_equal(recording.streams[0].physical, -ramp(1, 5))
    assert recording.warnings == ()


def test_edf_header_a_digital_minimum_above_the_maximum_is_suspect(put, edf_file):
    recording = read(put(edf_file([ramp(1, 5)], digital=("3200", "-3200")).encode()))
    assert recording.streams[0].channels[0].unit_status == "suspect"
    assert "digital minimum lies above its maximum" in recording.warnings[0]


def test_edf_header_signals_of_one_label_are_channels_of_their_own(put, edf_file):
    """Files have it, of montages with a spare electrode for one; which is which only a recipe can say."""
    samples = [ramp(2, 4), ramp(2, 4) + 100, ramp(2, 4) + 200]
    recording = read(put(edf_file(samples, labels=["EEG Cz", "EEG Cz", "EEG Pz"]).encode()))
    [stream] = recording.streams
    assert [channel.label for channel in stream.channels] == ["EEG Cz", "EEG Cz", "EEG Pz"]
    np.testing.assert_array_equal(stream.digital, [each.reshape(-1) for each in samples])
    assert recording.warnings == ("Several of its signals have the same label: 'EEG Cz'.",)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_edf_header_text_that_is_no_ascii_is_read_in_utf_8_or_latin_1(put, edf_file, encoding):
    content = edf_file([ramp(1, 4)], labels=["EEG A"], units=["muV"]).encode()
    content = content.replace(b"EEG A  ", "EEG Ä ".encode(encoding).ljust(7)).replace(
        b"muV ", "µV ".encode(encoding).ljust(4)
    )
    [channel] = read(put(content)).streams[0].channels
    assert (channel.label, channel.unit, channel.unit_status) == ("EEG Ä", "µV", "declared")


def test_edf_header_control_characters_are_told(put, edf_file):
    """EDF "header record": printable US-ASCII only. None of the 79 real files at hand has any."""
    content = edf_file([ramp(1, 4)], labels=["EEG Cz"]).encode().replace(b"EEG Cz", b"EEG Cz\0\x07", 1)
    recording = read(put(content[:256] + content[256:].replace(b"  ", b"", 1)))
    assert recording.streams[0].channels[0].label == "EEG Cz"
    assert any("bytes that are no text (2)" in warning for warning in recording.warnings)


def test_edf_plus_2_2_1_without_an_annotation_signal_is_read_as_continuous_and_told(put, edf_file):
    recording = read(put(edf_file([ramp(3, 4)], reserved="EDF+C").encode()))
    assert recording.streams[0].segments == (Segment(0, 12),)
    assert any("no annotation signal" in warning for warning in recording.warnings)


def test_edf_plus_2_2_annotations_of_several_signals_are_all_read(put, edf_file):
    """Each has its own lists; only the first keeps the time, and gaps come from it alone."""
    lists = [
        [b"+0\x14\x14\x00", b"+5\x14\x14\x00+5.5\x14one\x14\x00"],
        [b"+0.25\x14two\x14\x00", b""],
        [b"", b"+5.25\x151\x14three\x14\x00"],
    ]
    recording = read(put(edf_file([ramp(2, 4)], reserved="EDF+D", lists=lists).encode()))
    assert [(each.value, each.onset_ns / 1e9) for each in recording.annotations] == [
        ("two", 0.25), ("three", 5.25), ("one", 5.5)
    ]  # fmt: skip
    assert recording.streams[0].segments == (Segment(0, 4), Segment(5 * 10**9, 4))


def test_edf_header_minus_one_records_and_a_piece_of_another(put, edf_file):
    """The recording was interrupted: whole records are kept, and what is left out is told."""
    recording = read(put(edf_file([ramp(3, 5)], n_records="-1", tail=b"abc").encode()))
    assert recording.streams[0].n_samples == 15
    assert any("left out (bytes: 3)" in warning for warning in recording.warnings)


def test_bdf_header_an_annotation_only_file_in_24_bits(put, edf_file):
    lists = [[b"+0\x14\x14\x00+30\x1530\x14N2\x14\x00"]]
    content = edf_file(reserved="BDF+C", record_s="0", lists=lists, wide=True).encode()
    recording = read(put(content))
    assert (recording.streams, [each.value for each in recording.annotations]) == ((), ["N2"])


@pytest.mark.corpora
def test_no_real_header_has_control_characters(corpora):
    paths = sorted(corpora.rglob("*.[eb]df"))
    assert len(paths) == 79
    headers = [parse_header(Source(corpora, path.relative_to(corpora).as_posix())) for path in paths]
    assert [header.n_controls for header in headers] == [0] * 79

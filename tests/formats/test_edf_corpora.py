"""Every real EDF and BDF file is read, integer for integer, or refused with a reason."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import edfio
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.recording import Recording, Stream, to_physical
from biocurate.sensors import SensorType, canonical_unit

pytestmark = pytest.mark.corpora

EDF = reader("edf")
OPTIONS = EDF.Options()


@pytest.fixture(scope="module")
def sources(corpora: Path) -> list[Source]:
    paths = sorted(corpora.rglob("*.[eb]df"))
    assert len(paths) > 50
    return [Source(corpora, path.relative_to(corpora).as_posix()) for path in paths]


@pytest.fixture(scope="module")
def recordings(sources: list[Source]) -> dict[str, Recording]:
    found = {}
    for source in sources:
        try:
            found[source.path] = EDF.read(source, OPTIONS)
        except SourceError as error:
            assert source.path in str(error)
    return found


def channels(recording: Recording) -> dict[str, list[np.ndarray]]:
    rows: dict[str, list[np.ndarray]] = {}
    for stream in recording.streams:
        for channel, row in zip(stream.channels, stream.digital, strict=True):
            rows.setdefault(channel.label, []).append(row)
    return rows


def test_only_the_two_files_with_crlf_damage_are_refused(sources, recordings):
    refused = sorted({source.path for source in sources} - recordings.keys())
    assert refused == ["eegmmidb/crlf_corrupted/S001R01.edf", "eegmmidb/crlf_corrupted/S001R03.edf"]
    for path in refused:
        with pytest.raises(SourceError, match="0x0D 0x0A"):
            EDF.read(Source(sources[0].root, path), OPTIONS)


def test_every_integer_is_that_of_the_bytes(sources, recordings):
    """Decoded again from byte positions alone: EDF "header record", record after record."""
    for source in sources:
        if source.path not in recordings:
            continue
        raw = np.fromfile(source.local(), np.uint8)
        width = 3 if raw[0] == 0xFF else 2
        count = int(raw[252:256].tobytes())
        lengths = [int(raw[256 + 216 * count + 8 * i :][:8].tobytes()) for i in range(count)]
        labels = [raw[256 + 16 * i :][:16].tobytes().decode("latin-1").strip() for i in range(count)]
        n_records = int(raw[236:244].tobytes())
        body = (
            raw[256 * (count + 1) :][: n_records * width * sum(lengths)].reshape(n_records, -1, width).astype(np.int32)
        )
        values = body[..., 0] + (body[..., 1] << 8) + (body[..., 2] << 16 if width == 3 else 0)
        values -= (values >> (8 * width - 1)) << (8 * width)
        at, found = 0, channels(recordings[source.path])
        for label, length in zip(labels, lengths, strict=True):
            if not label.endswith(" Annotations"):
                np.testing.assert_array_equal(found[label].pop(0), values[:, at : at + length].reshape(-1))
            at += length
        assert not any(found.values())


def test_headers_agree_with_what_is_read(sources, recordings):
    for source in sources:
        if source.path not in recordings:
            continue
        header, found = EDF.read_header(source, OPTIONS), channels(recordings[source.path])
        assert sorted(signal.label for signal in header.signals) == sorted(
            label for label, rows in found.items() for _ in rows
        )
        for signal in header.signals:
            assert signal.n_samples in {len(row) for row in found[signal.label]}


def test_digital_gain_physical_and_annotations_are_edfios(sources, recordings):
    for source in sources:
        if source.path not in recordings:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = edfio.read_bdf if source.path.endswith("bdf") else edfio.read_edf
            theirs = read(source.local(), header_encoding="utf-8")
        ours = recordings[source.path]
        assert sum(len(stream.channels) for stream in ours.streams) == len(theirs.signals)
        ours_by_label: dict[str, list[tuple[Stream, int, np.ndarray]]] = {}
        for stream in ours.streams:
            for row, digital in enumerate(stream.digital):
                ours_by_label.setdefault(stream.channels[row].label, []).append((stream, row, digital))
        for signal in theirs.signals:
            stream, row, digital = ours_by_label[signal.label].pop(0)
            np.testing.assert_array_equal(digital, signal.digital)
            assert stream.rate_hz == pytest.approx(signal.sampling_frequency, rel=1e-12)
            if stream.channels[row].unit_status != "suspect":
                low, high = signal.physical_range
                assert stream.channels[row].gain == (high - low) / (signal.digital_max - signal.digital_min)
            physical = to_physical(digital[None], [stream.channels[row]])[0]
            np.testing.assert_allclose(physical, signal.data, rtol=1e-12, atol=1e-9 * np.ptp(signal.physical_range))
        if "D" not in theirs.reserved[4:]:
            expected = sorted(
                (round(a.onset * 1e9), round((a.duration or 0) * 1e9), a.text.strip().partition("@@")[0])
                for a in theirs.annotations
                if a.text.strip()
            )
            assert sorted((a.onset_ns, a.duration_ns, a.value) for a in ours.annotations) == expected


@pytest.mark.parametrize(
    "path", ["eegmat/Subject02_2.edf", "edfio/short_psg.edf", "mne-python/edf/test.bdf", "eegmmidb/S001R03.edf"]
)
def test_physical_values_are_mnes_to_float32(corpora, path):
    """mne scales volts to V and resamples slow channels: those at the file's highest rate are compared."""
    mne = pytest.importorskip("mne")
    recording = EDF.read(Source(corpora, path), OPTIONS)
    read = mne.io.read_raw_bdf if path.endswith("bdf") else mne.io.read_raw_edf
    raw = read(corpora / path, preload=False, verbose="error", stim_channel=None)
    fastest = max(stream.rate_hz for stream in recording.streams)
    compared = 0
    for stream in recording.streams:
        for channel, physical in zip(stream.channels, stream.physical, strict=True):
            in_volts = canonical_unit(channel.unit, SensorType.EEG)
            if stream.rate_hz == fastest and channel.label in raw.ch_names and in_volts:
                theirs = raw.get_data(picks=[channel.label])[0, : physical.size]
                ours = physical * in_volts.factor * 1e-6
                np.testing.assert_allclose(theirs.astype(np.float32), ours.astype(np.float32), rtol=1e-6, atol=1e-12)
                compared += 1
    assert compared


def test_gaps_that_mne_closes_are_segments(recordings):
    """edfReader-gpl3/edfPlusD.edf: 11 records of 1 s, with five gaps between them (mne#13429)."""
    stream = recordings["edfReader-gpl3/edfPlusD.edf"].streams[0]
    assert len(stream.segments) == 6
    assert sum(segment.n_samples for segment in stream.segments) == stream.n_samples == 2200
    assert all(
        later.t0_ns > earlier.t0_ns for earlier, later in zip(stream.segments, stream.segments[1:], strict=False)
    )


def test_faults_of_real_files(recordings):
    uneven = recordings["EDF.jl/test_uneven_samp.edf"]
    assert uneven.start_unix_ns is None
    assert any("none that exists" in warning for warning in uneven.warnings)
    assert any("bytes: 1" in warning for warning in uneven.warnings)
    assert [s.rate_hz for s in uneven.streams] == [100.0, 12.8]
    assert recordings["mne-python/edf/test_edf_stim_channel.edf"].streams[0].n_samples == 1228
    assert len(recordings["mne-python/edf/duplicate_channel_labels.edf"].streams[0].channels) == 3
    assert recordings["wfdb-samples/test_edfann.edf"].streams == ()
    assert recordings["pyedflib/test_subsecond.edf"].start_unix_ns == 1579838756_394531200


def test_a_real_file_cut_anywhere_is_refused_and_never_shortened(corpora, tmp_path):
    content = (corpora / "edfio/short_psg.edf").read_bytes()
    for size in (100, 256, 1000, 2048, 5000, len(content) - 1):
        (tmp_path / "cut.edf").write_bytes(io.BytesIO(content).read(size))
        with pytest.raises(SourceError, match=r"cut\.edf"):
            EDF.read(Source(tmp_path, "cut.edf"), OPTIONS)

"""Every real WFDB record at hand: read with the integers of wfdb.rdrecord, or refused with the reason."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import wfdb

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.recording import NS, Recording

pytestmark = pytest.mark.corpora

FOLDERS = ["wfdb-samples", "ludb", "cpsc2018-12lead", "cinc2021-12lead", "cpsc2021-af", "cardio-afdb2017"]
REFUSED = {
    "1003": "1003.dat: is missing",
    "12726": "12726.dat: is missing",
    "drive02": "drive02.dat: is missing",
    "drive02-no-len": "drive02.dat: is missing",
    "n16": "n16.dat: is missing",
    "wave_4": "wave_4.dat: is missing",
    "3269321_layout": "the header is a layout",
    "3248903_layout": "the header is a layout",
    "3975656_layout": "the header is a layout",
    "3234460_layout": "the header is a layout",
    "p000878-2137-10-26-16-57": "3269321_0003.hea: is missing",
    "s00001-2896-10-10-00-31": "3975656_0005.hea: is missing",
    "3975656_0009": "3975656_0009.dat: is missing",
    "3975656_0010": "3975656_0010.dat: is missing",
    "3975656_0011": "3975656_0011.dat: is missing",
}
MULTI_SEGMENT = ["041s/041s", "fixed1/v102s", "s25047/s25047-2704-05-04-10-44", "s00001/s00001-2896-10-09-01-56"]


def read(root: Path, path: str, **options: object) -> Recording:
    return reader("wfdb").read(Source(root, path), reader("wfdb").Options(**options))


def by_label(recording: Recording) -> dict[str, list[tuple[np.ndarray, np.ndarray, float]]]:
    found = defaultdict(list)
    for stream in recording.streams:
        for channel, digital, physical in zip(stream.channels, stream.digital, stream.physical, strict=True):
            found[channel.label].append((digital, physical, stream.rate_hz))
    return found


def same_float32(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Equal to the last bit of float32 (gain and offset are applied in another order, in float64)."""
    return np.allclose(ours, theirs, rtol=2**-23, atol=1e-12, equal_nan=True)


def expected_integers(path: Path) -> wfdb.Record:
    try:
        return wfdb.rdrecord(str(path.with_suffix("")), physical=False, smooth_frames=False, ignore_skew=True)
    except ValueError:  # wfdb cannot return format 61 unsmoothed; these records have one sample a frame
        record = wfdb.rdrecord(str(path.with_suffix("")), physical=False, ignore_skew=True)
        record.e_d_signal = list(record.d_signal.T)
        return record


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_record_has_the_integers_and_float32_values_of_rdrecord_or_is_refused(corpora, folder):
    refused, compared = {}, 0
    for path in sorted((corpora / folder).rglob("*.hea")):
        where = path.relative_to(corpora / folder).as_posix()
        try:
            recording = read(corpora / folder, where, missing_segments="refuse")
        except SourceError as error:
            refused[path.stem] = str(error)
            continue
        if any(where.endswith(f"{name}.hea") for name in MULTI_SEGMENT):
            continue
        expected, found = expected_integers(path), by_label(recording)
        physical = wfdb.rdrecord(str(path.with_suffix("")), smooth_frames=False, ignore_skew=True).e_p_signal
        for index, label in enumerate(expected.sig_name):
            digital, values, rate = found[label].pop(0)
            assert np.array_equal(digital, expected.e_d_signal[index]), (where, label)
            assert same_float32(values, physical[index]), (where, label)
            assert rate == expected.fs * expected.samps_per_frame[index]
        assert not any(found.values()), where
        compared += 1
    assert compared == {"wfdb-samples": 65, "ludb": 68, "cpsc2018-12lead": 57}.get(folder, compared) > 0
    wanted = REFUSED if folder == "wfdb-samples" else {}
    assert refused.keys() == wanted.keys()
    assert all(wanted[name] in message for name, message in refused.items())


@pytest.mark.parametrize("name", MULTI_SEGMENT)
def test_header_5_segments_of_a_real_record_lie_where_rdrecord_puts_them(corpora, name):
    root = corpora / "wfdb-samples" / "multi-segment"
    recording = read(root, f"{name}.hea")
    expected = wfdb.rdrecord(str(root / name), smooth_frames=False)
    covered = {
        label: np.zeros(len(signal), bool) for label, signal in zip(expected.sig_name, expected.e_p_signal, strict=True)
    }
    for stream in recording.streams:
        physical, start = stream.physical, 0
        for segment in stream.segments:
            first = round(segment.t0_ns * stream.rate_hz / NS)
            for channel, values in zip(stream.channels, physical, strict=True):
                signal = expected.e_p_signal[expected.sig_name.index(channel.label)]
                assert same_float32(
                    values[start : start + segment.n_samples], signal[first : first + segment.n_samples]
                )
                covered[channel.label][first : first + segment.n_samples] = True
            start += segment.n_samples
    for label, signal in zip(expected.sig_name, expected.e_p_signal, strict=True):
        assert np.isnan(signal[~covered[label]]).all()


def test_a_variable_layout_record_starts_a_stream_where_its_gain_changes(corpora):
    recording = read(corpora / "wfdb-samples/multi-segment/s25047", "s25047-2704-05-04-10-44.hea")
    ecg = [stream for stream in recording.streams if stream.sensor_type == "ECG"]
    assert len(ecg) == 16
    assert ecg[0].t0_ns == 25740 * 8_000_000
    assert [round(1 / channel.gain) for channel in ecg[0].channels] == [86, 67]
    assert [round(1 / channel.gain) for channel in ecg[1].channels] == [67, 67]
    last = [segment for stream in ecg[-1:] for segment in stream.segments]
    assert [segment.n_samples for segment in last] == [322111 + 3525 + 93975]


def test_missing_segments_are_gaps(corpora):
    root = corpora / "wfdb-samples/multi-segment/s00001"
    recording = read(root, "s00001-2896-10-10-00-31.hea")
    assert sum("missing" in warning for warning in recording.warnings) == 5
    assert sum("gaps without a sample" in warning for warning in recording.warnings) == 1
    assert (recording.age, recording.sex) == (60, "F")
    assert recording.duration_ns <= 14518365 * 8_000_000
    first = recording.stream("ECG")
    assert first.t0_ns == 3261 * 8_000_000
    assert np.array_equal(first.digital, expected_integers(root / "3975656_0001.hea").e_d_signal)


def test_ludb_waves_are_instants_of_their_lead(corpora):
    annotators = {"ii": {"kind": "wave", "channel": "II"}, "v2": {"kind": "wave", "channel": "V2"}}
    recording = read(corpora / "ludb", "data/1.hea", annotators=annotators)
    waves = [annotation for annotation in recording.annotations if annotation.channel == "V2"]
    theirs = wfdb.rdann(str(corpora / "ludb/data/1"), "v2")
    assert [(wave.kind, wave.value, wave.onset_ns) for wave in waves] == [
        ("wave", symbol, sample * 2_000_000) for sample, symbol in zip(theirs.sample, theirs.symbol, strict=True)
    ]
    assert (recording.age, recording.sex) == (51, "F")
    assert "Rhythm: Sinus bradycardia." in recording.comments
    assert [channel.name for channel in recording.stream("ECG").channels][3:7] == ["aVR", "aVL", "aVF", "V1"]


def test_cpsc2021_rhythms_cover_the_record_without_overlap(corpora):
    recording = read(corpora / "cpsc2021-af", "data_101_6.hea", annotators={"atr": {}})
    rhythms = [annotation for annotation in recording.annotations if annotation.kind == "rhythm"]
    assert {rhythm.value for rhythm in rhythms} == {"AFIB", "N"}
    ends = [rhythm.onset_ns + rhythm.duration_ns for rhythm in rhythms]
    assert ends == [*[rhythm.onset_ns for rhythm in rhythms[1:]], recording.duration_ns]
    assert sum(annotation.kind == "beat" for annotation in recording.annotations) == 196


def test_checksums_of_the_corpora_are_verified(corpora):
    """All of these records have right checksums but the CinC 2017 ones, whose headers say 0."""
    assert not read(corpora / "ludb", "data/1.hea").warnings
    assert not read(corpora / "cpsc2018-12lead", "A0001.hea").warnings
    assert read(corpora / "cardio-afdb2017", "A00001.hea").warnings == (
        "the checksum in the header is not that of the samples: ECG",
    )


def test_header_5_skew_in_a_real_record_aligns_as_rdrecord_aligns(corpora):
    recording = read(corpora / "wfdb-samples", "100skew.hea")
    leads = {channel.label: stream for stream in recording.streams for channel in stream.channels}
    theirs = wfdb.rdrecord(str(corpora / "wfdb-samples/100skew"), physical=False, sampto=1000).d_signal
    assert (leads["MLII"].t0_ns, leads["V5"].t0_ns) == (round(3 * NS / 360), 0)
    zero = round(leads["MLII"].t0_ns * 360 / NS)
    assert np.array_equal(leads["MLII"].digital[0, :1000], theirs[:, 0])
    assert np.array_equal(leads["V5"].digital[0, zero : zero + 1000], theirs[:, 1])

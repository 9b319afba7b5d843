"""WFDB records: headers, streams, gaps, checks and faults, named after the clauses of header(5)."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.wfdb.header import parse_header
from biocurate.recording import Recording, Segment

LINE = "r.dat 16 200/mV 16 0 1 6 0 II"


def read(folder: Path, name: str = "r", **options: object) -> Recording:
    return reader("wfdb").read(Source(folder, f"{name}.hea"), reader("wfdb").Options(**options))


def write(folder: Path, *lines: str, name: str = "r", **files: list[int]) -> None:
    """A header, and signal files of format 16."""
    (folder / f"{name}.hea").write_text("\n".join(lines))
    for stem, samples in files.items():
        (folder / f"{stem}.dat").write_bytes(np.array(samples, "<i2").tobytes())


# ------------------------------------------------------------------------------------------------------------ header


def test_header_5_missing_or_zero_gain_is_200_and_marked_uncalibrated(tmp_path):
    write(tmp_path, "r 2 100 3", "r.dat 16", "r.dat 16 0/mV 16 0 0 0 0 II", r=[1, 2, 3, 4, 5, 6])
    channels = [channel for stream in read(tmp_path).streams for channel in stream.channels]
    assert [(channel.gain, channel.unit_status) for channel in channels] == [(1 / 200, "unknown")] * 2


def test_header_5_missing_unit_is_millivolt_for_a_voltage_and_unknown_for_others(tmp_path):
    write(tmp_path, "r 2 100 2", "r.dat 16 200 11 1024 1 0 0 MLII", "r.dat 16 2000 12 0 0 0 0 RESP", r=[1, 2, 3, 4])
    ecg, breath = (stream.channels[0] for stream in read(tmp_path).streams)
    assert (ecg.unit, ecg.unit_status) == ("mV", "declared")
    assert (breath.unit, breath.unit_status) == ("", "unknown")


def test_header_5_missing_baseline_is_the_adc_zero(tmp_path):
    write(tmp_path, "r 1 100 2", "r.dat 16 200 11 1024 1 0 0 II", r=[1024, 1224])
    assert read(tmp_path).stream("ECG").physical.tolist() == [[0.0, 1.0]]


def test_header_5_missing_frequency_is_250_and_missing_length_is_that_of_the_file(tmp_path):
    write(tmp_path, "r 1", LINE, r=[1, 2, 3])
    assert (read(tmp_path).stream("ECG").rate_hz, read(tmp_path).stream("ECG").n_samples) == (250, 3)


def test_header_5_the_least_value_is_invalid(tmp_path):
    write(tmp_path, "r 1 100 3", LINE, r=[200, -32768, 400])
    assert np.isnan(read(tmp_path).stream("ECG").physical[0]).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        ("8:26:04 26/10/1994", 8 * 3600 + 26 * 60 + 4),
        ("31:51.982 26/10/1994", 31 * 60 + 51.982),
        ("26-Oct-1994 8:26:04", 8 * 3600 + 26 * 60 + 4),  # CinC Challenge 2020
    ],
)
def test_header_5_base_time_and_date_give_the_start(clock, seconds):
    header = parse_header(f"r 1 100 3 {clock}\n{LINE}".encode(), "r.hea")
    assert header.start_unix_ns == 783_129_600 * 10**9 + round(seconds * 1000) * 10**6


def test_header_5_base_time_without_date_gives_no_start():
    assert parse_header(f"r 1 100 3 8:26:04\n{LINE}".encode(), "r.hea").start_unix_ns is None


@pytest.mark.parametrize(
    ("comments", "age", "sex"),
    [
        ("#<age>: 51\n#<sex>: F", 51, "F"),
        ("# <age>: 60 <sex>: M", 60, "M"),
        ("#Age: 74\n#Sex: Male", 74, "M"),
        ("# Age: 74 Sex: Female", 74, "F"),
        ("# age: 81\n# sex: female", 81, "F"),
        ("# <age>: ?? <sex>: ?", None, None),
        ("# Age: NaN\n# Sex: Unknown", None, None),
        ("# Age: 01/10/1990\n# passage: 3, message: fine", None, None),
    ],
)
def test_age_and_sex_are_read_from_the_comments_that_name_them(comments, age, sex):
    header = parse_header(f"r 1 100 3\r\n{LINE}\r\n{comments}".encode(), "r.hea")
    assert (header.age, header.sex) == (age, sex)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"r\.hea: is empty"),
        ("# only a comment", r"r\.hea: the header holds no record line"),
        ("<!DOCTYPE html>", r"r\.hea: is a web page"),
        ("r two 100 3", r"r\.hea: line 1: the number of signals is none that header"),
        ("r 1 0 3\n" + LINE, r"r\.hea: line 1: the sampling frequency is none that header"),
        ("r 1 100 -3\n" + LINE, r"r\.hea: line 1: the number of samples is none that header"),
        ("r 2 100 3\n" + LINE, r"r\.hea: line 1: 2 signals announced, 1 listed"),
        ("# c\nr 1 100 3\nr.dat sixteen", r"r\.hea: line 3: the format is none that header"),
        ("r 1 100 3\nr.dat 16x0", r"r\.hea: line 2: 0 samples a frame"),
        ("r 1 100 3\n../r.dat 16", r"r\.hea: line 2: the signal file lies outside"),
        ("r/2 1 100 3\na 3", r"r\.hea: line 1: 2 segments announced, 1 listed"),
        ("r 1 100 3\nr.dat 17 200/mV", r"r\.hea: the file of signal 1 has format 17\. Known formats are 8, 16"),
    ],
)
def test_a_header_that_is_none_is_refused_with_file_and_line(tmp_path, text, message):
    write(tmp_path, text)
    with pytest.raises(SourceError, match=message):
        read(tmp_path)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list(b"\x00\n 0x:+/~-9ae.#(\xff"))), max_size=6))
def test_a_mutated_header_is_read_or_refused(tmp_path_factory, mutations):
    folder = tmp_path_factory.mktemp("wfdb")
    raw = bytearray(
        f"r 3 100/10 4 8:26:04 26/10/1994\n{LINE}\n{LINE}\nr.dat 16x2:1+2 2e2(-4)/uV 16 0 0 0 0 V\n".encode()
    )
    for place, byte in mutations:
        raw[place % len(raw)] = byte
    (folder / "r.hea").write_bytes(raw)
    (folder / "r.dat").write_bytes(bytes(range(50)))
    try:
        recording = read(folder)
    except SourceError as error:
        assert error.where and error.mend
        return
    assert all(stream.digital.shape == stream.samples.shape for stream in recording.streams)


# ------------------------------------------------------------------------------------------------- streams and gaps


def test_signals_lie_in_streams_by_sensor_type_and_rate(tmp_path):
    lines = ["r.dat 16x2 200/mV 16 0 0 0 0 II", "r.dat 16 100/NU 16 0 0 0 0 PLETH", "r.dat 16x2 50/mV 16 0 0 0 0 V"]
    write(tmp_path, "r 3 125 2", *lines, r=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    ecg, ppg = read(tmp_path).streams
    assert [channel.name for channel in ecg.channels] == ["II", "V"]
    assert (ecg.rate_hz, ppg.rate_hz) == (250, 125)
    assert ecg.digital.tolist() == [[1, 2, 6, 7], [4, 5, 9, 10]]
    assert ppg.digital.tolist() == [[3, 8]]


def test_header_5_skewed_samples_precede_time_0_and_none_is_lost(tmp_path):
    write(tmp_path, "r 2 100 4 00:00:01 01/01/1970", "r.dat 16:2 200/mV 16 0 0 0 0 I", LINE, r=[1, 5, 2, 6, 3, 7, 4, 8])
    wfdb.wrann("r", "atr", np.array([1]), ["N"], write_dir=str(tmp_path))
    recording = read(tmp_path, annotators={"atr": {}})
    first, second = recording.streams
    assert (first.t0_ns, second.t0_ns) == (0, 20_000_000)
    assert (first.digital.tolist(), second.digital.tolist()) == ([[1, 2, 3, 4]], [[5, 6, 7, 8]])
    assert recording.annotations[0].onset_ns == 30_000_000
    assert recording.start_unix_ns == 980_000_000


def test_header_5_equal_segments_are_one_stream_and_a_null_segment_is_a_gap(tmp_path):
    write(tmp_path, "r/4 1 100", "a 2", "b 1", "~ 5", "a 2")
    write(tmp_path, "a 1 100 2", "a.dat 16 200/mV 16 0 0 0 0 II", name="a", a=[1, 2])
    write(tmp_path, "b 1 100 1", "b.dat 16 200/mV 16 0 0 0 0 II", name="b", b=[3])
    (stream,) = read(tmp_path).streams
    assert stream.segments == (Segment(0, 3), Segment(80_000_000, 2))
    assert stream.digital.tolist() == [[1, 2, 3, 1, 2]]
    assert stream.samples.read(1, 4).tolist() == [[2, 3, 1]]
    assert stream.samples.read(2, 2).shape == (1, 0)


@pytest.mark.parametrize("second", ["16 100/mV 16 0 0 0 0 II", "16 200(5)/mV 16 0 0 0 0 II", "61 200/mV 16 0 0 0 0 V"])
def test_header_5_a_stream_ends_where_channels_or_calibration_change(tmp_path, second):
    write(tmp_path, "r/3 1 100 5", "layout 0", "a 2", "b 3")
    write(tmp_path, "layout 2 100 0", "~ 0 200/mV 16 0 0 0 0 II", "~ 0 200/mV 16 0 0 0 0 V", name="layout")
    write(tmp_path, "a 1 100 2", "a.dat 16 200/mV 16 0 0 0 0 II", name="a", a=[1, 2])
    write(tmp_path, "b 1 100 3", f"b.dat {second}", name="b", b=[3, 4, 5])
    first, then = read(tmp_path).streams
    assert (first.t0_ns, then.t0_ns) == (0, 20_000_000)
    assert (first.n_samples, then.n_samples) == (2, 3)


@pytest.mark.parametrize("segment", ["a 1 100 3", "a 1 99 2"])
def test_a_segment_that_contradicts_its_record_is_refused(tmp_path, segment):
    write(tmp_path, "r/1 1 100 2", "a 2")
    write(tmp_path, segment, "a.dat 16", name="a", a=[1, 2, 3])
    with pytest.raises(SourceError, match=r"a\.hea: the segment has .* frames at"):
        read(tmp_path)


def test_companions_are_all_files_that_a_read_opens_each_once(tmp_path):
    write(tmp_path, "r/2 1 100", "a 2", "a 2")
    write(tmp_path, "a 2 100 2", "a.dat 16", "b.dat 16", name="a", a=[1, 2], b=[3, 4])
    wfdb.wrann("r", "atr", np.array([1]), ["N"], write_dir=str(tmp_path))
    options = reader("wfdb").Options(annotators={"atr": {}, "qrs": {"optional": True}})
    found = reader("wfdb").companions(Source(tmp_path, "r.hea"), options)
    assert [source.name for source in found] == ["r.hea", "a.hea", "a.dat", "b.dat", "r.atr"]


# ------------------------------------------------------------------------------------------------- checks and faults


def test_header_5_checksum_and_initial_value_are_held_to_the_samples(tmp_path):
    write(tmp_path, "r 2 100 3", LINE, "r.dat 16 200/mV 16 0 5 6 0 V1", r=[1, 4, 2, 5, 3, 6])
    recording = read(tmp_path)
    assert recording.warnings == (
        "the checksum in the header is not that of the samples: V1",
        "the initial value in the header is not the first sample: V1",
    )
    assert recording.stream("ECG").digital.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_signal_file_that_is_cut_off_is_refused_with_both_lengths(tmp_path):
    write(tmp_path, "r 1 100 1000", LINE, r=[1, 2, 3])
    with pytest.raises(
        SourceError, match=r"r\.dat: the signal file ends early: 2,000 bytes expected, 6 found\..*again"
    ):
        read(tmp_path)


def test_a_signal_file_that_is_cut_off_after_it_was_opened_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("biocurate.formats.wfdb.reader.EAGER_SAMPLES", 0)
    write(tmp_path, "r 1 100 3", LINE, r=[1, 2, 3])
    stream = read(tmp_path).stream("ECG")
    write(tmp_path, "r 1 100 3", LINE, r=[1])
    with pytest.raises(SourceError, match=r"r\.dat: the signal file ends early: 6 bytes expected, 2 found"):
        stream.samples.read(0, 3)


def test_an_empty_signal_file_of_a_header_without_length_is_refused(tmp_path):
    write(tmp_path, "r 1 100", LINE, r=[])
    with pytest.raises(SourceError, match=r"r\.dat: holds no samples"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"<html><body>Log in</body></html>", r"r\.dat: is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", r"r\.dat: is a Git LFS pointer"),
        (b"", r"r\.dat: is empty"),
        (b"ab\r\n" * 20, r"r\.dat: has a carriage return before every line feed"),
    ],
)
def test_a_file_that_is_no_signal_file_is_refused(tmp_path, raw, message):
    write(tmp_path, "r 1 100 3", LINE)
    (tmp_path / "r.dat").write_bytes(raw)
    with pytest.raises(SourceError, match=message):
        read(tmp_path)


def test_a_missing_signal_file_is_named_with_its_header(tmp_path):
    write(tmp_path, "r 1 100 3", LINE)
    with pytest.raises(SourceError, match=r"r\.dat: is missing; a header names it"):
        read(tmp_path)


def test_a_signal_file_that_links_out_of_the_root_is_refused(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    write(root, "r 1 100 1", LINE)
    (tmp_path / "secret").write_bytes(b"ab")
    (root / "r.dat").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError, match=r"r\.dat: is a link out of the folder"):
        read(root)


def test_a_missing_annotation_file_is_refused_unless_optional(tmp_path):
    write(tmp_path, "r 1 100 3", LINE, r=[1, 2, 3])
    with pytest.raises(SourceError, match=r"r\.atr: is missing: the recipe asks for this annotation file"):
        read(tmp_path, annotators={"atr": {}})
    assert read(tmp_path, annotators={"atr": {"optional": True}}).annotations == ()


def test_read_header_says_what_read_finds_and_reads_no_sample(tmp_path, monkeypatch):
    write(
        tmp_path, "r 2 100 2", "r.dat 16x3 200/mV 16 0 0 0 0 II", "r.dat 16:1 1/NU 16 0 0 0 0 PLETH", r=list(range(8))
    )
    recording = read(tmp_path)
    monkeypatch.setattr(np, "fromfile", None)
    header = reader("wfdb").read_header(Source(tmp_path, "r.hea"), reader("wfdb").Options())
    assert [(s.label, s.unit, s.rate_hz, s.n_samples) for s in header.signals] == [
        ("II", "mV", 300, 6),
        ("PLETH", "NU", 100, 2),
    ]
    assert header.duration_ns == recording.duration_ns == 30_000_000
    assert header.n_bytes == 16 + (tmp_path / "r.hea").stat().st_size


def test_a_long_record_is_read_in_bounded_memory(tmp_path):
    n_frames = 24_000_000
    write(tmp_path, f"r 1 1000 {n_frames}", LINE)
    with (tmp_path / "r.dat").open("wb") as file:
        file.truncate(2 * n_frames)
    tracemalloc.start()
    stream = read(tmp_path).stream("ECG")
    assert stream.samples.read(n_frames - 5, n_frames).shape == (1, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


def test_lazy_samples_travel_to_another_process(tmp_path, monkeypatch):
    monkeypatch.setattr("biocurate.formats.wfdb.reader.EAGER_SAMPLES", 0)
    write(tmp_path, "r 1 100 3", LINE, r=[1, 2, 3])
    assert pickle.loads(pickle.dumps(read(tmp_path))).stream("ECG").digital.tolist() == [[1, 2, 3]]

"""Every signal format of signal(5), held to the wfdb package's own decoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.formats import Source, reader
from biocurate.formats.wfdb import signals as wfdb_signals
from biocurate.formats.wfdb.signals import ALIGNED, BLOCKS, INVALID, bytes_needed, sample_type
from biocurate.recording import Stream

UNCOMPRESSED = sorted([*ALIGNED, *BLOCKS])
WRITABLE = {16: 16, 24: 24, 32: 32, 80: 8, 212: 12, 508: 8, 516: 16, 524: 24}


def read_stream(folder: Path, name: str = "r") -> Stream:
    (stream,) = reader("wfdb").read(Source(folder, f"{name}.hea"), reader("wfdb").Options()).streams
    return stream


def write_raw(folder: Path, fmt: int, raw: bytes, n_signals: int, n_frames: int, offset: int = 0) -> None:
    line = f"r.dat {fmt}{f'+{offset}' if offset else ''} 100/mV 16 0"
    header = [
        f"r {n_signals} 100 {n_frames}",
        *[f"{line} {7 * signal} 0 0 V{signal + 1}" for signal in range(n_signals)],
    ]
    (folder / "r.hea").write_text("\n".join(header))
    (folder / "r.dat").write_bytes(raw)


@st.composite
def raw_files(draw):
    fmt = draw(st.sampled_from(UNCOMPRESSED))
    n_signals, n_frames = draw(st.integers(1, 4)), draw(st.integers(1, 30))
    needed = bytes_needed(fmt, n_signals * n_frames)
    raw = bytearray(draw(st.binary(min_size=needed, max_size=needed)))
    if fmt == 311:  # the two highest bits of each quartet are unused; wfdb takes one of them for a part of the sample
        raw[3::4] = bytes(byte & 0x3F for byte in raw[3::4])
    return fmt, bytes(raw), n_signals, n_frames, draw(st.sampled_from([0, 24]))


@settings(max_examples=300, deadline=None)
@given(raw_files())
def test_signal_5_any_bytes_decode_as_wfdb_decodes_them(tmp_path_factory, raw_file):
    fmt, raw, n_signals, n_frames, offset = raw_file
    folder = tmp_path_factory.mktemp("wfdb")
    write_raw(folder, fmt, bytes(offset) + raw, n_signals, n_frames, offset)
    stream = read_stream(folder)
    expected = wfdb.rdrecord(str(folder / "r"), physical=False).d_signal.T
    assert stream.digital.dtype == sample_type(fmt)
    assert np.array_equal(stream.digital, expected)
    assert {channel.invalid for channel in stream.channels} == {INVALID.get(fmt)}


@st.composite
def integer_records(draw):
    fmt = draw(st.sampled_from(sorted(WRITABLE)))
    low, high = -(2 ** (WRITABLE[fmt] - 1)), 2 ** (WRITABLE[fmt] - 1) - 1
    shape = draw(st.integers(2, 40)), draw(st.integers(1, 3))
    values = draw(st.lists(st.integers(low, high), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    start = draw(st.integers(0, shape[0]))
    return fmt, np.array(values, np.int64).reshape(shape), start, draw(st.integers(start, shape[0]))


@settings(max_examples=120, deadline=None)
@given(integer_records())
def test_every_integer_that_wfdb_writes_is_read_back_whole_and_in_any_range(tmp_path_factory, written):
    fmt, samples, start, stop = written
    folder = tmp_path_factory.mktemp("wfdb")
    n = samples.shape[1]
    wfdb.wrsamp(
        "r", 250, ["mV"] * n, [f"V{signal + 1}" for signal in range(n)], d_signal=samples, fmt=[str(fmt)] * n,
        adc_gain=[200.0] * n, baseline=[0] * n, write_dir=str(folder),
    )  # fmt: skip
    stream = read_stream(folder)
    assert np.array_equal(stream.digital, samples.T)
    assert np.array_equal(stream.samples.read(start, stop), samples.T[:, start:stop])


@pytest.mark.parametrize("fmt", UNCOMPRESSED)
def test_a_file_too_large_to_keep_is_read_by_ranges_with_the_same_integers(tmp_path, fmt, monkeypatch):
    generator = np.random.default_rng(fmt)
    n_frames = 4001
    raw = generator.integers(0, 64, bytes_needed(fmt, 3 * n_frames), np.uint8).tobytes()
    write_raw(tmp_path, fmt, raw, 3, n_frames)
    whole = read_stream(tmp_path).digital
    monkeypatch.setattr("biocurate.formats.wfdb.reader.EAGER_SAMPLES", 0)
    monkeypatch.setattr(wfdb_signals, "BLOCK_SAMPLES", 1000)
    samples = read_stream(tmp_path).samples
    for start, stop in [(2000, 2500), (2500, 4001), (1, 2), (7, 7), (3999, 4001), (0, 4001)]:
        assert np.array_equal(samples.read(start, stop), whole[:, start:stop])


def test_signal_5_format_8_is_read_from_its_middle_with_the_sum_of_what_precedes(tmp_path, monkeypatch):
    """Format 8 holds differences; wfdb.rdrecord starts every range at the initial value."""
    monkeypatch.setattr("biocurate.formats.wfdb.reader.EAGER_SAMPLES", 0)
    write_raw(tmp_path, 8, bytes([1, 2, 255, 2, 1, 0] * 2), 2, 6)
    samples = read_stream(tmp_path).samples
    assert samples.read(3, 6).tolist() == [[2, 1, 2], [13, 15, 15]]
    assert samples.read(0, 2).tolist() == [[1, 0], [9, 11]]


@pytest.mark.parametrize("per_frame", [(1, 4), (3, 1, 2)])
def test_header_5_samples_per_frame_give_every_signal_its_own_rate(tmp_path, per_frame):
    generator = np.random.default_rng(5)
    signals = [generator.integers(-2000, 2000, 50 * count) for count in per_frame]
    n = len(per_frame)
    wfdb.wrsamp(
        "r", 62.4725, ["mV"] * n, ["I", "II", "V1"][:n], e_d_signal=signals, samps_per_frame=list(per_frame),
        fmt=["212"] * n, adc_gain=[200.0] * n, baseline=[0] * n, write_dir=str(tmp_path),
    )  # fmt: skip
    recording = reader("wfdb").read(Source(tmp_path, "r.hea"), reader("wfdb").Options())
    by_label = {stream.channels[0].label: stream for stream in recording.streams}
    for label, count, signal in zip(["I", "II", "V1"], per_frame, signals, strict=False):
        assert by_label[label].rate_hz == 62.4725 * count
        assert np.array_equal(by_label[label].digital[0], signal)
        assert np.array_equal(by_label[label].samples.read(5, 17)[0], signal[5:17])


def test_signal_5_flac_that_is_damaged_is_refused_with_its_name(tmp_path):
    wfdb.wrsamp(
        "r", 250, ["mV"], ["I"], d_signal=np.arange(5000).reshape(-1, 1) % 700, fmt=["516"], adc_gain=[200.0],
        baseline=[0], write_dir=str(tmp_path),
    )  # fmt: skip
    raw = (tmp_path / "r.dat").read_bytes()
    (tmp_path / "r.dat").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(wfdb_signals.SourceError, match=r"r\.dat: frames 0 to 5000 cannot be decoded"):
        read_stream(tmp_path)

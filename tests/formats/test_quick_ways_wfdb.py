"""Each quick way of the WFDB reader against the slow, obvious one."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import kept
from biocurate.formats.source import Source
from biocurate.formats.wfdb.checksums import Checked, Unchecked
from biocurate.formats.wfdb.header import SignalLine, _Line, _signal, _usual_signal
from biocurate.formats.wfdb.signals import LoadedFile, Picked, SignalFile

NUMBERS = st.sampled_from(["0", "-5", "+16", "200", "12x", "²", "1_0", "9" * 5000, "\u00a01", ""])
FIELDS = st.tuples(
    st.sampled_from(["a.dat", "~", "../a.dat", "ü", "\x0c"]),
    st.sampled_from(["16", "212x2", "16:3", "80+512", "16x0", "8x2:1+4", "²", "16x"]),
    st.sampled_from(["200", "0", "1e-999", "-3.5(7)/mV", ".5/uV", "200(-2)", "5.", "1(1)/", "nan"]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["II", "a b", "\u00a0x", "\x0bz", "(1)", ""]),
)


@given(FIELDS, st.integers(0, 9), st.sampled_from([" ", "  "]))
@example(("a.dat", "16", "200(3)/mV", "16", "0", "-120", "-32198", "0", "ii"), 9, " ")
@example(("a.dat", "16", "0", "16", "-7", "5", "5", "0", "a  b"), 9, "  ")
def test_header_5_a_signal_line_that_is_parsed_at_once_is_the_one_that_is_parsed_field_by_field(fields, n, blank):
    text = blank.join(fields[:n]).strip()
    quick = _usual_signal(text)
    if quick is not None:
        assert quick == _signal(_Line("a.hea", 2, text), 0)


def test_header_5_a_usual_line_is_parsed_at_once():
    text = "100.dat 212 200(1)/mV 11 1024 995 -22131 0 MLII"
    assert _usual_signal(text) == SignalLine("100.dat", 212, 1, 0, 0, 200.0, 1, "mV", True, 995, -22131, "MLII")


@pytest.mark.parametrize("per_frame", [(1, 1, 1), (2, 1, 3)])
@pytest.mark.parametrize("fmt", [16, 212, 24])
def test_samples_held_in_memory_are_those_read_from_the_file_piece_by_piece(tmp_path, fmt, per_frame):
    n_frames, width = 40, sum(per_frame)
    (tmp_path / "a.dat").write_bytes(
        np.random.default_rng(0).integers(0, 256, n_frames * width * 3, np.uint8).tobytes()
    )
    file = SignalFile(tmp_path / "a.dat", "a.dat", fmt, 0, per_frame, n_frames)
    lines = [SignalLine("a.dat", fmt, count, label=str(row)) for row, count in enumerate(per_frame)]
    held, read = Checked(1 << 20).look(file, lines), Unchecked().look(file, lines)
    assert isinstance(held, LoadedFile)
    assert read is file
    for columns in ([0], [0, 1, 2], [1, 2], [2, 0]):
        if any(per_frame[column] != per_frame[columns[0]] for column in columns):
            continue
        starts = [sum(per_frame[:column]) for column in columns]
        quick, slow = (
            Picked(
                tuple((one, start) for start in starts), per_frame[columns[0]], np.dtype("i4" if fmt == 24 else "i2")
            )
            for one in (held, read)
        )
        for start, stop in ((0, 10**6), (-3, 5), (7, 7), (9, 4), (11, 26), (39, 41)):
            assert (quick.read(start, stop) == slow.read(start, stop)).all()
            assert quick.read(start, stop).shape == slow.read(start, stop).shape


@pytest.fixture
def _nothing_kept():
    for path in list(kept._files):
        kept.drop(path)


@pytest.fixture
def source(tmp_path, _nothing_kept):
    (tmp_path / "a").write_bytes(b"first")
    os.utime(tmp_path / "a", ns=(0, 10**18))
    return Source(tmp_path, "a")


def test_a_small_file_is_read_once_while_size_and_time_are_as_they_were(source, monkeypatch):
    assert source.read() == b"first"
    digest = Source(source.root, "a").sha256()
    assert source.sha256() == digest  # given once: this one is of the bytes on the disk
    source.read()
    monkeypatch.setattr(Source, "open", None)
    assert source.read() == b"first"
    assert source.sha256() == digest


def test_a_file_that_changed_is_read_again_whichever_of_size_and_time_tells(source):
    source.read()
    path = source.root / "a"
    path.write_bytes(b"other")
    os.utime(path, ns=(0, 2 * 10**18))
    assert source.read() == b"other"
    path.write_bytes(b"longer than that")
    os.utime(path, ns=(0, 2 * 10**18))
    assert source.read() == b"longer than that"


def test_a_file_that_changed_a_moment_ago_is_not_kept(source):
    path = source.root / "a"
    path.write_bytes(b"fresh")
    assert source.read() == b"fresh"
    assert kept.at_hand(str(path)) is None


def test_a_file_that_is_gone_is_not_given_from_memory(source):
    source.read()
    (source.root / "a").unlink()
    with pytest.raises(SourceError, match="is not there"):
        source.read()
    with pytest.raises(OSError, match="No such file"):
        kept.at_hand(str(source.root / "a"))


@pytest.mark.usefixtures("_nothing_kept")
def test_only_so_many_bytes_are_kept(monkeypatch):
    monkeypatch.setattr(kept, "ROOM", 10)
    monkeypatch.setattr(kept, "LARGEST", 6)
    for name, size in (("a", 4), ("b", 4), ("c", 7), ("d", 4)):
        kept.keep(name, (size, 0), bytes(size))
    assert list(kept._files) == ["b", "d"]
    assert kept._held == 8

"""Each quick way of the EDF reader against the slow, obvious one."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from biocurate.formats import kept
from biocurate.formats.edf import annotations
from biocurate.formats.edf import reader as edf
from biocurate.formats.edf.header import USUAL_BYTES, EdfSignal, parse_header
from biocurate.formats.source import Source


@pytest.fixture(autouse=True)
def _forgotten():
    for path in list(kept._files):
        kept.drop(path)
    edf._groups.cache_clear()


def signal(label="EEG Cz", per_record=4, column=0, digital=("-32768", "32767")):
    return EdfSignal(label, "uV", "-3200", "3200", *digital, "HP:0.1Hz", per_record, column)


def seconds(*starts, size=8):
    return b"".join((b"+%d\x14\x14" % start).ljust(size, b"\x00") for start in starts)


EVEN = st.builds(lambda first, step, count: seconds(*range(first, first + step * count, step)),
                 st.integers(0, 120), st.integers(1, 3), st.integers(1, 30))  # fmt: skip
"""Clocks of records that say nothing else."""


@settings(max_examples=300)
@given(EVEN, st.lists(st.tuples(st.integers(0, 239), st.sampled_from(b"\x00\x14\x15+-.019a")), max_size=2))
@example(seconds(5), [])
@example(seconds(5, 5), [])
@example(seconds(5, 4, 3), [])
@example(seconds(0, 1, 3), [])
@example(b"+00\x14\x14\x00\x00\x00+01\x14\x14\x00\x00\x00", [])
@example(b"+0\x14\x14\x00x\x00\x00" + seconds(1), [])
@example(seconds(998, 999, size=6) + b"+1000\x14", [])
def test_a_clock_that_is_compared_as_a_whole_is_that_of_each_record(raw, changes):
    """EDF+ section 2.2.4: the time-keeping list of each record gives its start."""
    size = 6 if raw.startswith(b"+998") else 8
    block = bytearray(raw)
    for place, byte in changes:
        block[place % len(block)] = byte
    some = annotations._Block(bytes(block), size)
    each = [annotations._whole_second(record) for record in some]
    counted = annotations._counted(some)
    assert counted is None or list(counted) == each


@given(EVEN)
def test_an_even_clock_is_compared_as_a_whole(raw):
    assert annotations._counted(annotations._Block(raw, 8)) is not None


def test_a_block_that_is_no_whole_record_or_a_large_one_is_read_record_by_record():
    assert annotations._counted(annotations._Block(b"", 8)) is None
    large = seconds(*range(annotations.COUNTED_BYTES // 8 + 1))
    assert annotations._counted(annotations._Block(large, 8)) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(data=st.data())
def test_times_and_texts_are_those_that_are_read_one_by_one(data, put, edf_file, monkeypatch):
    n_records = data.draw(st.integers(1, 12))
    lists = [b"+%d\x14\x14\x00" % second for second in range(n_records)]
    for place in data.draw(st.lists(st.integers(0, n_records - 1), max_size=2, unique=True)):
        lists[place] += b"+%d.5\x14a text\x14\x00" % place
    source = put(edf_file([np.zeros((n_records, 4), int)], reserved="EDF+C", lists=[lists]).encode())
    options = edf.EdfOptions()
    quick = edf.EdfReader().read(source, options)
    with monkeypatch.context() as slowly:
        slowly.setattr(annotations, "COUNTED_BYTES", 0)
        slow = edf.EdfReader().read(source, options)
    assert quick.annotations == slow.annotations
    assert [each.segments for each in quick.streams] == [each.segments for each in slow.streams]
    assert len(quick.annotations) == sum(b"text" in each for each in lists)


def settled(source):
    """Make a file a day old: what has just changed is not kept."""
    path = source.root / source.path
    os.utime(path, ns=(path.stat().st_mtime_ns - 86_400 * 10**9,) * 2)
    return source


def all_of(recording):
    return (
        [
            (each.sensor_type, each.rate_hz, each.channels, each.segments, each.digital.tolist())
            for each in recording.streams
        ],
        recording.annotations,
        recording.warnings,
        recording.header,
    )


@pytest.mark.parametrize("wide", [False, True])
def test_a_file_that_is_read_once_is_as_one_that_is_mapped(put, edf_file, wide, monkeypatch):
    x = np.random.default_rng(0).integers(-9000, 9000, (5, 40))
    lists = [b"+%d\x14\x14\x00+%d\x14text\x14" % (second, second) for second in range(5)]
    reserved = "BDF+C" if wide else "EDF+C"
    content = edf_file([x, x[:, :7]], labels=["EEG Cz", "ECG"], reserved=reserved, lists=[lists], wide=wide).encode()
    source = settled(put(content))
    reader, options = edf.EdfReader(), edf.EdfOptions()
    read = reader.read(source, options)
    assert source._place in kept._files
    monkeypatch.setattr(edf, "LARGEST", -1)
    for path in list(kept._files):
        kept.drop(path)
    assert all_of(read) == all_of(reader.read(source, options))
    assert source._place not in kept._files
    np.testing.assert_array_equal(read.streams[0].digital, x.reshape(1, -1))


@given(st.binary(max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_a_piece_is_that_of_the_file_whether_it_is_at_hand_or_not(tmp_path_factory, content, start, length):
    root = tmp_path_factory.mktemp("piece")
    (root / "a").write_bytes(content)
    source = settled(Source(root, "a"))
    assert source.piece(start, length) == content[start : start + length]
    source.read()
    assert source.piece(start, length) == content[start : start + length]


def test_a_piece_is_that_of_the_file_as_it_is_now(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"before")
    source = settled(Source(tmp_path, "a"))
    source.read()
    path.write_bytes(b"behind")
    assert source.piece(0, 6) == b"behind"
    path.unlink()
    with pytest.raises(Exception, match="is not there"):
        source.piece(0, 6)


@pytest.mark.parametrize("n_signals", [1, USUAL_BYTES // 256 - 1, USUAL_BYTES // 256, 40])
def test_headers_of_any_number_of_signals_are_read_whole(put, edf_file, n_signals):
    source = put(edf_file([np.zeros((1, 2), int)] * n_signals).encode())
    header = parse_header(source)
    assert [each.label for each in header.signals] == [f"EEG C{i + 1}" for i in range(n_signals)]
    assert header.n_bytes == 256 * (n_signals + 1)


def test_channels_of_alike_headers_are_the_very_same_and_of_others_are_not(put, edf_file):
    x = np.zeros((2, 4), int)
    first, alike, other = (
        edf.EdfReader().read(put(edf_file([x, x], physical=("-3200", high)).encode(), name), edf.EdfOptions())
        for name, high in (("a.edf", "3200"), ("b.edf", "3200"), ("c.edf", "6400"))
    )
    assert first.streams[0].channels is alike.streams[0].channels
    assert other.streams[0].channels[0].gain > first.streams[0].channels[0].gain


def test_what_is_said_of_signals_is_said_of_each_file(put, edf_file):
    x = np.zeros((2, 4), int)
    for name in ("a.edf", "b.edf"):
        source = put(edf_file([x], digital=("100", "-100")).encode(), name)
        assert any("its sign may be wrong" in text for text in edf.EdfReader().read(source, edf.EdfOptions()).warnings)


@given(st.lists(st.tuples(st.sampled_from(["EEG Cz", "ECG", "?", "SpO2"]), st.integers(1, 3)), min_size=1, max_size=6))
def test_groups_are_by_rate_and_type_in_the_order_of_the_file(spec):
    column, signals = 0, []
    for label, per_record in spec:
        signals.append(signal(label, per_record, column))
        column += per_record
    for _ in range(2):
        groups, warnings = edf._groups(tuple(signals))
        assert warnings == ()
        assert [each for group in groups for each in group.signals] == sorted(
            signals, key=lambda each: [each in group.signals for group in groups].index(True)
        )
        for group in groups:
            assert [each.label for each in group.channels] == [each.label for each in group.signals]
            assert {each.per_record for each in group.signals} == {group.per_record}
            assert sum(run.n_channels for run in group.runs) == len(group.signals)

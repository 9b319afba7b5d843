"""Each quick way of a reader against the slow, obvious one."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biocurate.errors import SourceError
from biocurate.formats import archive
from biocurate.formats.csv.ends import LineEnds
from biocurate.formats.csv.text import Block, Grammar
from biocurate.formats.edf import annotations as edf_annotations
from biocurate.formats.edf.header import parse_header
from biocurate.formats.edf.reader import _crlf
from biocurate.formats.edf.records import Records
from biocurate.formats.impostors import is_crlf_damaged
from biocurate.formats.source import Source
from biocurate.formats.wfdb import layout as wfdb_layout
from biocurate.formats.wfdb.checksums import sums_16
from biocurate.formats.wfdb.header import parse_header as parse_record
from biocurate.formats.wfdb.signals import signal_sums


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4).flatmap(
        lambda widths: st.tuples(
            st.just(widths),
            st.sampled_from(["int16", "int32"]).flatmap(
                lambda dtype: arrays(dtype, st.tuples(st.integers(0, 200), st.just(sum(widths))))
            ),
        )
    )
)
def test_header_5_checksums_are_sums_modulo_65536(case):
    widths, frames = case
    columns = np.ascontiguousarray(frames.T)
    assert (sums_16(columns, widths) == signal_sums(frames, widths) % 65536).all()


@given(st.binary(max_size=9_000))
@example(b"\r\n" * 5_000)
@example(b"x" * 4095 + b"\r\n" * 9)
@example(b"\n" + b"\r\n" * 9)
@example(b"\r\n" * 2_047 + b"x\r" + b"\n" + b"\r\n" * 9 + b"\n")
def test_a_sound_file_is_told_by_its_first_bytes_as_by_a_megabyte(tmp_path_factory, block):
    path = tmp_path_factory.mktemp("crlf") / "a.edf"
    path.write_bytes(block)
    assert _crlf(Source(path.parent, "a.edf"), 0) == is_crlf_damaged(block)


def test_signals_are_parsed_once_and_an_error_names_the_file_at_hand(tmp_path, put, edf_file):
    whole = put(edf_file([np.zeros((2, 4), int)]).encode())
    raw = bytearray((whole.root / whole.path).read_bytes())
    n_signals = int(raw[252:256])
    place = 256 + n_signals * (16 + 80 + 8 * 5 + 80)
    raw[place : place + 8] = b"no  \x20   "
    for name in ("first.edf", "second.edf"):
        (tmp_path / name).write_bytes(bytes(raw))
        with pytest.raises(SourceError) as caught:
            parse_header(Source(tmp_path, name))
        assert caught.value.where == name
    assert parse_header(whole) == parse_header(whole)


@pytest.mark.parametrize("n_records", [1, edf_annotations.TOGETHER, 2 * edf_annotations.TOGETHER + 3])
@pytest.mark.parametrize("width", [2, 3])
def test_annotations_taken_many_records_at_a_time_are_those_of_each(tmp_path, n_records, width):
    raw = np.random.default_rng(0).integers(0, 3, n_records * 7 * width, np.uint8).tobytes()
    (tmp_path / "a").write_bytes(raw)
    records = Records(Source(tmp_path, "a"), 0, n_records, width, 7)

    class Signal:
        column, per_record = 2, 4

    one_by_one = [record[2:6].tobytes().rstrip(b"\x00") for record in records.array]
    assert [raw for some in edf_annotations._blocks(records, Signal) for raw in some] == one_by_one


def test_a_record_header_that_is_kept_is_the_one_that_parsing_gives(tmp_path):
    for name, comment in (("a", "# Age: 5"), ("b", "#" + "x" * wfdb_layout.KEPT_BYTES)):
        raw = f"{name} 1 500 10\n{name}.dat 16 200 12 0 0 0 0 II\n{comment}\n".encode()
        (tmp_path / f"{name}.hea").write_bytes(raw)
        for _ in range(2):
            assert wfdb_layout._header(Source(tmp_path, f"{name}.hea")) == parse_record(raw, f"{name}.hea")


CELLS = st.lists(st.lists(st.sampled_from(["", "1", "-2.5"]), min_size=1, max_size=4), min_size=1, max_size=9)


@given(CELLS, st.integers(1, 4))
def test_rows_with_too_many_or_too_few_cells_are_found_as_by_counting_each_line(rows, width):
    text = "\n".join(";".join(row) for row in rows).encode()
    grammar = Grammar("a.csv", tuple("abcd"[:width]), ";", ".", (), tuple(range(width)))
    wrong = [number for number, row in enumerate(rows, 3) if len(row) != width]
    if not wrong:
        grammar._refuse_ragged(Block(text, 3))
        return
    with pytest.raises(SourceError, match=rf"^a.csv: line {wrong[0]} has|line {wrong[0]} has"):
        grammar._refuse_ragged(Block(text, 3))


@given(st.text("\r\n1", max_size=30))
def test_line_ends_are_counted_as_by_searching(text):
    ends = LineEnds()
    ends.see(text.encode())
    both = text.count("\r\n")
    expected = {b"\r\n": both, b"\n": text.count("\n") - both, b"\r": text.count("\r") - both}
    assert ends._counts == Counter({end: count for end, count in expected.items() if count})


@pytest.fixture
def member(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.csv", b"1.5\n" * 100_000)
    return Source(tmp_path, "a.zip", "a.csv")


def test_a_member_that_was_just_read_is_not_unpacked_again_for_its_hash(member, monkeypatch):
    with member.open() as stream:
        whole = hashlib.sha256(stream.read()).hexdigest()
    monkeypatch.setattr(archive, "open_member", None)
    assert member.sha256() == whole
    with pytest.raises(TypeError):
        member.sha256()  # the hash is given once: whoever asks later has the bytes looked at


def test_a_member_that_was_read_in_part_or_with_jumps_is_read_for_its_hash(member):
    whole = hashlib.sha256(b"1.5\n" * 100_000).hexdigest()
    with member.open() as stream:
        stream.read(1000)
    assert member.sha256() == whole
    archive._seen.clear()
    with member.open() as stream:
        stream.seek(200_000)
        stream.read()
    assert archive.sha256_seen(member.root / "a.zip", "a.csv") is None
    assert member.sha256() == whole


def test_the_hash_of_a_member_is_not_that_of_an_archive_put_in_its_place(member):
    with member.open() as stream:
        stream.read()
    with zipfile.ZipFile(member.root / "a.zip", "w") as opened:
        opened.writestr("a.csv", b"2\n")
    assert member.sha256() == hashlib.sha256(b"2\n").hexdigest()

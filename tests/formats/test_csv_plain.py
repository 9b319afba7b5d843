"""Plain decimals read many at a time, against Python's own numbers; samples in a temporary file, against memory."""

from __future__ import annotations

import struct
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from biocurate.errors import StoreError
from biocurate.formats import reader
from biocurate.formats.csv import plain, spool, table
from biocurate.formats.csv.plain import plain_rows
from biocurate.formats.csv.spool import Spool
from biocurate.recording import ArraySamples

CSV = reader("csv")

DIGITS = st.text("0123456789", min_size=1, max_size=4)
SIGN = st.sampled_from(["", "-"])


@st.composite
def columns(draw):
    """Rows of cells of at most eight signs, all of one number of decimals."""
    decimals, width = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    fraction = st.text("0123456789", min_size=decimals, max_size=decimals)
    cell = st.tuples(SIGN, DIGITS, fraction).map(lambda cut: cut[0] + cut[1] + ("." + cut[2] if decimals else ""))
    rows = draw(
        st.lists(st.lists(cell.filter(lambda text: len(text) <= 8), min_size=width, max_size=width), min_size=1)
    )
    return rows, decimals


def bits(values) -> bytes:
    return struct.pack(f"{len(values)}d", *values)


@given(columns(), st.sampled_from([1, 2, 7, 2**15]))
@example(([["-0.00"], ["0.00"], ["9999.999"[:7]]], 2), 2)
@example(([["-0"], ["99999999"[:4]]], 0), 1)
def test_clinger_1990_digits_over_a_power_of_ten_are_pythons_float_to_the_last_bit(case, together):
    rows, decimals = case
    text = "\n".join(",".join(row) for row in rows).encode()
    before, plain.CELLS = plain.CELLS, together
    try:
        found = plain_rows(text, b",", len(rows[0]), "float64")
        whole = plain_rows(text, b",", len(rows[0]), "int16")
    finally:
        plain.CELLS = before
    # A group of cells with its own number of decimals is left to the parser; those of one number never are.
    assert found is not None
    for place, column in enumerate(found):
        assert bits(column.tolist()) == bits([float(row[place]) for row in rows])
    if decimals:
        assert whole is None
    else:
        assert whole is not None
        assert whole.tolist() == [[int(row[place]) for row in rows] for place in range(len(rows[0]))]


@given(st.lists(st.text('0123456789.-+eE, "n', max_size=9), min_size=1, max_size=6), st.integers(1, 3))
@example(["1", "", "2"], 1)
@example(["1.5", "1.", "1.2"], 1)
@example(["1.5", ".5", "1.2"], 1)
@example(["-1.5", "--1.5"], 1)
@example(["1.5", "1.25"], 1)
@example(["1.5", "1-5"], 1)
@example(["1.5", "-.5"], 1)
@example(["1", "-"], 1)
@example(["1,2", "3", "4,5,6"], 2)
@example(["1,2,3", "4"], 2)
def test_what_is_no_plain_table_is_left_alone_and_what_is_taken_is_pythons(lines, width):
    found = plain_rows("\n".join(lines).encode(), b",", width, "float64")
    if found is None:
        return
    cells = [line.split(",") for line in lines]
    assert {len(row) for row in cells} == {width}
    assert all(cell.lstrip("-")[:1].isdigit() and cell[-1].isdigit() for row in cells for cell in row)
    for place, column in enumerate(found):
        assert bits(column.tolist()) == bits([float(row[place]) for row in cells])


@pytest.mark.parametrize("signs", [range(10), range(11, 44), [47], range(58, 256)])
def test_no_other_sign_is_taken_for_a_digit(signs):
    for sign, text in product(signs, (b"1%c3", b"%c23", b"12%c", b"-%c", b"1.%c2", b"1234%c678")):
        assert plain_rows(b"0\n" + text % sign, b",", 1, "float64") is None
        assert plain_rows(text % sign, b",", 1, "int32") is None


def test_an_integer_that_its_type_does_not_hold_is_left_to_the_check():
    assert plain_rows(b"32767", b",", 1, "int16") is not None
    assert plain_rows(b"32768", b",", 1, "int16") is None
    assert plain_rows(b"-32769", b",", 1, "int16") is None


@given(st.lists(st.sampled_from(["1.5", "-0.25", "12", "", "NA", "1e3", " 7", "123456.789"]), min_size=1, max_size=40))
def test_a_file_reads_as_it_does_without_the_quick_way(put_csv, cells):
    """Each block of a file goes one way or the other; the whole is the same."""
    source = put_csv("name\n" + "\n".join(["1", *cells, "1"]) + "\n")
    options = CSV.Options(rate_hz=4)
    before, table.plain_rows = table.plain_rows, lambda *_: None
    try:
        slow = CSV.read(source, options)
    finally:
        table.plain_rows = before
    quick = CSV.read(source, options)
    assert quick.warnings == slow.warnings
    assert bits(quick.streams[0].digital[0].tolist()).hex() == bits(slow.streams[0].digital[0].tolist()).hex()


@pytest.mark.parametrize("mark", ["-999", "0", "12.5"])
def test_a_number_that_stands_for_a_missing_cell_is_missing(put_csv, mark):
    source = put_csv(f"name\n1\n{mark}\n2\n")
    found = CSV.read(source, CSV.Options(rate_hz=4, missing=[mark])).streams[0].digital[0]
    np.testing.assert_array_equal(found, [1, np.nan, 2])


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.integers(0, 200),
    st.integers(0, 110),
    st.integers(0, 110),
)
def test_samples_in_a_temporary_file_are_those_in_memory(lengths, held, start, more):
    blocks = np.split(np.arange(2 * sum(lengths), dtype=np.int16).reshape(2, -1), np.cumsum(lengths)[:-1], axis=1)
    before, spool.HELD = spool.HELD, held
    try:
        kept = Spool(2, np.dtype(np.int16))
        for block in blocks:
            kept.append(block)
        samples = kept.samples()
    finally:
        spool.HELD = before
    whole = ArraySamples(np.concatenate(blocks, axis=1))
    assert (samples.shape, samples.dtype) == (whole.shape, whole.dtype)
    start = min(start, sum(lengths))
    np.testing.assert_array_equal(samples.read(start, start + more), whole.read(start, start + more))


def test_no_room_for_temporary_files_says_what_to_do(monkeypatch, tmp_path):
    class Full:
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "HELD", 0)
    monkeypatch.setattr(spool.tempfile, "TemporaryFile", Full)
    with pytest.raises(StoreError, match=r"No space left on device.*TMPDIR"):
        Spool(1, np.dtype(np.int16)).append(np.zeros((1, 4), np.int16))


@pytest.fixture(scope="module")
def put_csv(tmp_path_factory):
    from biocurate.formats.source import Source

    folder = tmp_path_factory.mktemp("csv")

    def put(text: str) -> Source:
        (folder / "x.csv").write_bytes(text.encode())
        return Source(folder, "x.csv")

    return put

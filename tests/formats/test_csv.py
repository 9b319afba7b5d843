"""CSV: RFC 4180 as far as numbers go, times, and Empatica's E4 export."""

from __future__ import annotations

import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.csv import text as csv_text
from biocurate.formats.csv.reader import layout_of
from biocurate.recording import NS, Segment

CSV = reader("csv")
FUNCTION_SCOPE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
NOON = "2019-10-16T12:09:0"
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"[+-]?([0-9]{1,20}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


def read(source: Source, **options):
    return CSV.read(source, CSV.Options(**options))


def rows(recording) -> list[list[float]]:
    return [row.tolist() for stream in recording.streams for row in stream.digital]


@FUNCTION_SCOPE
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_every_number_is_pythons_float_to_the_last_bit(put, cells, end, spaced):
    blank = " " if spaced else ""
    text = end.join(f"{a},{blank}{b}{blank}" for a, b in cells) + end
    recording = read(put(text.encode(), "x.csv"), header_rows=0, rate_hz=4)
    expected = [[float(pair[place]) for pair in cells] for place in (0, 1)]
    assert struct.pack(f"{len(cells)}d", *_plain(rows(recording)[0])) == struct.pack(
        f"{len(cells)}d", *_plain(expected[0])
    )
    assert struct.pack(f"{len(cells)}d", *_plain(rows(recording)[1])) == struct.pack(
        f"{len(cells)}d", *_plain(expected[1])
    )


def _plain(values: list[float]) -> list[float]:
    """One spelling of NaN: its sign and payload mean nothing."""
    return [float("nan") if value != value else value for value in values]


@FUNCTION_SCOPE
@given(
    st.lists(st.one_of(st.integers(-999, 999).map(str), st.just("")), min_size=1, max_size=60).filter(
        lambda c: c[-1] and c[0]
    ),
    st.integers(1, 40),
    st.sampled_from(["\n", "\r\n"]),
)
def test_blocks_of_any_length_give_the_same_rows_and_lines(put, cells, block, end):
    """Lines, blank ones among them, are counted and kept wherever a block is cut."""
    source = put(("name" + end + end.join(cells) + end * 3).encode(), "x.csv")
    with source.open() as stream:
        lines = csv_text.Lines(stream, "x.csv", block=block)
        assert lines.head(1) == ["name"]
        blocks = list(lines.blocks())
    assert [line for each in blocks for line in each.text.decode().split("\n")] == cells
    numbers = [each.line(row) for each in blocks for row in range(each.text.count(b"\n") + 1)]
    assert numbers == list(range(2, len(cells) + 2))


def test_columns_by_name_types_and_units(put):
    source = put(b'"ECG", EDA,note,"acc_x"\n1.5,2,hello,-7\n-1.5,,"a ""b"", c",8.0\n', "x.csv")
    options = {"rate_hz": 4, "columns": ["acc_x", "ECG", "EDA"], "unit": {"ECG": "mV"}, "dtype": {"acc_x": "int16"}}
    recording = read(source, **options)
    found = [(str(s.sensor_type), s.rate_hz, str(s.samples.dtype), s.digital.tolist()) for s in recording.streams]
    assert found[:2] == [("ACC", 4.0, "int16", [[-7, 8]]), ("ECG", 4.0, "float64", [[1.5, -1.5]])]
    np.testing.assert_array_equal(recording.streams[2].digital, [[2, np.nan]])
    assert [s.channels[0].unit_status for s in recording.streams] == ["unknown", "declared", "unknown"]
    assert recording.warnings == ("Column 'EDA': 1 of 2 cells are missing.",)
    assert recording.start_unix_ns is None
    header = CSV.read_header(source, CSV.Options(**options))
    assert [(s.label, s.unit, s.rate_hz, s.n_samples) for s in header.signals] == [
        ("acc_x", "", 4.0, None),
        ("ECG", "mV", 4.0, None),
        ("EDA", "", 4.0, None),
    ]


def test_units_from_a_row_comments_byte_order_mark_and_decimal_comma(put):
    text = "\ufeff# made by hand\nECG;Resp\nmV;Ohm\n# second half\n1,5;2\n# a remark\n-1,25;3e1\n"
    recording = read(
        put(text.encode(), "x.csv"), separator=";", decimal=",", comment="#", header_rows=2, units_row=2, rate_hz=250
    )
    assert [s.channels[0].unit for s in recording.streams] == ["mV", "Ohm"]
    assert rows(recording) == [[1.5, -1.25], [2.0, 30.0]]
    layout = layout_of(
        put(text.encode(), "x.csv"), CSV.Options(separator=";", decimal=",", comment="#", header_rows=2, rate_hz=1)
    )
    assert (layout.first_row, layout.columns, layout.separator, layout.decimal) == (4, {"ECG": 0, "Resp": 1}, ";", ",")


def test_without_a_header_names_are_given_in_order(put):
    source = put(b"1\t2\t3\n4\t5\t6\n", "acc.txt")
    recording = read(source, separator="\t", header_rows=0, columns=["acc_x", None, "acc_z"], unit="m/s^2", rate_hz=100)
    assert [c.name for c in recording.streams[0].channels] == ["ACCx", "ACCz"]
    assert rows(recording) == [[1.0, 4.0], [3.0, 6.0]]
    assert read(put(b"530\n518\n", "ppg.csv"), header_rows=0, rate_hz=9).streams[0].channels[0].label == "ppg"
    with pytest.raises(SourceError, match=r"has 3 columns in its first data row where 2 are named"):
        read(source, separator="\t", header_rows=0, columns=["a", "b"], rate_hz=1)


# ------------------------------------------------------------------------------------------------------- Empatica E4


def test_e4_row_1_is_the_start_row_2_the_rate(put):
    """Empatica's info.txt: "The first row is the initial time ... The second row is the sample rate"."""
    recording = read(put(b"1644227574.25\r\n4.000000\r\n0.000000\r\n0.622764\r\n", "EDA.csv"), layout="e4")
    stream = recording.streams[0]
    assert recording.start_unix_ns == 1644227574_250_000_000
    assert (str(stream.sensor_type), stream.rate_hz, stream.channels[0].unit) == ("GSR", 4.0, "uS")
    assert stream.segments == (Segment(0, 2),)
    assert stream.digital.tolist() == [[0.0, 0.622764]]


def test_e4_acceleration_has_three_columns_in_64ths_of_g(put):
    content = (
        b"1644227574.000000, 1644227574.000000, 1644227574.000000\n32.000000, 32.000000, 32.000000\n2,10,63\n-4,12,66\n"
    )
    stream = read(put(content, "ACC.csv"), layout="e4").streams[0]
    assert (str(stream.sensor_type), stream.rate_hz, str(stream.samples.dtype)) == ("ACC", 32.0, "int16")
    assert [(c.name, c.unit) for c in stream.channels] == [(f"ACC{axis}", "1/64 g") for axis in "xyz"]
    assert stream.digital.tolist() == [[2, -4], [10, 12], [63, 66]]


def test_e4_the_recipe_may_say_otherwise(put):
    source = put(b"1644227574.0\n4.0\n1\n2\n", "EDA.csv")
    stream = read(source, layout="e4", columns=["skin"], unit="nS", dtype="int32").streams[0]
    assert (stream.channels[0].label, stream.channels[0].unit, str(stream.samples.dtype)) == ("skin", "nS", "int32")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"1644227574.0\n", "has no rows under its header"),
        (b"1644227574.0\n4.0\n", "has no rows under its header"),
        (b"1644227574.0\n4.0\n\n\n", "has no rows under its header"),
        (b"1644227574.0, IBI\n604.0,0.6875\n604.9,0.9375\n", "row of start times"),
        (b"1644227574.0\n0.0\n1\n", "row of start times"),
    ],
)
def test_e4_files_without_samples_or_of_another_kind(put, content, message):
    for use in (CSV.read, CSV.read_header):
        with pytest.raises(SourceError, match=f"EDA.csv: .*{message}"):
            use(put(content, "EDA.csv"), CSV.Options(layout="e4"))


def test_a_member_of_an_archive_is_read_without_unpacking(tmp_path):
    with zipfile.ZipFile(tmp_path / "S10.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("EDA.csv", b"1644227574.0\n4.0\n" + b"0.5\n" * 100_000)
    recording = read(Source(tmp_path, "S10.zip", "EDA.csv"), layout="e4")
    assert recording.streams[0].digital.shape == (1, 100_000)
    assert [path.name for path in tmp_path.iterdir()] == ["S10.zip"]


# ------------------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("unit", "first", "second", "third", "start"),
    [
        ("s", "0.000", "0.008", "0.016", None),
        ("ms", "10", "18", "26.0", None),
        ("us", "0", "8000", "16000", None),
        ("unix_s", "1669463780.913", "1669463780.921", "1669463780.929", 1669463780_913_000_000),
        ("unix_ms", "1669463780913", "1669463780921", "1669463780929", 1669463780_913_000_000),
        ("iso", f"{NOON}1.700+02:00", f"{NOON}1.708+02:00", f"{NOON}1.716+02:00", 1571220541_700_000_000),
        ("iso", f"{NOON}1.700", f"{NOON}1.708", f"{NOON}1.716", 1571227741_700_000_000),
    ],
)
def test_times_give_the_rate_and_the_exact_start(put, unit, first, second, third, start):
    source = put(f"t,ecg\n{first},1\n{second},2\n{third},3\n".encode(), "x.csv")
    options = CSV.Options(time={"column": "t", "unit": unit})
    recording = CSV.read(source, options)
    assert (recording.streams[0].rate_hz, recording.start_unix_ns) == (125.0, start)
    assert rows(recording) == [[1.0, 2.0, 3.0]]
    assert CSV.read_header(source, options).signals[0].rate_hz == 125.0
    assert CSV.read_header(source, options).start_unix_ns == start


@FUNCTION_SCOPE
@given(
    st.sampled_from([4.0, 25.0, 62.4725, 64.0, 99.9, 116.988, 250.0]),
    st.lists(st.integers(3, 60), min_size=1, max_size=4),
    st.integers(2, 900),
)
def test_gaps_become_segments_and_the_rate_is_the_simplest_that_fits(put, rate, lengths, gap):
    """Times to the microsecond at any rate, with a gap of more than 1.5 periods between stretches."""
    starts, at = [], 0
    times = []
    for length in lengths:
        starts.append(at)
        times += [at + round(i * 1e6 / rate) for i in range(length)]
        at = times[-1] + round(gap * 1e6 / rate)
    source = put(("t,x\n" + "".join(f"{time},1\n" for time in times)).encode(), "x.csv")
    stream = read(source, time={"column": 0, "unit": "us"}).streams[0]
    assert stream.rate_hz == pytest.approx(rate, rel=0.5 / max(lengths))
    assert stream.segments == tuple(
        Segment(start * 1000, length) for start, length in zip(starts, lengths, strict=True)
    )
    declared = read(source, time={"column": 0, "unit": "us"}, rate_hz=rate).streams[0]
    assert (declared.rate_hz, declared.segments) == (rate, stream.segments)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([0, 40, 80, 120, 119, 200], r"line 6: the clock runs back by 1 ms"),
        ([0, 40, 80, 120, 120, 200], r"line 6: the time is 40 ms before its place at 25 Hz"),
        ([0, 40, 80, 120, 139, 199, 240, 280], r"line 6: the time is 21 ms before its place at 25 Hz"),
        ([5, 5, 5], r"line 3: the time is 1e\+03 ms before its place at 1 Hz"),
    ],
)
def test_a_clock_that_is_not_steady_names_the_line_and_the_mend(put, times, message):
    source = put(("t,x\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times))).encode(), "x.csv")
    time = {"column": "t", "unit": "ms"}
    with pytest.raises(SourceError, match=message + r".*arrival-order"):
        read(source, time=time)
    recording = read(source, time=time, rate_hz=25, on_clock="arrival-order")
    assert recording.streams[0].segments == (Segment(0, len(times)),)
    assert recording.streams[0].rate_hz == 25.0


def test_rows_out_of_step_are_counted_when_taken_as_they_came(put):
    source = put(b"t,x\n0,1\n40,2\n39,3\n120,4\n160,5\n", "x.csv")
    recording = read(source, time={"column": "t", "unit": "ms"}, rate_hz=25, on_clock="arrival-order")
    assert recording.warnings == (
        "Its times are not steady: at line 4, the clock runs back by 1 ms (1 rows in all); rows as they came.",
    )
    assert rows(recording) == [[1.0, 2.0, 3.0, 4.0, 5.0]]


@pytest.mark.parametrize("cell", ["", "yesterday", "12:30"])
def test_a_row_without_a_time_is_refused(put, cell):
    with pytest.raises(SourceError, match=r"x\.csv: line 3 has no time that can be read as 's'"):
        read(put(f"t,x\n0,1\n{cell},2\n2,3\n".encode(), "x.csv"), time={"column": "t"})


# -------------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n3\n5,6\n", "line 3 has 1 cells where 2 are expected"),
        (b"a,b\n1,2\n3,4\n5,6,7\n", "line 4 has 3 cells where 2 are expected"),
        (b"a,b\n1,2\n\n5,6\n", "line 3 has 1 cells where 2 are expected"),
        (b"a,b\n1,2\n3,x\n", "line 3, column 'b' is no number"),
        (b"a,b\n1,2\n3,1_0\n", "line 3, column 'b' is no number"),
        (b"a,b\n1,2\n3,0x1F\n", "line 3, column 'b' is no number"),
        (b'a,b\n1,2\n"3,4"\n', "line 3 has 1 cells where 2 are expected"),
        (b"a,b\n", "has no rows under its header"),
        (b"\xef\xbb\xbf", "has no rows under its header"),
        (b"1,2\n3,4\n", "has numbers where its columns' names should be"),
        (b"a,b\n1,2,3\n", "has 3 columns in its first data row where 2 are named"),
        ("a,b\n1,2\n".encode("utf-16"), "zero bytes"),
        (b"<!DOCTYPE html>\n<html><title>Log in</title>", "is a web page"),
    ],
)
def test_a_file_that_is_no_table_names_the_line(put, content, message):
    with pytest.raises(SourceError, match=rf"x\.csv: .*{message}"):
        read(put(content, "x.csv"), rate_hz=1)


def test_the_line_is_right_far_into_a_file_and_past_comments(put, monkeypatch):
    monkeypatch.setattr(csv_text.Lines, "block", 64)
    lines = ["# c"] * 3 + ["a,b"] + ["1,2", "# c"] * 300 + ["3,oops"] + ["1,2"] * 50
    with pytest.raises(SourceError, match="line 605, column 'b' is no number"):
        read(put("\n".join(lines).encode(), "x.csv"), rate_hz=1, comment="#")


def test_what_a_bad_cell_holds_is_not_repeated(put):
    """It may be a name, and messages go into the store."""
    with pytest.raises(SourceError) as caught:
        read(put(b"a,b\n1,Jane Doe\n", "x.csv"), rate_hz=1)
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "dtype", "message"),
    [
        ("1.5", "int16", "is no int16"),
        ("40000", "int16", "is no int16"),
        ("3e9", "int32", "is no int32"),
        ("inf", "int32", "is no int32"),
        ("", "int16", "is missing"),
    ],
)
def test_an_integer_column_is_checked_and_never_rounded(put, cell, dtype, message):
    source = put(f"a,b\n1,2\n3,{cell}\n".encode(), "x.csv")
    with pytest.raises(SourceError, match=f"line 3, column 'b' {message}.*float64"):
        read(source, rate_hz=1, dtype={"b": dtype})
    assert read(put(b"a\n-32768\n32767.0\n", "x.csv"), rate_hz=1, dtype="int16").streams[0].digital.tolist() == [
        [-32768, 32767]
    ]


def test_marks_for_missing_values(put):
    recording = read(put(b"a\n1\nNA\n-\n\n2\n", "x.csv"), rate_hz=1, missing=["NA", "-"])
    np.testing.assert_array_equal(recording.streams[0].digital, [[1, np.nan, np.nan, np.nan, 2]])
    assert recording.warnings == ("Column 'a': 3 of 5 cells are missing.",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["y", "c"]}, "has no column 'c', of 3"),
        ({"columns": ["x"]}, "has 2 columns called 'x'"),
        ({"unit": {"z": "mV"}}, "has no column 'z'"),
        ({"dtype": {"q": "int16"}}, "has no column 'q'"),
        ({"time": {"column": "t"}}, "has no column 't'"),
        ({"time": {"column": 3}}, "has no column 3"),
    ],
)
def test_columns_that_the_recipe_names_wrongly(put, options, message):
    with pytest.raises(SourceError, match=message):
        read(put(b"x,y,x\n1,2,3\n", "x.csv"), **{"rate_hz": 1, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither `rate_hz` nor `time`"),
        ({"rate_hz": 0}, "greater than 0"),
        ({"rate_hz": 1, "colums": []}, "Extra inputs"),
        ({"rate_hz": 1, "separator": ",", "decimal": ","}, "are both"),
        ({"layout": "e4", "rate_hz": 4}, "leave `rate_hz`"),
        ({"time": {"column": 0}, "on_clock": "arrival-order"}, "needs `rate_hz`"),
        ({"rate_hz": 1, "units_row": 2}, "among the 1"),
    ],
)
def test_options_that_do_not_fit_together(options, message):
    with pytest.raises(ValidationError, match=message):
        CSV.Options(**options)


def test_one_row_has_no_rate_unless_declared(put):
    source = put(b"t,x\n0,1\n", "x.csv")
    with pytest.raises(SourceError, match="one row"):
        read(source, time={"column": "t"})
    assert read(source, time={"column": "t"}, rate_hz=4).streams[0].segments == (Segment(0, 1),)
    assert NS == 10**9

"""The second path by itself, against values written by hand; it must be right before it may judge the readers."""

from __future__ import annotations

import zipfile

import edfio
import numpy as np
import pytest

from biocurate.formats import Source, reader
from biocurate.verify.second_path import DECODERS

NAN = float("nan")
E4 = {"layout": "e4"}


def decoded(format_, source, **options):
    found = DECODERS[format_](source, reader(format_).Options(**options))
    return {label: [array.tolist() for array in arrays] for label, arrays in found.items()}


@pytest.fixture
def csv(tmp_path):
    def decode(content, name="ECG.csv", **options):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return decoded("csv", Source(tmp_path, name), **{**({} if "layout" in options else {"rate_hz": 1}), **options})

    return decode


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("a,b\n1,2\n3,4\n", {}, {"a": [1, 3], "b": [2, 4]}),
        ("a;b\n1,5;2\n", {"separator": ";", "decimal": ","}, {"a": [1.5], "b": [2]}),
        ("a,b\n1,2\n", {"columns": ["b"]}, {"b": [2]}),
        ("1,2\n3,4\n", {"header_rows": 0}, {"ECG 1": [1, 3], "ECG 2": [2, 4]}),
        ("1,2\n", {"header_rows": 0, "columns": [None, "x"]}, {"x": [2]}),
        ("1\n2\n", {"header_rows": 0}, {"ECG": [1, 2]}),
        ("who\na,b\nmV,mV\n1,2\n", {"header_rows": 3, "names_row": 2, "units_row": 3}, {"a": [1], "b": [2]}),
        ("a,\n1,2\n", {}, {"a": [1], "column 1": [2]}),
        ("t,a\n0,5\n1,6\n", {"time": {"column": "t"}}, {"a": [5, 6]}),
        ("t,a\n0,5\n1,6\n", {"time": {"column": 0}}, {"a": [5, 6]}),
        ("1577836800\n4\n0.5\n0.25\n", E4, {"ECG": [0.5, 0.25]}),
        ("1577836800,1577836800,1577836800\n32,32,32\n1,2,3\n", E4, {"ECG x": [1], "ECG y": [2], "ECG z": [3]}),
        ("1577836800\n4\n0.5\n", {**E4, "columns": ["EDA"]}, {"EDA": [0.5]}),
        ('"a","b"\r\n"1", 2\r\n', {}, {"a": [1], "b": [2]}),
        (b"\xef\xbb\xbfa\r1\r2\r", {}, {"a": [1, 2]}),
        (b"\xb5V\n1\n", {}, {"µV": [1]}),
    ],
)
def test_columns_are_those_that_the_options_name(csv, content, options, expected):
    assert csv(content, **options) == {label: [values] for label, values in expected.items()}


def test_marks_for_missing_values_and_blank_cells_are_nan(csv):
    content = "a,b\n1,NA\n-999,2\n,x\n-999.0,3\n"
    found = csv(content, missing=["NA", "-999", "x"])
    np.testing.assert_array_equal(found["a"][0], [1, NAN, NAN, -999])
    np.testing.assert_array_equal(found["b"][0], [NAN, 2, NAN, 3])
    np.testing.assert_array_equal(csv("a\n1\nnull\n\n2\n\n\n")["a"][0], [1, NAN, NAN, 2])


def test_comments_are_no_rows_wherever_they_stand(csv):
    content = "# by A. Person\na,b\n# units: mV\n1,2\n#3,4\n5,6\n# end\n"
    assert csv(content, comment="#") == {"a": [[1, 5]], "b": [[2, 6]]}


def test_a_member_of_an_archive_is_decoded(tmp_path, corpus):
    path = corpus.write("s90_rest", seed=1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", "a\n1\n2\n")
        archive.write(path, "x.edf")
    assert decoded("csv", Source(tmp_path, "a.zip", "x.csv"), rate_hz=1) == {"a": [[1, 2]]}
    expected = {signal.label: [signal.digital.tolist()] for signal in edfio.read_edf(path).signals}
    assert decoded("edf", Source(tmp_path, "a.zip", "x.edf")) == expected


def test_a_missing_segment_is_left_out_unless_the_recipe_refuses_it(tmp_path):
    (tmp_path / "r.hea").write_text("r/5 1 100 9\na 2\nb 2\n~ 1\nc 2\na 2\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.hea").write_text(f"{name} 1 100 2\n{name}.dat 16 200/mV 16 0 0 0 0 II\n")
    (tmp_path / "a.dat").write_bytes(np.array([7, 8], "<i2").tobytes())
    source = Source(tmp_path, "r.hea")
    assert decoded("wfdb", source) == {"II": [[7, 8, 7, 8]]}
    with pytest.raises(OSError):
        decoded("wfdb", source, missing_segments="refuse")

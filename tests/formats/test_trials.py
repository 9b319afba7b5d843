"""Tables whose columns are trials: each is a recording as long as its cells, and nothing is made of a hole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import members, reader
from biocurate.formats.source import Source

TRIALS = reader("trials")
SAID = TRIALS.Options(rate_hz=100, label="EDA", unit="uS")
NUMBER = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.fixture
def source(tmp_path):
    def write(text):
        (tmp_path / "1.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return Source(tmp_path, "1.csv")

    return write


def read(source):
    return {part.record.name: TRIALS.read(part, SAID) for part in members("trials", source, SAID)}


@given(columns=st.lists(st.lists(NUMBER, min_size=1, max_size=8), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_column_is_a_recording_of_its_own_length(source, columns):
    head = ",".join(f"1_LOW_{place}" for place in range(len(columns)))
    longest = max(map(len, columns))
    rows = [",".join(repr(column[i]) if i < len(column) else "nan" for column in columns) for i in range(longest)]
    found = read(source("\n".join([head, *rows]) + "\n"))
    for place, column in enumerate(columns):
        recording = found[f"1_LOW_{place}"]
        assert recording.streams[0].digital.tolist() == [column]
        assert (recording.streams[0].rate_hz, recording.warnings) == (100, ())


def test_a_hole_is_nan_and_is_told(source):
    recording = read(source("a,b\n1,1\nNaN,2\n3,\n"))["a"]
    np.testing.assert_array_equal(recording.streams[0].digital, [[1, np.nan, 3]])
    assert recording.warnings == ("column 'EDA': 1 samples are missing",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a\n1,2\n", "told apart"),
        ("a,\n1,2\n", "told apart"),
        ("a,b\n1,x\n", "1 cells that are no number"),
        ("a,b\n1,\n2,\n", "without a sample"),
        ("a\n", "without a sample"),
        ("a,b\n1,2,3\n", "as many cells"),
        ("", "empty"),
        ("<!DOCTYPE html><html>", "web page"),
        (b"a,b\n\xff\xfe,1\n", "UTF-8"),
    ],
)
def test_what_is_no_such_table_is_refused(source, text, said):
    with pytest.raises(SourceError, match=said):
        read(source(text))


def test_the_table_is_read_again_once_it_has_changed(source):
    first = read(source("a\n1\n"))
    second = read(source("a\n1\n2\n"))
    assert (first["a"].streams[0].n_samples, second["a"].streams[0].n_samples) == (1, 2)

"""Rows with times in columns, against the slow, obvious way: one row after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from biocurate.formats.source import Source
from biocurate.recipes import tables
from biocurate.recipes.keyed import cells_of, keyed_rows
from biocurate.recipes.labelling import IntervalLabel, Label, TableLabel
from biocurate.recipes.spans import spans_of
from biocurate.recipes.tables import parse_rows, read_rows
from biocurate.recording import NS, ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType

HERE = Source(Path("corpus"), "labels.csv")
Made = tuple[int, int, str, float | None]

TIME = st.one_of(st.integers(-4, 24).map(str), st.sampled_from(["", "soon", "3.5", "0.000000001"]))
ROWS = st.lists(
    st.tuples(TIME, TIME, st.sampled_from(["a", "b", "B", "zz", ""]), st.sampled_from(["", "1.5", "nan", "x"])),
    max_size=12,
)


def lasting(seconds: int) -> Recording:
    samples = ArraySamples(np.zeros((1, seconds), np.int16))
    stream = Stream(SensorType.ECG, 1.0, (Channel("x", "x", "mV"),), (Segment(0, seconds),), samples)
    return Recording((stream,))


def labelled(**fields) -> IntervalLabel:
    label = {"from": "intervals", "file": "labels.csv", "key": {"column": "who"}, "number": "n", "column": "label"}
    return TypeAdapter(Label).validate_python({**label, **fields, "map": {"a": "A", "b": "B", "B": "B"}})


def ns(text: str) -> int | None:
    try:
        return round(float(text) * NS)
    except ValueError:
        return None


def row_by_row(rows: Sequence[Sequence[str]], how: str, instant: bool, duration_ns: int) -> Iterator[Made]:
    known: list[tuple[int, int, str | None, float | None]] = []
    for time, other, text, number in rows:
        onset, second = ns(time), ns(other)
        length = {"every": NS, "duration": second}.get(how, None if None in (onset, second) else second - onset)
        if length is None and instant:
            length = 0
        if onset is not None and length is not None:
            value = {"a": "A", "b": "B", "B": "B"}.get(text)
            known.append((onset, max(length, 0), value, float(number) if number in ("1.5", "nan") else None))
    known.sort(key=lambda row: row[0])
    if how == "every":
        runs: list[tuple[int, int, str | None, float | None]] = []
        last = 0
        for onset, _, value, number in known:
            if runs and runs[-1][2] == value and onset - last <= 1.5 * NS:
                runs[-1] = (runs[-1][0], onset - runs[-1][0] + NS, *runs[-1][2:])
            else:
                runs.append((onset, NS, value, number))
            last = onset
        known = runs
    for onset, length, value, number in known:
        end = onset + length
        touches = (end > 0 and onset < duration_ns) or (not length and 0 <= onset <= duration_ns)
        if value is not None and touches:
            yield max(onset, 0), min(end, duration_ns) - max(onset, 0), value, number


@given(ROWS, st.sampled_from(["every", "duration", "end"]), st.booleans())
def test_rows_in_columns_are_those_taken_one_by_one(rows, how, instant):
    fields = {"every": {"every_s": 1}, "duration": {"duration": "other"}, "end": {"end": "other"}}[how]
    label = labelled(
        onset={"column": "t", "clock": "relative"}, missing_duration="instant" if instant else "drop", **fields
    )
    text = "t,other,label,n\n" + "".join(",".join(row) + "\n" for row in rows)
    found, _ = spans_of("c", label, parse_rows(text.encode(), HERE), HERE, lasting(10))
    made = [(each.onset_ns, each.duration_ns, each.value, each.number) for each in found]
    assert list(map(repr, made)) == list(map(repr, row_by_row(rows, how, instant, 10 * NS)))


@pytest.mark.parametrize("large", [0, tables.LARGE])
@given(keys=st.lists(st.sampled_from(["1", "01", "x2", "ä", "", "1234567"]), min_size=1, max_size=20))
def test_rows_of_a_key_are_those_that_a_filter_finds(tmp_path_factory, large, keys):
    """Whether all columns of a table are held, or those that are needed."""
    root = tmp_path_factory.mktemp("keyed")
    (root / "labels.csv").write_text(
        "who, spare,t,label,n\n" + "".join(f"{k},s,{i},a{i},\n" for i, k in enumerate(keys))
    )
    label = labelled(onset={"column": "t", "clock": "relative"}, every_s=1)
    before, tables.LARGE = tables.LARGE, large
    try:
        table = keyed_rows(root, label)
        every = read_rows(Source(root, "labels.csv"))
        cells = {
            key: cells_of(
                root,
                TypeAdapter(TableLabel).validate_python(
                    {"from": "table", "file": "labels.csv", "key": {"column": "who"}, "column": "label"}
                ),
                "label",
                key,
            )
            for key in {*keys, "12345678"}
        }
    finally:
        tables.LARGE = before
    assert table is not None
    for key in [*filter(None, keys), "absent, and longer than any"]:
        expected = every.filter(pl.col("who") == key).select(table.rows.columns)
        rows = table.of(key)
        assert (rows is None) == expected.is_empty()
        assert rows is None or rows.equals(expected)
        assert cells.get(key) == (expected["label"].to_list() or None)
    assert table.of_any(["1", "x2", "x2"]).height == sum(key in ("1", "x2") for key in keys)
    assert ("spare" in table.rows.columns) == bool(large)


def test_a_table_that_changes_is_joined_anew(tmp_path):
    label = TypeAdapter(TableLabel).validate_python(
        {"from": "table", "file": "labels.csv", "key": {"column": "who"}, "column": "label"}
    )
    for number, (text, cells) in enumerate([("who,label\n1,a\n", ["a"]), ("label,who\nb,1\nc,1\n", ["b", "c"])]):
        (tmp_path / "labels.csv").write_text(text)
        os.utime(tmp_path / "labels.csv", (number, number))
        for _ in range(2):
            assert cells_of(tmp_path, label, "label", "1") == cells
            assert cells_of(tmp_path, label, "label", "2") is None

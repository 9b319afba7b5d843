"""Rows made columns at once, against polars' own way of row after row."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.store.columns import table_of
from biocurate.store.schema import ANNOTATIONS, RECORDINGS, cast

LEAVES = {
    pa.string(): st.text(max_size=4),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.float64(): st.floats(allow_nan=False) | st.integers(-5, 5),
    pa.bool_(): st.booleans(),
}


def values(kind: pa.DataType) -> st.SearchStrategy[object]:
    """Values of a type, and none."""
    if pa.types.is_struct(kind):
        return st.none() | st.fixed_dictionaries({}, optional={field.name: values(field.type) for field in kind})
    if pa.types.is_list(kind):
        return st.none() | st.lists(values(kind.value_type), max_size=3)
    return st.none() | LEAVES[kind]


def rows(schema: pa.Schema) -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(
        st.fixed_dictionaries({}, optional={field.name: values(field.type) for field in schema}), max_size=4
    )


NESTED = pa.struct([("a", pa.int64()), ("b", pa.list_(pa.struct([("c", pa.float64()), ("d", pa.string())])))])
SMALL = pa.schema([("i", pa.int32()), ("s", pa.list_(NESTED)), ("t", NESTED), ("o", pa.bool_())])


@pytest.mark.parametrize("schema", [SMALL, ANNOTATIONS], ids=["nested", "annotations"])
@given(data=st.data())
def test_columns_are_those_that_polars_makes_of_each_row(schema, data):
    made = data.draw(rows(schema))
    quick, slow = table_of(made, schema), cast(made, schema) if made else table_of(made, schema)
    assert quick.schema == slow.schema
    assert quick.to_pylist() == slow.to_pylist()
    quick.validate(full=True)


def test_rows_without_some_lists_are_made_columns_without_an_import():
    """Each process would pay for it, a thirtieth of a second."""
    code = """
import sys, pyarrow as pa
from biocurate.store.columns import table_of
schema = pa.schema([("a", pa.list_(pa.struct([("b", pa.list_(pa.string()))]))), ("c", pa.struct([("d", pa.int64())]))])
rows = [{}, {"a": [None, {"b": None}, {"b": ["x", None]}], "c": {"d": None}}]
assert [{k: v for k, v in row.items() if v} for row in table_of(rows, schema).to_pylist()] == rows
assert "pyarrow.compute" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("schema", [RECORDINGS, ANNOTATIONS], ids=["recordings", "annotations"])
def test_no_rows_make_an_empty_table_of_all_columns(schema):
    made = table_of([], schema)
    assert made.schema == cast([], schema).schema
    assert not made.num_rows


@pytest.mark.parametrize("value", [2**70, "x", [1]])
def test_a_number_that_no_column_holds_is_refused(value):
    with pytest.raises((TypeError, OverflowError, pl.exceptions.PolarsError)):
        table_of([{"onset_ns": value}], ANNOTATIONS)

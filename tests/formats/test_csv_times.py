"""Clocks are fitted in blocks: they are the same whatever the blocks, and quantiles are those of all numbers."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats.csv import ranks, spool, times, unsteady
from biocurate.formats.csv.clock import steady_clock
from biocurate.formats.csv.spool import Spool
from biocurate.formats.csv.times import Times

MS = 10**6
CLOCKS = {
    "refuse": lambda some: steady_clock(some, lambda row: row, "x.csv"),
    "arrival-order": lambda some: steady_clock(some, lambda row: row, "x.csv", 25, True),
    "robust-line": lambda some: unsteady.robust_line(some, "x.csv"),
    "trust-stamps": lambda some: unsteady.trusted_stamps(some, 25, "x.csv"),
    "resample": lambda some: unsteady.grid_of(some, 25, "x.csv").clock,
}

columns = st.builds(
    lambda steps, start: start + np.cumsum(steps) * MS,
    st.lists(st.sampled_from([40] * 9 + [39, 41, 55, 0, -80, 4_000]), min_size=1, max_size=150),
    st.sampled_from([0, 1_600_000_000_000]),
)


def told(name, some):
    try:
        return CLOCKS[name](some)
    except SourceError as error:
        return str(error)


@pytest.mark.parametrize("name", CLOCKS)
@given(columns, st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_clock_is_the_same_whatever_the_blocks(name, column, rows, held):
    whole = told(name, Times.of(column))
    with (
        patch.object(times, "ROWS", rows),
        patch.object(unsteady, "ROWS", rows),
        patch.object(ranks, "HELD", held),
        patch.object(spool, "HELD", 8 * held),
    ):
        kept = Spool(1, np.dtype(np.int64))
        for first in range(0, len(column), rows):
            kept.append(column[None, first : first + rows])
        assert told(name, Times(kept.samples())) == whole


@given(
    st.one_of(
        st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=200),
        st.lists(st.integers(0, 3), min_size=1, max_size=200),
        st.lists(st.floats(-1e18, 1e18), min_size=1, max_size=200),
    ),
    st.integers(1, 60),
    st.sampled_from([0.0, 0.25, 0.5, 0.99, 1.0]),
)
@settings(max_examples=200, deadline=None)
def test_quantiles_of_blocks_are_numpys(numbers, size, share):
    array = np.array(numbers)
    with patch.object(ranks, "HELD", 7):
        found = ranks.quantiles(lambda: np.split(array, range(size, len(array), size)), [share])
    expected = np.median(array) if share == 0.5 else np.quantile(array, share)
    assert found == pytest.approx([expected], rel=1e-12)


def test_of_no_numbers_there_is_no_quantile():
    assert ranks.median(lambda: []) is None

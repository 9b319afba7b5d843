"""`on_clock: resample` held every time and sample of a file, and every place of the grid, in memory at once."""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.formats import Source, reader
from biocurate.formats.csv import grid as grids
from biocurate.formats.csv import spool, unsteady
from biocurate.formats.csv.times import Times
from biocurate.recording import NS, ArraySamples

CSV = reader("csv")
MS = 10**6


def at_once(times, values, rate_hz):
    """Interpolate by numpy, over all rows, at every place of the pieces between pauses of over a second."""
    pause = max(unsteady.LOST_S * NS, unsteady.GAP * np.median(np.diff(times))) if len(times) > 1 else 0
    edges = [0, *(np.flatnonzero(np.diff(times) > pause) + 1), len(times)]
    places = []
    for a, b in pairwise(edges):
        n_samples = int((times[b - 1] - times[a]) * rate_hz / NS + 1e-6) + 1
        places.append(times[a] + np.arange(n_samples) * (NS / rate_hz))
    return np.stack([np.interp(np.concatenate(places), times, row) for row in values])


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 200),
    st.sampled_from([0, 1_600_000_000_000]),
    st.sampled_from([0.4, 3, 25, 64, 1000]),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
)
def test_pieces_are_the_whole_to_the_last_bit(n_rows, start, rate_hz, rows, seed):
    draws = np.random.default_rng(seed)
    times = (start + np.cumsum(draws.choice([5, 20, 39, 40, 41, 55, 4_000], n_rows, p=[*[0.16] * 6, 0.04]))) * MS
    values = np.where(draws.random((2, len(times))) < 0.1, np.nan, draws.normal(size=(2, len(times))))
    made = unsteady.grid_of(Times.of(times), rate_hz, "x.csv").samples(ArraySamples(values))
    expected = at_once(times, values, rate_hz)
    assert made.shape == expected.shape
    edges = np.unique([0, *draws.integers(0, made.shape[1] + 1, 3), made.shape[1]])
    with patch.object(grids, "ROWS", rows):
        found = np.concatenate([made.read(a, b) for a, b in pairwise(edges)], axis=1)
    np.testing.assert_array_equal(found, expected)


def test_a_long_table_is_resampled_from_a_temporary_file(tmp_path):
    """As a file of any length is: rows, times and grid in pieces."""
    times = np.cumsum(np.random.default_rng(0).integers(20, 60, 5_000))
    (tmp_path / "x.csv").write_text("t,x\n" + "".join(f"{time},{time}\n" for time in times))
    options = CSV.Options(time={"column": "t", "unit": "ms"}, rate_hz=50, on_clock="resample")
    with patch.object(spool, "HELD", 1_000), patch.object(grids, "ROWS", 100):
        [stream] = CSV.read(Source(tmp_path, "x.csv"), options).streams
        np.testing.assert_allclose(stream.digital[0], times[0] + np.arange(stream.n_samples) * 20)

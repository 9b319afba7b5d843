"""500 rows at 100 Hz whose clock was set back by a second half-way came out at 166.7 Hz.

Every pair of rows half the stretch apart lay across the step. 498 of 499 intervals are 10 ms.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.formats.csv.times import Times
from biocurate.formats.csv.unsteady import robust_line
from biocurate.recording import NS


def stepped(n: int, at: int, by_s: float, period_ns: int = 10_000_000) -> Times:
    times = np.arange(n, dtype=np.int64) * period_ns
    times[at:] += round(by_s * NS)
    return Times.of(times)


def test_half_the_rows_a_second_back_are_at_100_hz_and_the_step_is_told():
    clock = robust_line(stepped(500, 250, -1.0), "x.csv")
    assert (clock.rate_hz, [segment.n_samples for segment in clock.segments]) == (100, [500])
    assert "clock was set anew" in clock.warnings[1]


@given(st.integers(200, 3_000), st.floats(0.1, 0.9), st.floats(-5, 0.9))
def test_one_step_anywhere_leaves_the_rate_to_a_row_over_half_of_them(n, place, by_s):
    rate_hz = robust_line(stepped(n, int(n * place), by_s), "x").rate_hz
    assert rate_hz == pytest.approx(100, rel=1e-3 + 1 / (n // 2))


@given(st.integers(200, 3_000), st.integers(0, 2**32 - 1), st.floats(0, 3))
def test_jitter_alone_is_no_step(n, seed, periods):
    noise = np.random.default_rng(seed).normal(0, periods * 1e7, n).astype(np.int64)
    clock = robust_line(Times.of(np.arange(n) * 10_000_000 + noise), "x")
    assert len(clock.warnings) == 1

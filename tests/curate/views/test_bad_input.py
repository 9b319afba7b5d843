"""Whatever a segment holds: no exception, and no NaN where there is a sample."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from biocurate.curate.views.chain import plan_stream
from biocurate.curate.views.run import Derived, Tally
from biocurate.curate.views.schema import parse_view
from biocurate.curate.views.signal import Stored
from biocurate.recording import ArraySamples

STEPS = [
    {"step": "band", "low_hz": 0.5, "high_hz": 30},
    {"step": "band", "low_hz": 0.5, "causal": True},
    {"step": "notch"},
    {"step": "fir", "high_hz": 30, "length_s": 0.2},
    {"step": "resample", "rate_hz": 64},
    {"step": "resample", "rate_hz": 150},
    {"step": "montage", "kind": "average"},
    {"step": "montage", "pairs": [["a", "b"]]},
    {"step": "normalise", "scope": "causal", "seconds": 2},
]


def stored(array, invalid=None):
    """A segment as a part would give it."""
    rows = len(array)
    return Stored(ArraySamples(array), 0, array.shape[1], np.full(rows, 0.5), np.full(rows, 3.0), [invalid] * rows)


def derived(chain, source, rate=100.0, dtype="float32"):
    channels = [{"name": name, "canonical_unit": "uV", "prefilter": None, "unit_status": "declared"} for name in "ab"]
    row = {"sensor_type": "EEG", "rate_hz": rate, "dtype": dtype, "channels": channels, "scale": [0.5, 0.5]}
    plan = plan_stream(parse_view({"name": "v", "chains": {"EEG": chain}}), row, 50)
    assert not plan.refused
    made = Derived(plan, (source,))
    tally = Tally(made)
    pieces = []
    for first, block in made.blocks():
        tally.add(first, block)
        pieces.append(block)
    return made, tally, np.concatenate(pieces, axis=1)


@st.composite
def segments(draw):
    n_samples = draw(st.integers(1, 3000))
    seed, kind = draw(st.integers(0, 99)), draw(st.sampled_from(["noise", "constant", "ramp", "steps"]))
    random = np.random.default_rng(seed)
    shape = (2, n_samples)
    values = {
        "noise": random.normal(1e4, 30, shape),
        "constant": np.full(shape, -7.0),
        "ramp": np.tile(np.arange(n_samples), (2, 1)) * 1.0,
        "steps": random.choice([0.0, 1e5], shape),
    }[kind]
    for row, begin, length in draw(
        st.lists(st.tuples(st.integers(0, 1), st.integers(0, n_samples), st.integers(0, n_samples)), max_size=5)
    ):
        values[row, begin : begin + length] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return values.astype(np.float32)


@settings(max_examples=120)
@given(values=segments(), chain=st.lists(st.sampled_from(STEPS[:6] + STEPS[8:]), min_size=1, max_size=4))
def test_what_is_missing_stays_missing_and_does_not_spread(values, chain):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made, tally, found = derived(chain, stored(values))
    assert found.shape == (2, made.n_samples)
    missing = ~np.isfinite(values)
    for row in range(2):
        # A new rate covers the times that were missing: the new samples on either side of each, too.
        times = np.arange(made.n_samples) / made.plan.form.rate_hz * 100
        apart = np.abs(times[:, None] - np.flatnonzero(missing[row]))
        nearest = (apart <= max(1.0, 100 / made.plan.form.rate_hz)).any(axis=1)
        bad = np.isnan(found[row])
        assert not (bad & ~binary_dilation(nearest, iterations=3)).any()
        if made.plan.form.rate_hz == 100:
            np.testing.assert_array_equal(bad, missing[row])
    for start, stop in made.settled:
        assert 0 <= start < stop <= made.n_samples
        for row in range(2):
            # A channel that has no value at all is told of as such, and does not unsettle the others.
            assert np.isnan(found[row]).all() or np.isfinite(found[row, start:stop]).all()
    assert np.isfinite(tally.spread.mean).all()


@pytest.mark.parametrize("step", STEPS[6:8])
def test_a_montage_is_missing_where_one_of_its_channels_is(step):
    values = np.random.default_rng(0).normal(size=(2, 500)).astype(np.float32)
    values[1, 100:120] = np.nan
    _, _, found = derived([step], stored(values))
    for row in found:
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(row)), np.arange(100, 120))


def test_a_bridge_is_a_line_whatever_block_it_is_read_in():
    values = np.zeros((2, 100), dtype=np.int16)
    values[0] = np.arange(100)
    values[0, 20:60] = -999
    values[0, :5] = values[0, 95:] = -999
    source = stored(values, invalid=-999)
    whole = source.read(0, 100)
    expected = np.clip(np.arange(100), 5, 94) * 0.5 + 3
    np.testing.assert_allclose(whole[0], expected)
    for start in range(0, 100, 7):
        np.testing.assert_array_equal(source.read(start, min(100, start + 7)), whole[:, start : start + 7])

"""Each quick way of the audit at ingest against the slow, obvious one."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biocurate.audit.amplitude import _median, _swings
from biocurate.audit.at_ingest import _marked, extremes
from biocurate.audit.excerpts import excerpts
from biocurate.audit.leads import IDENTITIES, _held
from biocurate.audit.ranges import equal_ranges
from biocurate.recording import Channel

FEW = st.integers(-3, 3)
CODES = st.one_of(st.none(), FEW)


@st.composite
def blocks(draw):
    """Blocks of a stream, of different lengths in seconds, and a code a channel."""
    n_channels, n_samples = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    dtype, values = draw(
        st.sampled_from([("i2", FEW), ("i4", FEW), ("f4", st.one_of(FEW.map(float), st.just(float("nan"))))])
    )
    seconds = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    made = [draw(arrays(dtype, (n_channels, count, n_samples), elements=values)) for count in seconds]
    return made, draw(st.lists(CODES, min_size=n_channels, max_size=n_channels))


def swing(second, code):
    valid = [float(x) for x in second if np.isfinite(x) and x != code]
    return max(valid) - min(valid) if valid else np.nan


@given(blocks())
@example(([np.array([[[2, 2, 5]], [[2, 2, 2]]], "i2")], [2, 2]))
def test_a_swing_is_the_greatest_valid_sample_less_the_least(case):
    digital, codes = case
    expected = [[swing(second, code) for block in digital for second in block[row]] for row, code in enumerate(codes)]
    np.testing.assert_array_equal(_swings(digital, codes), expected)


@given(arrays("f8", st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 6)),
              elements=st.one_of(FEW.map(float), st.just(float("nan")))))  # fmt: skip
def test_a_median_is_the_lower_one_of_what_is_known(x):
    for cube in (x, x[0]):
        found = _median(cube)
        assert found.shape == cube.shape[:-1]
        for place in np.ndindex(found.shape):
            known = sorted(each for each in cube[place].tolist() if each == each)
            np.testing.assert_equal(found[place], known[(len(known) - 1) // 2] if known else np.nan)


@given(arrays("i2", st.tuples(st.integers(1, 3), st.integers(1, 6)), elements=FEW), st.lists(CODES, min_size=3))
def test_extremes_are_those_of_valid_samples(digital, codes):
    low, high = extremes(digital, codes[: len(digital)])
    for row, samples in enumerate(digital.tolist()):
        valid = [x for x in samples if x != codes[row]]
        expected = (min(valid), max(valid)) if valid else (np.nan, np.nan)
        np.testing.assert_array_equal((low[row], high[row]), expected)


@given(st.lists(st.sampled_from(["I", "II", "III", "aVR", "aVL", "aVF", "V1", "X"]), max_size=9))
def test_weights_are_those_of_the_leads_that_are_there_once(names):
    held, places, weights = _held(tuple(names))
    once = {name for name in names if names.count(name) == 1}
    assert [identity for identity, _ in held] == [
        identity for identity, leads in IDENTITIES.items() if leads.keys() <= once
    ]
    for (identity, leads), row in zip(held, weights, strict=True):
        assert leads == tuple(IDENTITIES[identity])
        said = {names[place]: weight for place, weight in zip(places, row, strict=True) if weight}
        assert said == IDENTITIES[identity]


def test_a_channel_that_is_marked_is_otherwise_as_it_was():
    channel = Channel("a", "b", "mV", 2.0, 3.0, 4, "r", "HP", "wrist", "recipe")
    marked = _marked((channel, channel), {1})
    assert marked[0] is channel
    assert vars(marked[1]) == vars(channel) | {"unit_status": "suspect"}


@given(st.integers(1, 300), st.integers(1, 40))
@example(4, 3)
def test_excerpts_are_spread_evenly_each_once(total, most):
    expected = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(np.int64))
    np.testing.assert_array_equal(excerpts([total], 1, most)[0], expected)


@given(st.lists(st.integers(51, 400), min_size=3, max_size=12), st.sampled_from([0.5, 0.01, 1 / 3]))
@example([100, 100, 100, 101], 0.01)
def test_the_common_range_is_the_median_of_all_as_numpy_has_it(steps, scale):
    swing = np.array(steps) * scale
    common = float(np.median(swing))
    expected = common if (np.abs(swing - common) <= scale / 2).all() else None
    assert equal_ranges(np.zeros(len(steps)), steps, [scale] * len(steps)) == expected

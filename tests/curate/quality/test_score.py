"""What holds of every measure, whatever the samples are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from biocurate.curate.quality import measures, register, score
from biocurate.curate.quality.block import Judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import KNOWN
from biocurate.errors import UsageError
from biocurate.sensors import SensorType
from biocurate.sensors.units import CANONICAL

REASONS = {reason.label for reason in Reason}
SENSORS = [each for each in SensorType]
RATES = st.sampled_from([0.5, 1.0, 4.0, 62.4725, 125.0, 500.0])

any_windows = arrays(
    np.float32,
    array_shapes(min_dims=3, max_dims=3, min_side=0, max_side=40),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)


@st.composite
def long_windows(draw):
    """A few windows of some seconds: noise, with stretches that are NaN, infinite, constant or huge."""
    samples = draw(st.sampled_from([40, 600, 2500]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = (random.standard_normal((2, 2, samples)) * draw(st.sampled_from([0.0, 1e-40, 1.0, 1e30]))).astype(np.float32)
    for _ in range(draw(st.integers(0, 3))):
        first, length = draw(st.integers(0, samples - 1)), draw(st.integers(1, samples))
        x[draw(st.integers(0, 1)), :, first : first + length] = draw(
            st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 7.5, 3.4e38])
        )
    return x


def check(x, rate, sensor, unit):
    found = score(x, rate, sensor, unit)
    assert found.reason.shape == x.shape[:2]
    assert set(found.reason.ravel()) <= REASONS
    for name, values in found.columns.items():
        assert values.shape == x.shape[:2], name
        known = np.isfinite(values)
        assert ((values[known] >= 0) & (values[known] <= 1)).all(), name
        # No silent NaN: where a value is missing, the reason is not ok.
        assert (found.reason[~known] != "ok").all(), name


@given(any_windows, RATES, st.sampled_from(SENSORS), st.booleans())
def test_every_array_gets_values_from_0_to_1_or_a_reason(x, rate, sensor, with_unit):
    check(x, rate, sensor, CANONICAL[sensor] if with_unit else None)


@settings(max_examples=40)
@given(long_windows(), RATES, st.sampled_from([each for each in SENSORS if measures(each)]))
def test_damaged_noise_gets_values_from_0_to_1_or_a_reason(x, rate, sensor):
    check(x, rate, sensor, CANONICAL[sensor])


@pytest.mark.parametrize("sensor", ["ECG", "PPG", "EEG", "GSR", "RESP", "ACC", "TEMP"])
def test_windows_are_judged_one_by_one(sensor):
    x = np.random.default_rng(3).standard_normal((6, 2, 2000)).astype(np.float32)
    order = np.array([4, 0, 5, 2, 1, 3])
    whole, moved, alone = score(x, 64.0, sensor), score(x[order], 64.0, sensor), score(x[2:3], 64.0, sensor)
    for name, values in whole.columns.items():
        np.testing.assert_allclose(moved.columns[name], values[order], atol=1e-9)
        np.testing.assert_allclose(alone.columns[name], values[2:3], atol=1e-9)


@pytest.mark.parametrize("sensor", ["ECG", "PPG", "EEG", "RESP"])
@pytest.mark.parametrize("gain", [-1.0, 2.0**-40, 2.0**40])
def test_indices_without_a_unit_do_not_depend_on_the_gain(sensor, gain):
    if gain < 0 and sensor == "PPG":
        pytest.skip("a pulse rises steeply and falls slowly: upside down it is another course")
    x = np.random.default_rng(4).standard_normal((4, 1, 4000)).cumsum(axis=2).astype(np.float32)
    one, other = score(x, 100.0, sensor), score(x * np.float32(gain), 100.0, sensor)
    for name, values in one.columns.items():
        np.testing.assert_allclose(other.columns[name], values, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(UsageError, match="is no sampling rate"):
        score(np.zeros((1, 1, 10)), rate, "ECG")


def test_two_axes_are_refused():
    with pytest.raises(UsageError, match="three axes, not 2"):
        score(np.zeros((1, 10)), 100.0, "ECG")


@pytest.fixture
def registry():
    """Put the registry back."""
    measures()
    before = dict(KNOWN)
    yield
    KNOWN.clear()
    KNOWN.update(before)


def test_a_plugin_adds_a_measure_with_its_version_in_the_column(registry):
    @register("test_half", version=3, relative=True, sensors=[SensorType.ECG], source="none")
    def half(block):
        """A half."""
        return Judged(np.full(block.rows, 0.5), np.full(block.rows, Reason.OK, dtype=np.int8))

    assert score(np.ones((1, 2, 50)), 10.0, "ECG").columns["test_half_v3_rel"].tolist() == [[0.5, 0.5]]
    assert "test_half_v3_rel" not in score(np.ones((1, 2, 50)), 10.0, "EEG").columns


def test_two_functions_of_one_column_are_refused(registry):
    with pytest.raises(UsageError, match="two measures fill 'flat_v1'"):
        register("flat", version=1, source="none")(lambda block: None)


def test_every_measure_states_its_source_its_version_and_what_it_says():
    for each in measures():
        assert each.source
        assert each.meaning
        assert each.column == f"{each.name}_v{each.version}" + ("_rel" if each.relative else "")

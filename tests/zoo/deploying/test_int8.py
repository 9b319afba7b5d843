"""Weights of 8 bits in an ONNX graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from biocurate.errors import UsageError
from zoo.deploying import int8
from zoo.deploying.draws import draw
from zoo.deploying.forms.fourier import WAVES
from zoo.deploying.onnx_file import parity
from zoo.deploying.session import Session


def fed(deployed, seeds=range(3)):
    for seed in seeds:
        yield {name: each.numpy() for name, each in draw(deployed, 2, 4, 9, seed).items()}


@pytest.fixture(scope="module")
def schemes(panluna):
    deployed, model = panluna
    return {"dynamic": int8.dynamic(model), "static": int8.static(model, fed(deployed))}


@pytest.mark.parametrize("scheme", ["dynamic", "static"])
def test_answers_stay_near_and_the_file_is_smaller(panluna, schemes, scheme):
    deployed, model = panluna
    found = parity(deployed, schemes[scheme])
    assert 0 < found.share < 0.2
    assert schemes[scheme].ByteSize() < 0.6 * model.ByteSize()


@pytest.mark.parametrize("scheme", ["dynamic", "static"])
def test_a_fourier_transform_stays_in_float(schemes, scheme):
    waves = [each for each in schemes[scheme].graph.initializer if WAVES in each.name]
    assert len(waves) == 2
    assert {each.data_type for each in waves} == {onnx.TensorProto.FLOAT}


@pytest.mark.parametrize("scheme", ["dynamic", "static"])
def test_every_other_weight_of_a_product_has_8_bits_and_a_scale_a_channel(panluna, schemes, scheme):
    graph = schemes[scheme].graph
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    large = [name for name, each in held.items() if each.ndim == 2 and each.dtype == np.float32 and min(each.shape) > 7]
    assert all(WAVES in name for name in large), large
    # Symmetric (Jacob et al., section 2.1): a channel's largest weight is 127, and no weight is -128.
    eight = [each for each in held.values() if each.dtype == np.int8 and each.ndim == 2 and min(each.shape) > 7]
    assert len(eight) > 15
    assert all(each.min() >= -127 for each in eight)
    assert np.mean([np.all(np.abs(each).max(axis=0) == 127) for each in eight]) > 0.9


def test_metadata_says_what_was_done(panluna, schemes):
    _, model = panluna
    for scheme, found in schemes.items():
        told = {each.key: each.value for each in found.metadata_props}
        assert told["precision"] == f"int8 {scheme}"
        assert told["model"] == "test-panluna"
    assert told["calibrated_on"] == "6 windows"
    assert {each.key: each.value for each in model.metadata_props}["precision"] == "float32"


def test_scales_follow_what_they_are_calibrated_by(panluna):
    """A static scale is fixed: windows ten times as large as those it knows are cut off."""
    deployed, model = panluna
    small = ({**each, "x": 0.01 * each["x"]} for each in fed(deployed))
    narrow, wide = (parity(deployed, int8.static(model, each)) for each in (small, fed(deployed)))
    assert narrow.share > 2 * wide.share


def test_static_scales_of_convolutions(cnn):
    deployed, model = cnn
    found = int8.static(model, fed(deployed))
    # Scores of random weights lie close together: what 8 bits change is a larger share of them.
    assert parity(deployed, found).share < 0.3
    assert found.ByteSize() < 0.5 * model.ByteSize()


def test_a_window_of_one_patch_is_not_cut_off(panluna, schemes):
    """Its one attention weight is 1, which no window of many patches has: found at a difference of 0.59 of 0.62."""
    deployed, model = panluna
    inputs = draw(deployed, 1, 1, 1, seed=1)
    plain, found = (Session(each).run(inputs) for each in (model, schemes["static"]))
    assert np.abs(plain - found).max() < 0.3 * np.abs(plain).max()


def test_nothing_to_calibrate_by_is_refused(cnn):
    with pytest.raises(UsageError, match="calibrate"):
        int8.static(cnn[1], iter(()))

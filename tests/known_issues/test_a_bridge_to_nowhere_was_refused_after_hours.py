"""Symptom: `zoo bridge --sweep positions=9:9` trained the bridge and all baselines first, and was refused after that.

Cause: positions were looked at where a bridge is built, the swept ones last of all.
"""

from __future__ import annotations

import pytest

from biocurate.errors import ModelError
from zoo.biox_bridge.building import check_positions
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.models.registry import create_model
from zoo.models.staged import staged


def test_positions_of_a_sweep_are_known_before_anything_is_trained():
    config = BridgeConfig(old="old", new="new", manifest="pairs", sweep={"rank": (2.0,), "positions": ("1:0", "9:9")})
    assert config.swept_positions() == [(1, 0), (9, 9)]


@pytest.mark.parametrize(("at", "refused"), [((1, 0), False), ((0, 0), True), ((9, 0), True), ((1, 9), True)])
def test_positions_are_held_against_the_blocks_of_both_models(at, refused):
    chain = staged("test-image-cnn", create_model("test-image-cnn"))
    if not refused:
        check_positions(chain, chain, BridgeOptions(), at)
        return
    with pytest.raises(ModelError, match=rf"from {at[0]} to {at[1]}.*(?s:.)*The new model has blocks 1 to"):
        check_positions(chain, chain, BridgeOptions(), at)

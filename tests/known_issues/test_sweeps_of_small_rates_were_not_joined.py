"""Symptom: `zoo bridges` ended in a ValueError where runs were swept over `lr=1e-5`.

Cause: a sweep.csv of numbers alone has 0.00001, where the predictions beside it are named 1e-05, so that no row of the
one was that of the other.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zoo.biox_bridge.over_seeds import _sweep
from zoo.judging.metrics import Predictions


@pytest.mark.parametrize("values", [(1e-5, 1e-4), (1e-6, 3e-3), (2.0, 8.0)])
def test_every_value_of_a_sweep_is_found_over_seeds(tmp_path, values):
    table = pl.DataFrame({"option": "lr", "value": values, "trained": [10, 20], "val_alignment": [0.5, 0.25]})
    table.write_csv(tmp_path / "sweep.csv")
    label = np.tile([0, 1], 12)
    answer = Predictions(np.eye(2)[label], label, np.repeat(np.arange(12), 2), np.zeros(24, dtype=int))
    joined = _sweep([tmp_path], {("lr", f"{value}"): [answer] for value in values}, draws=20, seed=0)
    assert joined["trained"].to_list() == [10, 20]
    assert joined["val_alignment"].to_list() == [0.5, 0.25]

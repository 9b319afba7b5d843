"""A killed run of bridges goes on: nothing finished is trained twice, and its figures are those of an unbroken run."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.engine import Silent
from biocurate.errors import UsageError
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.run import bridge
from zoo.runs.config import Evaluation


class Dying(Silent):
    """The process is stopped when so many bridges are finished."""

    def __init__(self, after):
        self.left = after

    def advance(self, amount):
        self.left -= amount
        if self.left <= 0:
            raise KeyboardInterrupt


def test_a_finished_bridge_is_not_trained_again_and_the_run_is_the_same(planted, tmp_path):
    cohort = planted()
    config = BridgeConfig(
        old=str(cohort.old),
        new="test-image-cnn",
        manifest="pairs",
        new_images="skin",
        new_sensors=("GSR",),
        positions=(2, 1),
        compare=("shuffled", "supervised"),
        sweep={"rank": (1,)},
        bridge=BridgeOptions(epochs=2, lr=3e-3, rank=4, prototypes=10),
        evaluation=Evaluation(draws=50, permutations=0),
    )
    whole = bridge(cohort.store, config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        bridge(cohort.store, config, tmp_path / "killed", bar=Dying(2))
    assert not (tmp_path / "killed").exists()
    first = tmp_path / ".killed.unfinished" / "model-fold0.0.safetensors"
    made = first.stat().st_mtime_ns
    other = config.model_copy(update={"seed": 1})
    with pytest.raises(UsageError, match="had another"):
        bridge(cohort.store, other, tmp_path / "killed", resume=True)
    found = bridge(cohort.store, config, tmp_path / "killed", resume=True)
    assert (tmp_path / "killed" / first.name).stat().st_mtime_ns == made
    assert not [*(tmp_path / "killed").rglob("*.ckpt*")]
    assert found.report == whole.report
    for name in ("predictions.parquet", "sweep.csv", "controls.parquet"):
        one, other = (read(tmp_path / run / name) for run in ("whole", "killed"))
        assert one.equals(other), name
    for path in (tmp_path / "whole").glob("model-*.safetensors"):
        assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes()


def read(path):
    return pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)

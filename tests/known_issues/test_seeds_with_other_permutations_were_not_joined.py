"""Runs that differed in their seed and in `permutations` alone were called different.

`zoo evaluate --seeds` refused them, and `--compare` took each for a model of its own. How many trainings on permuted
labels stand beside a run says nothing of what the run is.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zoo.judging.bootstrap import estimate
from zoo.judging.comparing.compare import compare
from zoo.judging.figures import METRICS
from zoo.judging.held import predictions_of
from zoo.judging.judge import judge_seeds
from zoo.runs import folder as runs
from zoo.runs.config import Evaluation, RunConfig

PERSONS, EACH = 12, 6


def predictions(seed):
    """Held-out windows of two classes, told by chance."""
    rng = np.random.default_rng(seed)
    said = rng.uniform(0.05, 0.95, PERSONS * EACH)
    person = np.repeat([f"p{at:02}" for at in range(PERSONS)], EACH)
    return pl.DataFrame(
        {
            "window_id": np.arange(len(said)),
            "recording_id": person,
            "person": person,
            "label": np.tile(["rest", "task"], len(said) // 2),
            "fold": np.where(person < "p06", "fold0", "fold1"),
            "predicted": np.where(said < 0.5, "rest", "task"),
            "p_rest": 1 - said,
            "p_task": said,
        }
    )


@pytest.fixture
def run(tmp_path):
    """Write a run of a seed, with some trainings on permuted labels."""

    def write(seed, permutations, lr=1e-3):
        folder = tmp_path / f"seed{seed}-{lr}"
        folder.mkdir()
        config = RunConfig(
            model="image-cnn",
            manifest="folds",
            seed=seed,
            training={"lr": lr},
            evaluation=Evaluation(draws=50, permutations=permutations),
        )
        runs.write_config(folder, {**config.model_dump(mode="json"), "manifest_hash": "0" * 64})
        controls = {"majority": [predictions(0)]}
        if permutations:
            controls["permuted"] = [predictions(100 * seed + at) for at in range(permutations)]
        runs.write_predictions(folder, predictions(seed), controls)
        noted = [f"Control `permuted`: labels exchanged in training; mean of {permutations}."] if permutations else []
        runs.write_json(folder / "metrics.json", {"notes": ["Of the data.", *noted]})
        return folder

    return write


def test_the_permuted_control_is_of_the_runs_that_have_one(run):
    found = judge_seeds([run(1, 0), run(2, 2), run(3, 1)])
    repeats = [predictions_of(predictions(at), ["rest", "task"]) for at in (200, 201, 300)]
    assert found.controls["permuted"]["auroc"] == estimate(METRICS["auroc"], repeats, 50, 1)
    assert found.notes[0] == "Of the data."
    assert found.notes[1].endswith("mean of 2.") and "mean of 3, from 2 of 3 runs" in found.notes[2]


def test_runs_without_the_control_say_nothing_of_it(run):
    found = judge_seeds([run(1, 0), run(2, 0)])
    assert "permuted" not in found.controls
    assert not any("permuted" in note for note in found.notes)


def test_they_are_compared_as_one_model(run):
    found = compare([run(1, 0), run(2, 1), run(1, 0, lr=1e-4), run(2, 0, lr=1e-4)])
    assert len(found.pairs) == 1
    assert found.pairs[0].a.endswith("1 more seeds")

"""Several trainings of one model as one result."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.cli import app
from zoo.judging.bootstrap import estimate
from zoo.judging.figures import METRICS
from zoo.judging.held import classes_of, predictions_of
from zoo.judging.judge import judge_again, judge_seeds
from zoo.runs import folder as runs
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune


@pytest.fixture(scope="module")
def one(cohort, tmp_path_factory):
    """A run, and its store."""
    config = RunConfig(
        model="features-logreg", manifest="folds", sensors=["EEG"], evaluation=Evaluation(draws=200, permutations=1)
    )
    folder = tmp_path_factory.mktemp("seeds") / "seed0"
    finetune(cohort(), config, folder)
    return folder


def other_seed(one, seed, **changes):
    """The same run as another seed would have made it: other scores, everything else the same."""
    folder = one.with_name(f"seed{seed}{'-'.join(changes)}")
    held, controls = runs.read_predictions(one)
    noise = np.random.default_rng(seed).normal(0, 1.0, held.height)
    odds = 1 / (1 + np.exp(-(np.log(held["p_task"] / held["p_rest"]).to_numpy() + noise)))
    held = held.with_columns(p_rest=pl.Series(1 - odds), p_task=pl.Series(odds))
    folder.mkdir(exist_ok=True)
    runs.write_config(folder, {**runs.read_config(one), "seed": seed, **changes})
    runs.write_predictions(folder, held, controls)
    (folder / "metrics.json").write_bytes((one / "metrics.json").read_bytes())
    return folder


def test_figures_are_means_over_seeds_and_intervals_draw_persons_then_seeds(one):
    folders = [one, other_seed(one, 1), other_seed(one, 2)]
    found = judge_seeds(folders)
    alone = [judge_again(folder).metrics["auroc"].value for folder in folders]
    assert found.metrics["auroc"].value == pytest.approx(np.mean(alone))
    tables = [runs.read_predictions(folder)[0].sort("window_id") for folder in folders]
    expected = estimate(METRICS["auroc"], [predictions_of(each, classes_of(each)) for each in tables], 200, 0)
    assert found.metrics["auroc"] == expected
    assert any("Means of 3 seeds" in note for note in found.notes)


def test_runs_that_differ_in_more_than_the_seed_are_refused(one):
    with pytest.raises(ModelError, match="differ in options"):
        judge_seeds([one, other_seed(one, 1, options={"C": 0.1})])
    with pytest.raises(UsageError, match="different seeds"):
        judge_seeds([one])


def test_seeds_are_printed_as_one_table(one):
    out = CliRunner().invoke(app, ["evaluate", "--seeds", str(one), str(other_seed(one, 1))], catch_exceptions=False)
    assert "Means of 2 seeds" in out.stdout

"""Runs against each other: sign flips and Holm by their definitions, and what is refused."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.cli import app
from zoo.judging.comparing.by_person import BY_PERSON
from zoo.judging.comparing.compare import compare
from zoo.judging.comparing.sign_flip import DRAWS, holm, sign_flip
from zoo.judging.held import predictions_of
from zoo.models.registry import model_config
from zoo.runs import folder as runs
from zoo.runs.config import Evaluation, RunConfig, settings

CLASSES = ["rest", "task"]


def test_p_of_few_persons_is_the_share_of_all_flips():
    difference = np.array([0.3, 0.1, -0.05, 0.2, 0.15])
    means = [abs(np.dot(signs, difference)) for signs in product((1, -1), repeat=5)]
    expected = np.mean([mean >= abs(difference.sum()) - 1e-12 for mean in means])
    assert sign_flip(difference) == expected


def test_p_is_scipys_for_paired_samples():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 9)) + np.array([[0.8], [0.0]])
    found = permutation_test(
        (a, b), lambda x, y: (x - y).mean(), permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip(a - b) == pytest.approx(found.pvalue)


def test_p_of_many_persons_is_drawn_near_the_exact_one_and_never_0():
    rng = np.random.default_rng(0)
    difference = rng.standard_normal(14) + 0.4
    exact = sign_flip(difference)
    more = sign_flip(np.append(difference, 0.0))  # a fifteenth person who changes nothing: now flips are drawn
    assert more == pytest.approx(exact, abs=4 * np.sqrt(exact / DRAWS))
    assert sign_flip(np.ones(40)) == pytest.approx(1 / (DRAWS + 1))


def test_where_nothing_differs_one_p_in_twenty_is_below_005():
    rng = np.random.default_rng(1)
    p = np.array([sign_flip(rng.standard_normal(12)) for _ in range(600)])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.025)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_its_definition_step_by_step(values):
    p = np.array(values)
    found = holm(p)
    order = sorted(range(len(p)), key=lambda at: p[at])
    worst = 0.0
    for rank, at in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[at]))
        assert found[at] == pytest.approx(worst)


def held(skill, seed, persons=12, windows=10):
    rng = np.random.default_rng(seed)
    code = np.tile(np.arange(windows) % 2, persons)
    odds = 1 / (1 + np.exp(-(skill * (2 * code - 1) + rng.standard_normal(len(code)))))
    names = pl.Series(CLASSES)
    return pl.DataFrame(
        {
            "window_id": np.arange(len(code)),
            "recording_id": np.repeat([f"c/{n:02d}" for n in range(persons)], windows),
            "person": np.repeat([f"c/{n:02d}" for n in range(persons)], windows),
            "label": names.gather(code),
            "fold": np.repeat([f"fold{n % 3}" for n in range(persons)], windows),
            "predicted": names.gather((odds > 0.5).astype(int)),
            "p_rest": 1 - odds,
            "p_task": odds,
        }
    )


@pytest.fixture
def run(tmp_path):
    """Write a run's folder with predictions of some skill."""

    def write(name, skill=1.0, seed=0, primary=None, manifest_hash="h", table=None, of_seed=0, **changes):
        config = RunConfig(
            model="features-logreg", manifest="m", seed=of_seed, evaluation=Evaluation(primary=primary), **changes
        ).model_dump(mode="json")
        folder = tmp_path / name
        folder.mkdir()
        runs.write_config(folder, {**config, "manifest_hash": manifest_hash})
        runs.write_predictions(folder, held(skill, seed) if table is None else table, {})
        return folder

    return write


def test_the_better_of_two_runs_is_shown_and_the_pair_that_was_declared_is_primary(run):
    folders = [run("good", 2.0, 1, primary={"against": "bad"}), run("bad", 0.0, 2), run("worse", 0.0, 3)]
    found = compare(folders)
    first = found.pairs[0]
    assert (first.a, first.b, first.role) == ("good", "bad", "primary")
    assert first.difference > 0.2
    assert first.low > 0
    assert first.p <= first.p_holm < 0.01
    assert [pair.role for pair in found.pairs[1:]] == ["exploratory"] * 2
    assert found.pairs[2].p_holm > 0.05
    assert any("bad, worse: no difference is shown; one below" in note for note in found.notes)


def test_the_declared_metric_is_that_of_the_primary_comparison_alone(run):
    folders = [run("a", primary={"against": "b", "metric": "auroc"}), run("b", 1.0, 2), run("c", 1.0, 3)]
    found = compare(folders)
    assert [pair.metric for pair in found.pairs] == ["auroc", "balanced_accuracy", "balanced_accuracy"]
    mine = BY_PERSON["auroc"](predictions_of(held(1.0, 2), CLASSES))
    assert found.pairs[0].value_b == pytest.approx(mine.mean())


def test_without_a_declaration_all_is_exploratory_and_said_so(run):
    found = compare([run("a"), run("b", 1.0, 2)])
    assert [pair.role for pair in found.pairs] == ["exploratory"]
    assert any("No comparison was declared" in note for note in found.notes)


def test_a_run_against_itself_differs_in_nothing(run):
    (pair,) = compare([run("a"), run("b")]).pairs
    assert (pair.difference, pair.p) == (0, 1)


def test_runs_that_differ_in_their_seed_count_as_one_by_each_persons_mean(run):
    a = [run(f"a{seed}", table=held(1.0, seed), of_seed=seed) for seed in range(3)]
    (pair,) = compare([*a, run("b", 0.0, 9, options={"C": 0.1})]).pairs
    assert pair.a == "a0 and 2 more seeds"
    each = [BY_PERSON["balanced_accuracy"](predictions_of(held(1.0, seed), CLASSES)) for seed in range(3)]
    assert pair.value_a == pytest.approx(np.mean(each))
    with pytest.raises(UsageError, match="compared with nothing"):
        compare(a)


def test_only_windows_that_all_runs_predicted_are_compared(run):
    found = compare([run("a"), run("b", table=held(1.0, 2).filter(pl.col("fold") != "fold2"))])
    assert found.windows == 80
    assert found.pairs[0].persons == 8
    assert found.pairs[0].low is None  # fewer than ten persons have no interval


def test_what_cannot_be_compared_is_refused(run):
    a, other = run("a"), run("other", manifest_hash="g")
    apart = run("apart", table=held(1.0, 2).with_columns(window_id=pl.col("window_id") + 1000))
    with pytest.raises(ModelError, match="different manifests"):
        compare([a, other])
    with pytest.raises(ModelError, match="no window was held out"):
        compare([a, apart])
    with pytest.raises(UsageError, match="compared with nothing"):
        compare([a])
    with pytest.raises(UsageError, match="one name"):
        compare([a, a])


def test_a_comparison_is_declared_in_the_choices_and_a_wrong_one_is_refused():
    known = model_config("features-logreg")
    chosen = settings(known, ["primary={against: image-cnn, metric: auroc}"])["evaluation"]
    assert chosen.primary.against == "image-cnn"
    with pytest.raises(ModelError, match="metric"):
        settings(known, ["primary={against: image-cnn, metric: f1}"])


def test_compare_prints_a_row_a_pair(run):
    folders = [str(run("a", 2.0)), str(run("b", 0.0, 2))]
    out = CliRunner().invoke(app, ["evaluate", "--compare", *folders], catch_exceptions=False).stdout
    assert "exploratory" in out
    as_json = CliRunner().invoke(app, ["evaluate", "--compare", *folders, "--json"], catch_exceptions=False).stdout
    assert json.loads(as_json)["pairs"][0]["persons"] == 12
    with pytest.raises(UsageError, match="give --compare or --seeds"):
        CliRunner().invoke(app, ["evaluate", *folders], catch_exceptions=False)


def test_figures_of_persons_are_those_of_each_person_alone():
    own = predictions_of(held(0.5, 4), CLASSES)
    balanced, plain = BY_PERSON["balanced_accuracy"](own), BY_PERSON["accuracy"](own)
    for at in range(own.n_persons):
        right = (own.predicted == own.truth)[own.person == at]
        truth = own.truth[own.person == at]
        assert plain[at] == pytest.approx(right.mean())
        assert balanced[at] == pytest.approx((right[truth == 0].mean() + right[truth == 1].mean()) / 2)

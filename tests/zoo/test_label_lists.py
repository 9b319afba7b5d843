"""Windows with lists of labels: learnt label by label, judged as the mean over labels, beside the same controls."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ModelError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo import create_model
from zoo.cli import app
from zoo.data.task import Task, coded
from zoo.judging.bootstrap import draw_persons, estimate
from zoo.judging.controls.exchanged import Permutation, majority, permutation_of, permuted
from zoo.judging.judge import judge_again, judge_on
from zoo.judging.label_metrics import LABEL_METRICS, per_label, within_persons
from zoo.judging.metrics import Predictions
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune
from zoo.training.folds import Fold
from zoo.training.network import loss_of

from .conftest import RATES, SECONDS, stream

BANDS = {"slow": 6.0, "fast": 20.0}


def of_two_bands(person, both):
    """EEG of four stretches: neither rhythm, one, the other, both; `fast` cannot be told where it does not show."""
    rng = np.random.default_rng(person)
    t = np.arange(int(SECONDS * RATES["EEG"])) / RATES["EEG"]
    x, labels = 4 * rng.standard_normal((2, t.size)), []
    for at, names in enumerate([(), ("slow",), ("fast",), ("slow", "fast")]):
        here = (t >= 10 * at) & (t < 10 * at + 10)
        for name in names:
            x[:, here] += both * 5 * rng.lognormal(0, 0.2) * np.sin(2 * np.pi * BANDS[name] * t[here])
            labels.append(interval(10 * at, 10, name))
        labels.append(interval(10 * at, 10, "seen"))
    return Recording((stream("EEG", x, ("Fz", "Oz")),), tuple(labels))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = create_store(str(tmp_path_factory.mktemp("lists") / "s"))
    names = [f"twin/p{person:02d}" for person in range(12)]
    put(store, {name: of_two_bands(at, 1.0) for at, name in enumerate(names)}, {name: name[5:] for name in names})
    windows = {"length": "5s", "labels": [{"kind": "condition", "rule": "list", "name": "all"}]}
    common = {"windows": windows, "label": {"column": "all", "keep": ["slow", "fast"]}}
    splits = {"lists": {"method": "kfold", "folds": 3}, "held": {"fractions": {"train": 0.6, "test": 0.4}, "seed": 1}}
    for name, split in splits.items():
        build_manifest(store, parse_definition({"name": name, "split": split, **common}))
    return store


def config(**changes):
    evaluation = Evaluation(draws=100, permutations=2)
    return RunConfig(
        **{"model": "features-logreg", "manifest": "lists", "sensors": ("EEG",), "evaluation": evaluation} | changes
    )


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    return folder, finetune(store, config(), folder)


def test_lists_are_a_column_of_zeros_and_ones_for_each_label():
    labels = pl.Series([["b"], [], ["a", "b"]], dtype=pl.List(pl.String))
    np.testing.assert_array_equal(coded(labels, ["a", "b"]), [[0, 1], [0, 0], [1, 1]])


def test_both_planted_labels_are_found_and_the_controls_find_nothing(store, trained):
    _, found = trained
    task = Task.of(store.manifest("lists"))
    assert task.multi_label
    assert set(found.metrics) == {"auroc", "auprc", "macro_f1"}
    assert found.metrics["auroc"].low > 0.9
    assert found.metrics["auprc"].low > 0.9
    for name in ("majority", "permuted"):
        assert found.controls[name]["auroc"].low <= 0.5 <= found.controls[name]["auroc"].high
    share = task.codes.mean()
    assert found.controls["majority"]["auprc"].value == pytest.approx(share, abs=0.02)
    assert [row["label"] for row in found.per_label] == task.classes
    assert any("each against its absence" in note for note in found.cautions)


def test_a_run_of_lists_is_judged_again_and_on_others_to_the_same_figures(store, trained, tmp_path):
    folder, found = trained
    assert judge_again(folder).to_json() == found.to_json() == json.loads((folder / "metrics.json").read_text())
    held = finetune(store, config(manifest="held"), tmp_path / "held")
    again = judge_on(tmp_path / "held", store, "held", split="test")
    assert again.metrics == held.metrics
    out = CliRunner().invoke(app, ["evaluate", str(folder)], catch_exceptions=False).stdout
    assert "auprc" in out
    assert "labels" in out


def test_a_model_of_lists_is_not_judged_on_single_labels(store, trained, cohort):
    with pytest.raises(ModelError, match="one label each, unlike those"):
        judge_on(trained[0], cohort(), "folds")


def test_a_network_learns_lists(store, tmp_path):
    manifest = store.manifest("lists")
    generate(store, manifest, representation("spectrogram-psd", segment=32), ["EEG"], image_set="pictures")
    network = config(
        model="image-cnn",
        images="pictures",
        folds=("0",),
        options={"size": 32, "width": 8},
        training=Training(epochs=8, batch_size=16, lr=5e-3),
        evaluation=Evaluation(draws=50, permutations=0),
    )
    found = finetune(store, network, tmp_path / "run")
    assert found.metrics["auroc"].value > 0.8
    assert judge_on(tmp_path / "run", store, "lists", split="fold0").metrics == found.metrics


def test_each_label_is_scikit_learns_regression_against_the_rest():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((300, 5))
    codes = (values[:, :3] + rng.standard_normal((300, 3)) > [0, 1, -1]).astype(int)
    codes[:, 1] = 0
    model = create_model("features-logreg", C=0.3).fit(values, codes, 3)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    for at in (0, 2):
        one = LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000).fit(standard, codes[:, at])
        np.testing.assert_allclose(model.predict(values)[:, at], one.predict_proba(standard)[:, 1], atol=1e-9)
    np.testing.assert_allclose(model.predict(values)[:, 1], 0.5 / 301)
    with pytest.raises(ModelError, match="the same labels"):
        create_model("features-logreg").fit(values, np.ones_like(codes), 3)


def test_presence_and_absence_weigh_the_same_in_the_loss():
    codes = np.array([[1, 0], [0, 0], [0, 0], [0, 1]])
    logits = torch.zeros(4, 2)
    target = torch.tensor(codes, dtype=torch.float32)
    balanced = loss_of(codes, 2, Training())(logits, target)
    assert float(balanced) == pytest.approx(np.log(2) * (3 + 3) / 4)
    assert float(loss_of(codes, 2, Training(class_weight="none"))(logits, target)) == pytest.approx(np.log(2))


def predictions(persons=12, windows=240, folds=2, labels=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((windows, labels)) < [0.2, 0.5, 0.7]).astype(int)
    score = 1 / (1 + np.exp(-(rng.standard_normal((windows, labels)).round(1) + truth)))
    person = np.arange(windows) % persons
    return Predictions(score, truth, person, person % folds)


def test_figures_are_scikit_learns_in_each_fold_averaged_by_persons_then_over_labels():
    given = predictions(persons=7, folds=3, windows=210)
    once = np.ones((1, 7))
    for name, metric in (("auroc", roc_auc_score), ("auprc", average_precision_score)):
        parts = [given.fold == fold for fold in range(3)]
        each = [[metric(given.truth[part, at], given.probability[part, at]) for part in parts] for at in range(3)]
        expected = np.mean([np.average(label, weights=[3, 2, 2]) for label in each])
        assert LABEL_METRICS[name](given, once).value[0] == pytest.approx(expected)
        assert [row[name] for row in per_label(given, ["a", "b", "c"])] == pytest.approx(
            [np.average(label, weights=[3, 2, 2]) for label in each]
        )
    f1 = f1_score(given.truth, given.probability >= 0.5, average="macro")
    assert LABEL_METRICS["macro_f1"](given, once).value[0] == pytest.approx(f1)


def test_average_precision_of_a_draw_is_that_of_rows_copied():
    given = predictions(folds=1)
    times = draw_persons(12, 25, seed=3)
    expected = []
    for draw in times.astype(int):
        rows = np.repeat(np.arange(240), draw[given.person])
        areas = [average_precision_score(given.truth[rows, at], given.probability[rows, at]) for at in range(3)]
        expected.append(np.mean(areas))
    np.testing.assert_allclose(LABEL_METRICS["auprc"](given, times).value, expected, rtol=1e-12)


def test_a_draw_without_a_label_is_averaged_over_the_others_and_counted():
    given = predictions(persons=12, folds=1)
    truth = given.truth.copy()
    truth[:, 0] = given.person == 0
    given = Predictions(given.probability, truth, given.person, given.fold)
    found = estimate(LABEL_METRICS["auroc"], [given])
    assert found.partial == int((draw_persons(12, 2000, seed=0)[:, 0] == 0).sum())
    assert found.lacking == 0


def test_a_persons_own_figure_is_over_the_labels_that_vary_in_it():
    given = predictions(persons=4, windows=80)
    truth = given.truth.copy()
    truth[given.person == 2, 1] = 1
    truth[given.person == 3] = 0
    given = Predictions(given.probability, truth, given.person, given.fold)
    mine = given.person == 2
    areas = [roc_auc_score(truth[mine, at], given.probability[mine, at]) for at in (0, 2)]
    found = within_persons(given)
    assert found[2] == pytest.approx(np.mean(areas))
    assert np.isnan(found[3])


def test_controls_exchange_lists_as_wholes_and_guess_each_labels_share():
    rng = np.random.default_rng(1)
    codes = rng.integers(2, size=(60, 3))
    person, recording = np.repeat(np.arange(6), 10), np.repeat(np.arange(12), 5)
    how = permutation_of(codes, recording, person)
    assert how == Permutation("window", "person")
    fold = Fold("fold0", np.flatnonzero(person < 4), np.flatnonzero(person == 4), np.flatnonzero(person == 5))
    made = permuted(how, codes, recording, person, fold, 0)
    for who in range(6):
        mine = person == who
        assert sorted(map(tuple, made[mine])) == sorted(map(tuple, codes[mine]))
    np.testing.assert_array_equal(made[fold.test], codes[fold.test])
    assert (made != codes).any()
    constant = np.repeat(codes[:12], 5, axis=0)
    assert permutation_of(constant, recording, person).unit == "recording"
    np.testing.assert_allclose(majority(codes, fold.train, 3, 2), np.tile(codes[fold.train].mean(axis=0), (2, 1)))

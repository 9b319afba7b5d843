"""Views of scope `train`: fitted on the training windows of each fold, and kept with its model."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import yaml

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.fit import fit_scaling
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import open_store
from zoo import WindowDataset
from zoo.data.scaling import fit_scalings, from_plain
from zoo.judging.judge import judge_on
from zoo.runs.checkpoint import load
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune
from zoo.training.folds import folds_of

EEG = (SensorType.EEG,)
LABEL = {"column": "condition", "keep": ["rest", "task"]}


def chain(**normalise):
    band = {"step": "band", "low_hz": 2, "high_hz": 25, "order": 2}
    return [band, {"step": "normalise", **normalise}, *([] if "seconds" in normalise else [CLIP])]


CLIP = {"step": "clip", "low": -10, "high": 10}


def windows_of(store, view, name, **split):
    preprocess(store, parse_view({"name": view[0], "chains": {"EEG": view[1]}}))
    windows = {"length": "4s", "view": view[0], "require": ["EEG"]}
    return build_manifest(store, parse_definition({"name": name, "windows": windows, "label": LABEL, "split": split}))


@pytest.fixture(scope="module")
def store(cohort, tmp_path_factory):
    """Ours alone: manifests of a view that is normalised over what one trains on."""
    folder = tmp_path_factory.mktemp("own") / "store"
    shutil.copytree(cohort(6).objects.folder, folder)
    store = open_store(str(folder))
    windows_of(store, ("t", chain(scope="train")), "folds-t", method="kfold", folds=3)
    windows_of(store, ("t", chain(scope="train")), "held-t", fractions={"train": 0.5, "test": 0.5}, seed=1)
    return store


def config(**changes):
    evaluation = Evaluation(draws=50, permutations=1)
    return RunConfig(
        **{"model": "features-logreg", "manifest": "folds-t", "sensors": ("EEG",), "evaluation": evaluation} | changes
    )


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    return folder, finetune(store, config(), folder)


def test_each_fold_is_scaled_by_its_own_training_windows_and_by_no_others(store, trained):
    folder, _ = trained
    rows = store.manifest("folds-t").rows
    found = {}
    for fold in folds_of(rows, val_share=0.0):
        saved = from_plain(load(folder / f"model-{fold.name}.safetensors").about["scalings"])
        train = rows[fold.train]
        assert saved == {"EEG": fit_scaling(SignalReader.of(store, train), train, "EEG")}
        x = read_windows(store, train, "EEG", digital=True).astype(np.float64)
        np.testing.assert_allclose(saved["EEG"].factor, 1 / x.std(axis=(0, 2)), rtol=1e-6)
        found[fold.name] = saved["EEG"].factor
    assert len(set(found.values())) == 3


def test_the_scope_is_said_in_the_report_and_in_the_runs_configuration(trained):
    folder, found = trained
    assert any(note.startswith("EEG is normalised over the training windows alone") for note in found.notes)
    assert yaml.safe_load((folder / "config.yaml").read_text())["normalisation"] == {"EEG": "train"}
    assert json.loads((folder / "metrics.json").read_text())["notes"] == found.notes


def test_judging_applies_what_was_saved_and_fits_nothing(store, tmp_path):
    found = finetune(store, config(manifest="held-t"), tmp_path / "run")
    again = judge_on(tmp_path / "run", store, "held-t", split="test")
    assert again.metrics == found.metrics
    assert any("train (view t-" in note for note in again.notes)


def test_the_same_run_twice_is_the_same_to_the_byte(store, trained, tmp_path):
    folder, found = trained
    assert finetune(store, config(), tmp_path / "again") == found
    for name in ("model-fold0.safetensors", "metrics.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_channels_that_only_some_recordings_have_are_fitted_on_those(store):
    rows = store.manifest("folds-t").rows
    whole = fit_scalings(store, rows, EEG)["EEG"]
    x = read_windows(store, rows, "EEG", scaling=whole).astype(np.float64)
    np.testing.assert_allclose(x.mean(axis=(0, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(x.std(axis=(0, 2)), 1, atol=1e-2)  # the clip takes a little


def test_a_dataset_of_such_a_view_reads_with_a_scaling_and_refuses_without(store):
    rows = store.manifest("held-t").rows
    train = rows.filter(rows["split"] == "train")
    scalings = fit_scalings(store, train, EEG)
    data = WindowDataset(store.url, "held-t", "test", ["EEG"], scalings=scalings)
    expected = read_windows(store, data.rows[:3], "EEG", scaling=scalings["EEG"])
    np.testing.assert_array_equal(data.__getitems__([0, 1, 2])["signals"]["EEG"], expected)
    with pytest.raises(UsageError, match="no scaling is given"):
        WindowDataset(store.url, "held-t", "test", ["EEG"])[0]


def test_a_model_of_a_view_is_not_judged_on_windows_of_another(store, cohort, tmp_path):
    finetune(store, config(manifest="held-t"), tmp_path / "run")
    windows_of(store, ("w", chain(scope="window")), "held-w", fractions={"train": 0.5, "test": 0.5}, seed=1)
    with pytest.raises(ModelError, match=r"these windows are of w-\w+") as caught:
        judge_on(tmp_path / "run", store, "held-w", split="test")
    assert "of windows of t-" in caught.value.mend


@pytest.mark.parametrize(
    ("normalise", "words"),
    [
        ({"scope": "window"}, "over each window"),
        ({"scope": "causal", "seconds": 2}, "causal"),
        ({"scope": "calibration", "seconds": 4}, "calibration"),
        ({"scope": "recording"}, "TRANSDUCTIVE: EEG is normalised over the whole recording"),
        ({"scope": "subject"}, "TRANSDUCTIVE: EEG is normalised over the whole subject"),
    ],
)
def test_every_other_scope_is_said_too(store, normalise, words):
    from biocurate.curate.views.told import normalisation

    name = normalise["scope"]
    made = windows_of(store, (f"s-{name}", chain(**normalise)), f"m-{name}", method="kfold", folds=2)
    (sentence,) = normalisation(store, made.rows)
    assert words in sentence
    assert normalisation(store, made.rows, ["ECG"]) == []

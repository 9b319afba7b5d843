"""Training runs from a store to a report, on persons whose difference is known."""

from __future__ import annotations

import json
import re

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.cli import app
from zoo.features.table import extract
from zoo.judging.judge import judge_again, judge_on
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune


def config(**changes):
    evaluation = Evaluation(draws=200, permutations=1)
    return RunConfig(
        **{"model": "features-logreg", "manifest": "folds", "sensors": ["EEG"], "evaluation": evaluation} | changes
    )


def content(folder):
    """Every file of a run but the picture's and the log's, as bytes."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in {".json", ".safetensors", ".yaml"}
    }


def test_features_have_names_units_and_a_row_a_window(cohort):
    store = cohort()
    rows = store.manifest("folds").rows
    table = extract(store, rows, [SensorType.EEG, SensorType.GSR])
    assert table.values.shape == (rows.height, len(table.names)) == (96, len(table.units))
    assert {"EEG.Oz.alpha", "EEG.theta/alpha", "GSR.level"} <= set(table.names)
    assert table.missing == {"EEG": 0, "GSR": 8}
    lacks = (rows["person"] == "twin/p11").to_numpy()
    level = table.values[:, table.names.index("GSR.level")]
    np.testing.assert_array_equal(np.isnan(level), lacks)
    alpha = table.values[:, table.names.index("EEG.Oz.alpha")]
    labels = rows["label"].to_numpy()
    assert alpha[labels == "task"].mean() - alpha[labels == "rest"].mean() == pytest.approx(2 * np.log10(2), abs=0.25)


def test_a_planted_effect_is_found_and_the_controls_find_nothing(cohort, run_folder):
    repeated = Evaluation(draws=200, permutations=6)
    found = finetune(cohort(effect=1.5), config(sensors=["EEG", "GSR"], evaluation=repeated), run_folder)
    assert found.metrics["auroc"].low > 0.6
    assert found.controls["majority"]["auroc"].value == 0.5
    assert found.controls["majority"]["balanced_accuracy"].value == 0.5
    assert found.controls["permuted"]["auroc"].low < 0.5 < found.controls["permuted"]["auroc"].high
    assert found.persons == 12
    assert "8 windows have no GSR." in found.notes
    assert any("n counts 24 recordings of 12 persons, not 96 windows" in note for note in found.cautions)


def test_a_planted_null_is_not_found(cohort, run_folder):
    found = finetune(cohort(effect=0.0), config(), run_folder)
    assert found.metrics["auroc"].low < 0.5 < found.metrics["auroc"].high


def test_every_window_is_predicted_once_by_a_model_that_never_saw_its_person(cohort, run_folder):
    store = cohort()
    finetune(store, config(), run_folder)
    held = pl.read_parquet(run_folder / "predictions.parquet")
    rows = store.manifest("folds").rows
    assert sorted(held["window_id"]) == sorted(rows["window_id"])
    assert held["fold"].n_unique() == 3
    from zoo.runs.checkpoint import load

    for fold in held["fold"].unique():
        about = load(run_folder / f"model-{fold}.safetensors").about
        assert not set(about["persons"]) & set(held.filter(pl.col("fold") == fold)["person"])
        assert about["manifest"]["hash"] == store.manifest("folds").hash
        assert len(about["features"]) == len(about["units"])


def test_the_same_command_twice_gives_the_same_run(cohort, tmp_path):
    for name in ("a", "b"):
        finetune(cohort(), config(), tmp_path / name)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert {"metrics.json", "config.yaml", "versions.json"} < set(content(tmp_path / "a"))
    one, other = (pl.read_parquet(tmp_path / name / "controls.parquet") for name in ("a", "b"))
    assert one.equals(other)


def test_a_run_is_judged_again_from_its_predictions_to_the_same_report(cohort, run_folder):
    found = finetune(cohort(), config(), run_folder)
    assert judge_again(run_folder).to_json() == found.to_json() == json.loads((run_folder / "metrics.json").read_text())


def test_a_run_is_never_overwritten_unless_forced_and_nothing_else_ever(cohort, run_folder):
    finetune(cohort(), config(), run_folder)
    before = content(run_folder)
    with pytest.raises(UsageError, match="a run is here already"):
        finetune(cohort(), config(seed=1), run_folder)
    assert content(run_folder) == before
    finetune(cohort(), config(seed=1), run_folder, force=True)
    assert content(run_folder) != before
    with pytest.raises(UsageError, match="no run"):
        finetune(cohort(), config(), run_folder.parent, force=True)


def test_a_run_that_fails_leaves_nothing_behind(cohort, run_folder):
    with pytest.raises(ModelError):
        finetune(cohort(), config(sensors=["EMG"]), run_folder)
    assert list(run_folder.parent.iterdir()) == []


def test_one_split_gives_one_model_and_points_where_persons_are_few(cohort, run_folder):
    found = finetune(cohort(), config(manifest="holdout"), run_folder)
    assert [path.name for path in run_folder.glob("*.safetensors")] == ["model-holdout.safetensors"]
    assert found.persons < 10
    assert found.metrics["auroc"].low is None
    assert len(found.per_person) == found.persons
    assert any("too few for an interval" in note for note in found.cautions)


def test_a_run_is_judged_on_other_persons_and_refuses_its_own(cohort, run_folder):
    store = cohort()
    found = finetune(store, config(manifest="holdout"), run_folder)
    with pytest.raises(ModelError, match=r"trained on \d+ of these persons"):
        judge_on(run_folder, store, "holdout")
    again = judge_on(run_folder, store, "holdout", split="test")
    assert again.metrics == found.metrics


def test_a_k_fold_manifest_cannot_be_mistaken_for_one_split(cohort, run_folder):
    with pytest.raises(UsageError, match="no folds"):
        finetune(cohort(), config(manifest="holdout", folds=["0"]), run_folder)
    with pytest.raises(ManifestError, match="no manifest"):
        finetune(cohort(), config(manifest="fold"), run_folder)


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def test_list_names_every_model():
    out = json.loads(invoke("list", "--json").stdout)
    assert {"features-logreg", "image-cnn"} <= {row["model"] for row in out}


def test_finetune_and_evaluate_print_the_same_table_with_controls_beside(cohort, run_folder):
    store = cohort()
    options = ["--manifest", "folds", "--store", store.url, "--sensors", "EEG,EDA", "--set", "draws=100", "--folds"]
    trained = invoke("finetune", "features-logreg", *options, "--run", run_folder)
    judged = invoke("evaluate", run_folder)
    table = re.compile(r"│.*│")
    assert table.findall(trained.stdout) == table.findall(judged.stdout)
    for word in ("auroc", "majority", "permuted", "persons", "never pooled over folds"):
        assert word in judged.stdout
    as_json = json.loads(invoke("evaluate", run_folder, "--json").stdout)
    assert as_json["metrics"]["auroc"]["draws"] == 100
    assert set(as_json["controls"]) == {"majority", "time order", "fingerprint", "permuted"}


def test_wrong_options_are_named_before_anything_is_read(cohort, run_folder):
    store = cohort()
    common = ["--manifest", "folds", "--store", store.url, "--run", run_folder]
    with pytest.raises(ModelError, match="no option 'depth'"):
        invoke("finetune", "features-logreg", *common, "--set", "depth=3")
    with pytest.raises(UsageError, match="Write key=value"):
        invoke("finetune", "features-logreg", *common, "--set", "C")
    with pytest.raises(ModelError, match="--images SET"):
        invoke("finetune", "image-cnn", *common)
    with pytest.raises(ModelError, match="takes no images"):
        invoke("finetune", "features-logreg", *common, "--images", "x")
    with pytest.raises(ModelError, match="no run here"):
        invoke("evaluate", run_folder)
    assert not run_folder.exists()

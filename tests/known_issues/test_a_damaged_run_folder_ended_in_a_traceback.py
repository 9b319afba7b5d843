"""Damaged or missing files of a run ended in a traceback, or without a word of the mend."""

from __future__ import annotations

import json

import polars as pl
import pytest
import yaml

from biocurate.errors import ModelError
from zoo.judging.judge import judge_again
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.run_file import config_of


@pytest.fixture
def run(tmp_path):
    """A folder with the files that a figure is computed from."""
    runs.write_config(tmp_path, {"model": "features-logreg", "manifest": "folds", "seed": 0})
    runs.write_json(tmp_path / "metrics.json", {"notes": []})
    table = pl.DataFrame({"window_id": [0], "p_rest": [0.5]})
    runs.write_predictions(tmp_path, table, {"majority": [table]})
    return tmp_path


def test_a_run_is_read_as_it_was_written(run):
    assert config_of(run).manifest == "folds"
    assert runs.read_json(run / "metrics.json") == {"notes": []}
    held, controls = runs.read_predictions(run)
    assert held.height == controls["majority"][0].height == 1


@pytest.mark.parametrize("text", ["model: [", "", "- a\n", "model: features-logreg\n", yaml.safe_dump({"seed": "x"})])
def test_a_damaged_configuration_is_named(run, text):
    (run / "config.yaml").write_text(text)
    with pytest.raises(ModelError) as error:
        config_of(run)
    assert error.value.where == str(run / "config.yaml")
    assert error.value.mend


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet", "controls.parquet"])
def test_a_file_that_is_cut_off_is_named(run, name):
    whole = (run / name).read_bytes()
    (run / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="missing or damaged") as error:
        judge_again(run)
    assert error.value.where == str(run / name)
    assert "--force" in error.value.mend


@pytest.mark.parametrize("content", ["{", json.dumps([1])])
def test_no_other_json_passes_for_a_report(run, content):
    (run / "metrics.json").write_text(content)
    with pytest.raises(ModelError, match="missing or damaged"):
        runs.read_json(run / "metrics.json")


def test_a_checkpoint_that_is_cut_off_tells_the_mend(tmp_path):
    (tmp_path / "model-all.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match="cannot be read") as error:
        checkpoint.load(tmp_path / "model-all.safetensors")
    assert "--force" in error.value.mend


def test_what_is_lacking_is_said_to_be_needed(run):
    """Defaults of choices without one were told as those of the library that validates."""
    (run / "config.yaml").write_text("seed: minus\n")
    with pytest.raises(ModelError, match="seed") as error:
        config_of(run)
    assert "manifest (needed)" in error.value.mend
    assert "seed=0" in error.value.mend
    assert "Undefined" not in error.value.mend

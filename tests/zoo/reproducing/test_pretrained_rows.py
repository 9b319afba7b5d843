"""Rows that start from pre-trained weights: left out until they are named, and apart from those from scratch."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo.cli import app
from zoo.models.registry import model_config
from zoo.pretraining.masked.config import CorpusConfig, MaskedConfig, MaskedPretraining
from zoo.pretraining.run import pretrain
from zoo.reproducing.catalogue import experiments, find_experiment
from zoo.runs.folder import read_config

EXPERIMENT = """
title: Pain of ECG
paper: none
corpora: [ptb-xl]
view: panluna
manifest: ptb-xl-super
change: {windows: {edges: true}}
metrics: [auroc]
rows:
  - {name: by LoRA, model: panluna, sensors: [ECG], weights: imported, training: {tune: lora}}
  - {name: from scratch, model: panluna, sensors: [ECG], weights: random}
published:
  - {row: by LoRA, metric: auroc, value: 0.5, source: somewhere}
twin:
  persons: 16
  models: {panluna: test-panluna}
  training: {epochs: 1, batch_size: 32}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A pre-training of two steps, of persons of its own."""
    folder = tmp_path_factory.mktemp("weights")
    store = create_store(str(folder / "s"))
    recordings = {}
    for person in range(4):
        ecg = noise_stream("ECG", 256, [(0, 1024)], ["I", "II"], seed=person)
        recordings[f"other/p{person}"] = Recording((ecg,), (interval(0, 4, "rest"),))
    put(store, recordings, {name: name[-2:] for name in recordings})
    split = {"method": "kfold", "folds": 2}
    build_manifest(store, parse_definition({"name": "m", "windows": {"length": "2s"}, "split": split}))
    options = MaskedPretraining(steps=2, batch_size=4, fit_windows=8, draws=10, val_share=0.3)
    corpora = (CorpusConfig(manifest="m", sensors=("ECG",)),)
    pretrain(store, MaskedConfig(model="test-panluna", corpora=corpora, pretraining=options), folder / "masked")
    return folder / "masked"


def test_rows_start_from_the_weights_that_are_named_and_stand_beside_those_from_scratch(weights, tmp_path):
    (tmp_path / "own.yaml").write_text(EXPERIMENT)
    asked = ["reproduce", str(tmp_path / "own.yaml"), "--twin", "--out", str(tmp_path / "out"), "--workers", "0"]
    first = CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False)
    told = json.loads(first.stdout)
    assert any(note.startswith("1 rows take weights that were not named") for note in told["notes"])
    assert [row["row"] for row in told["rows"]] == ["by LoRA", "from scratch"]
    assert told["rows"][0]["ours"] is None
    named = [*asked, "--weights", str(weights), "--json"]
    told = json.loads(CliRunner().invoke(app, named, catch_exceptions=False).stdout)
    assert not told["undone"]
    assert {row["row"]: row["published"] for row in told["rows"]} == {"by LoRA": 0.5, "from scratch": None}
    runs = tmp_path / "out" / "runs"
    assert read_config(runs / "by-lora-seed0")["parent"] == str(weights)
    assert read_config(runs / "from-scratch-seed0")["parent"] is None
    other = [*asked, "--weights", str(weights.parent), "--only", "LoRA", "--json"]
    refused = CliRunner().invoke(app, other, catch_exceptions=False)
    assert refused.exit_code == 1
    assert "started from" in refused.stdout


@pytest.mark.parametrize("name", [name for name in experiments() if name.startswith("panluna/")])
def test_published_figures_of_pretrained_weights_stand_beside_rows_that_take_some(name):
    experiment = find_experiment(name)
    mine = [row for row in experiment.rows if model_config(row.model).family == "panluna"]
    assert {row.weights for row in mine} == {"imported", "random"}
    scratch = [row.name.partition(",")[0] for row in mine if row.weights == "random"]
    assert not [each for each in experiment.published if each.row.partition(",")[0] in scratch]

"""Channels that a model of samples is given: from the command to the network, and refused where nobody would hear."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ModelError, UsageError
from biocurate.recording import Recording
from biocurate.store.embeddings import embedding_rows, read_embeddings
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo.cli import app
from zoo.data.placed import PlacedRows
from zoo.data.task import Task
from zoo.embedding.source import open_source
from zoo.judging.dropped import judge_without
from zoo.learners import prepare
from zoo.runs.channels import parse_channels
from zoo.runs.config import RunConfig


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = create_store(str(tmp_path_factory.mktemp("channels") / "s"))
    recordings = {}
    for person in range(4):
        for at, label in enumerate(("rest", "task")):
            eeg = noise_stream("EEG", 256, [(0, 1024)], ["Fz", "Cz", "Oz"], seed=9 * person + at)
            ecg = noise_stream("ECG", 256, [(0, 1024)], ["I", "II"], seed=9 * person + at + 5)
            recordings[f"c/p{person}_{label}"] = Recording((eeg, ecg), (interval(0, 4, label),))
    put(store, recordings, {name: name[2:4] for name in recordings})
    label, split = {"column": "condition", "keep": ["rest", "task"]}, {"method": "kfold", "folds": 2}
    rule = {"name": "m", "windows": {"length": "2s"}, "label": label, "split": split}
    build_manifest(store, parse_definition(rule))
    return store


def test_names_are_read_by_sensor_type():
    assert parse_channels([]) is None
    assert parse_channels(["EEG = Fz, Cz", "ECG=II"]) == {"EEG": ("Fz", "Cz"), "ECG": ("II",)}
    for wrong in (["EEG"], ["EEG="], ["EEG=Fz", "EEG=Cz"]):
        with pytest.raises(UsageError, match="--channels"):
            parse_channels(wrong)


def test_the_command_trains_on_the_named_channels_alone_and_the_run_keeps_them(store, tmp_path):
    asked = ["finetune", "test-panluna", "--manifest", "m", "--sensors", "EEG,ECG", "--run", str(tmp_path / "r")]
    few = [each for pair in ("epochs=1", "permutations=0", "draws=20", "batch_size=8") for each in ("--set", pair)]
    chosen = ["--channels", "EEG=Oz,Fz", "--channels", "ECG=II"]
    done = CliRunner().invoke(app, [*asked, *few, *chosen, "--store", store.url])
    assert done.exit_code == 0, done.output
    assert "Of EEG Oz, Fz alone." in " ".join(done.output.split())
    kept = yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())
    assert kept["channels"] == {"EEG": ["Oz", "Fz"], "ECG": ["II"]}
    config = RunConfig.model_validate({key: kept[key] for key in RunConfig.model_fields})
    learner = prepare(store, Task.of(store.manifest("m")), config)
    assert learner.windows.placed.inputs(np.arange(2))["x"].shape == (2, 3, 512)
    assert judge_without(tmp_path / "r", store, ["ECG"]).rows[1].sensors == ("EEG",)


def test_vectors_are_made_of_the_named_channels_alone(store):
    asked = ["embed", "test-panluna", "--manifest", "m", "--sensors", "EEG", "--channels", "EEG=Cz", "--name", "cz"]
    done = CliRunner().invoke(app, [*asked, "--store", store.url])
    assert done.exit_code == 0, done.output
    rows = embedding_rows(store, "cz").sort("recording_id", "t0_ns").collect()[:3]
    network = open_source("test-panluna", {}).network
    placed = PlacedRows(store.url, store.manifest("m").rows, ["EEG"], network.architecture, {"EEG": ["Cz"]})
    wanted = network.embed(**placed.inputs(np.arange(3))).detach().numpy()
    np.testing.assert_allclose(read_embeddings(store, rows), wanted, atol=2e-5)


def test_channels_that_nobody_has_or_hears_are_refused(store):
    task = Task.of(store.manifest("m"))
    with pytest.raises(ModelError, match="no recording has Pz"):
        prepare(store, task, RunConfig(model="test-panluna", manifest="m", sensors=("EEG",), channels={"EEG": ("Pz",)}))
    with pytest.raises(ModelError, match="channels cannot be chosen"):
        prepare(store, task, RunConfig(model="features-logreg", manifest="m", channels={"EEG": ("Fz",)}))
    with pytest.raises(ValueError, match="ECG is not among the sensors"):
        RunConfig(model="test-panluna", manifest="m", sensors=("EEG",), channels={"ECG": ("II",)})

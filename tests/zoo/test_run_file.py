"""A run's choices from a file, from named options and from `key=value`, validated as one."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.cli import app
from zoo.runs.run_file import read_choices, run_config

FILE = """
model: image-cnn
manifest: folds
images: pictures
sensors: [EDA, EEG]
seed: 3
options: {width: 16}
training: {epochs: 5, lr: 1.0e-4}
"""


def written(tmp_path, text=FILE):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_names_come_before_the_file_and_pairs_before_both(tmp_path):
    choices = read_choices(written(tmp_path))
    found = run_config(choices, {"seed": 4, "images": None}, ["epochs=7", "dropout=0.5"])
    assert (found.seed, found.images, found.sensors) == (4, "pictures", ("GSR", "EEG"))
    assert (found.training.epochs, found.training.lr) == (7, 1e-4)
    assert (found.options["width"], found.options["dropout"]) == (16, 0.5)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (FILE + "colour: red\n", "colour: Extra inputs"),
        (FILE.replace("width: 16", "depth: 16"), r"depth: Extra inputs.*width=24"),
        (FILE.replace("epochs: 5", "epochs: 0"), "epochs: Input should be greater than 0"),
        (FILE.replace("options: {width: 16}", "options: 16"), "16 holds no choices"),
        (FILE.replace("model: image-cnn", ""), "no model is chosen"),
        (FILE.replace("manifest: folds", ""), "no manifest is chosen"),
        ("- a\n", "it holds no choices"),
        ("a: [", "it is no YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path, text, what):
    with pytest.raises((ModelError, UsageError), match=what):
        run_config(read_choices(written(tmp_path, text)), {}, [])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml: the file cannot be read"):
        read_choices(tmp_path / "none.yaml")


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def test_the_configuration_of_a_run_is_a_run_again(cohort, tmp_path):
    store = cohort()
    common = ["--manifest", "folds", "--store", store.url, "--sensors", "EEG", "--set", "draws=50"]
    invoke("finetune", "features-logreg", *common, "--set", "permutations=1", "--run", tmp_path / "a")
    file = tmp_path / "a" / "config.yaml"
    invoke("finetune", "--config", file, "--store", store.url, "--run", tmp_path / "b")
    for name in ("metrics.json", "config.yaml", "model-fold0.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = yaml.safe_load(file.read_text()) | {"manifest_hash": "0" * 64}
    written(tmp_path, yaml.safe_dump(other))
    with pytest.raises(ModelError, match="the run was on 000000000000, the store has"):
        invoke("finetune", "--config", tmp_path / "run.yaml", "--store", store.url, "--run", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_the_card_of_a_run_tells_its_data_its_models_and_its_figures(cohort, tmp_path):
    store = cohort()
    options = ["--manifest", "folds", "--store", store.url, "--sensors", "EEG", "--set", "draws=50"]
    invoke("finetune", "features-logreg", *options, "--set", "permutations=1", "--run", tmp_path / "a")
    card = json.loads(invoke("card", tmp_path / "a", "--json").stdout)
    assert card["manifest"]["hash"] == store.manifest("folds").hash
    assert [each["fold"] for each in card["checkpoints"]] == ["fold0", "fold1", "fold2"]
    assert all(each["persons"] == 8 and each["streams"] > 8 for each in card["checkpoints"])
    text = invoke("card", tmp_path / "a").stdout
    for word in ("auroc", "permuted", "## Cautions", "## Versions", "features-logreg"):
        assert word in text
    assert "19,570" in invoke("card", "test-image-cnn").stdout

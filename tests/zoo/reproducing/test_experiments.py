"""The experiments that come with the program: what they name is there, and each row is one run."""

from __future__ import annotations

import pytest

from biocurate.curate.views.schema import find_view
from biocurate.images import kinds
from biocurate.recipes import load_recipe
from biocurate.testing.twins import WRITERS
from zoo.biox_bridge.config import BridgeOptions
from zoo.models.registry import model_config
from zoo.reproducing.catalogue import experiments, find_experiment
from zoo.reproducing.data import definition_of
from zoo.reproducing.experiment import load_experiment
from zoo.reproducing.grid import as_twin, joined, trainings
from zoo.runs.config import Training

NAMES = sorted(experiments())


def test_every_family_has_experiments():
    """Issues 6.6, 7.6 and 8.7 list them."""
    tasks = ("tuab", "hmc", "ptbxl-super", "ptbxl-sub", "ptbxl-form", "ptbxl-rhythm", "csn", "wesad")
    listed = {"tiny-biomoe/ai4pain", *(f"panluna/{task}" for task in tasks)}
    listed |= {f"biox-bridge/{corpus}" for corpus in ("wesad", "isruc", "fog")}
    assert listed <= set(NAMES)


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_an_experiment_names_is_there(name, twin):
    found = find_experiment(name)
    experiment = as_twin(found) if twin else found
    assert all(load_recipe(corpus).name == corpus for corpus in experiment.corpora)
    assert set(experiment.corpora) <= set(WRITERS)
    if experiment.view is not None:
        find_view(experiment.view)
    definition = definition_of(experiment)
    assert set(experiment.corpora) == set(definition.window_rule.corpora) or not definition.window_rule.corpora
    assert set(experiment.images) <= set(kinds())
    every = trainings(experiment)
    assert len({each.folder for each in every}) == len(every)
    for each in every:
        model_config(each.row.model).options(**each.row.options)
        Training(**each.row.training)
        BridgeOptions(**each.row.bridge)
        assert set(each.row.images) <= set(experiment.images)


@pytest.mark.parametrize("name", NAMES)
def test_a_published_figure_has_a_source_and_stands_beside_a_row_or_alone(name):
    found = find_experiment(name)
    assert found.published
    assert all(each.source and 0 <= each.value <= 1 for each in found.published)
    keys = [(each.row, each.metric) for each in found.published]
    assert len(set(keys)) == len(keys)


def test_a_grid_is_every_choice_and_its_names_are_the_fields_or_the_options(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "title: t\npaper: p\ncorpora: [csn]\nmanifest: csn-dx\nseeds: [0, 1]\nrows:\n"
        "  - name: '{sensors} by {C}'\n    model: features-logreg\n"
        "    grid: {sensors: [[ECG], [ECG, PPG]], C: [0.1, 1]}\n"
    )
    every = trainings(load_experiment(path))
    assert len(every) == 8
    assert [each.name for each in every[::2]] == ["ECG by 0.1", "ECG by 1", "ECG+PPG by 0.1", "ECG+PPG by 1"]
    assert every[2].row.sensors == ("ECG",)
    assert every[2].row.options == {"C": 1}
    assert every[0].folder == "ecg-by-0-1-seed0"


def test_changes_are_joined_and_a_split_is_taken_whole():
    one = {"windows": {"length": "10s", "hop": "1s"}, "split": {"method": "hash", "seed": 1}}
    other = {"windows": {"hop": "2s"}, "split": {"method": "kfold"}}
    assert joined(one, other) == {"windows": {"length": "10s", "hop": "2s"}, "split": {"method": "kfold"}}

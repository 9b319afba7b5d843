"""Whose windows scales come from: a person that a network is judged on must not be among them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ModelError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo.deploying import int8
from zoo.deploying.calibrating import BATCH, choose, spread
from zoo.deploying.network import Deployed, open_network
from zoo.deploying.onnx_file import parity

PERSONS = 6
SPLITS = {
    "holdout": {"fractions": {"train": 0.5, "val": 0.2, "test": 0.3}, "seed": 1},
    "folds": {"method": "kfold", "folds": 2},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Persons with EEG, half of them with an ECG lead, too, at 256 Hz."""
    made = create_store(str(tmp_path_factory.mktemp("calibrating") / "s"))
    recordings, subjects = {}, {}
    for person in range(PERSONS):
        for label in ("rest", "task"):
            streams = [noise_stream("EEG", 256, [(0, 256 * 8)], ("Fz", "Oz"), seed=person)]
            if person % 2:
                streams.append(noise_stream("ECG", 256, [(0, 256 * 8)], ("II",), seed=person))
            name = f"twin/p{person}_{label}"
            recordings[name] = Recording(tuple(streams), (interval(0, 8, label),))
            subjects[name] = f"p{person}"
    put(made, recordings, subjects)
    for name, split in SPLITS.items():
        rule = {"name": name, "windows": {"length": "2s"}, "label": {"column": "condition"}, "split": split}
        build_manifest(made, parse_definition(rule))
    return made


def weights(**about):
    deployed = open_network("test-panluna", {"num_classes": 2})
    return Deployed(deployed.model, deployed.options, deployed.network, "x", about)


def test_only_persons_that_the_weights_were_trained_on_are_read(store):
    rows = store.manifest("folds").rows
    seen = rows["person"].unique().sort().to_list()[:2]
    found = choose(weights(persons=seen), store, "folds", 7)
    assert len(found.at) == 7
    assert set(rows["person"].gather(found.at)) == set(seen)
    assert found.persons == 2


def test_weights_that_do_not_tell_are_calibrated_by_the_split_train(store):
    found = choose(weights(), store, "holdout", 1000)
    rows = store.manifest("holdout").rows
    assert found.at.tolist() == np.flatnonzero((rows["split"] == "train").to_numpy()).tolist()


@pytest.mark.parametrize("about", [{}, {"persons": ["elsewhere/p9"]}])
def test_where_nobody_was_trained_on_nothing_is_read(store, about):
    with pytest.raises(ModelError, match="nobody"):
        choose(weights(**about), store, "folds", 8)


def test_networks_of_images_are_refused(store):
    with pytest.raises(ModelError, match="dynamic"):
        choose(open_network("test-image-cnn"), store, "holdout", 8)


def test_windows_of_several_montages_calibrate_a_graph(store, panluna):
    _, model = panluna
    deployed = open_network("test-panluna", {"num_classes": 3})
    chosen = choose(deployed, store, "holdout", 12)
    assert chosen.sensors == ("ECG", "EEG")
    batches = list(chosen.batches(deployed))
    assert sum(len(each["x"]) for each in batches) == 12
    assert max(len(each["x"]) for each in batches) == BATCH
    assert {each["x"].shape[1] for each in batches} <= {2, 3}
    assert 0 < parity(deployed, int8.static(model, iter(batches))).share < 0.3


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 40))
def test_everybody_has_one_before_anybody_has_two(persons, windows):
    rows = pl.DataFrame({"person": [f"p{each}" for each in persons]})
    at = spread(rows, np.arange(len(persons)), windows)
    assert len(set(at.tolist())) == len(at) == min(windows, len(persons))
    counts = rows[at.tolist()]["person"].value_counts()["count"]
    there = rows["person"].value_counts().sort("person")
    if len(at) < len(persons):
        assert len(counts) == min(windows, len(there))
        fewest = min(
            rows[at.tolist()].filter(pl.col("person") == name).height
            for name, count in there.iter_rows()
            if count > counts.max() - 1
        ) if len(counts) == len(there) else 0  # fmt: skip
        assert fewest >= counts.max() - 1 or len(counts) < len(there)


def test_the_same_windows_every_time():
    rows = pl.DataFrame({"person": [f"p{each % 7}" for each in range(100)]})
    one, other = (spread(rows, np.arange(3, 90), 20).tolist() for _ in range(2))
    assert one == other
    assert min(one) >= 3 and max(one) < 90
    assert torch.unique(torch.tensor(one)).numel() == 20

"""Datasets over a store and a manifest."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
import torch

from biocurate import read_windows
from biocurate.errors import ModelError, UsageError
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream, put
from zoo import WindowDataset, loader
from zoo.data.coverage import covering
from zoo.data.task import Task


def whole(store, split=None, sensors=("EEG", "GSR")):
    return WindowDataset(store.url, "folds", split, sensors)


def test_a_batch_holds_the_windows_of_the_manifest_in_the_order_asked_for(cohort):
    store = cohort()
    data = whole(store)
    rows = store.manifest("folds").rows
    assert len(data) == rows.height == 12 * 2 * 4
    at = [17, 3, 40]
    batch = data.__getitems__(at)
    np.testing.assert_array_equal(batch["signals"]["EEG"], read_windows(store, rows[at], "EEG"))
    assert [data.classes[code] for code in batch["label"]] == rows[at]["label"].to_list()
    assert batch["row"].tolist() == at
    one = data[3]
    assert one["signals"]["EEG"].shape == (2, 640)
    assert torch.equal(one["signals"]["EEG"], batch["signals"]["EEG"][1])


def test_a_missing_modality_is_nan_behind_a_mask_and_never_zeros(cohort):
    data = whole(cohort())
    batch = data.__getitems__(range(len(data)))
    present = batch["present"]["GSR"]
    lacks = torch.from_numpy((data.rows["person"] == "twin/p11").to_numpy())
    assert torch.equal(present, ~lacks)
    assert batch["signals"]["GSR"][lacks].isnan().all()
    assert batch["signals"]["GSR"][present].isfinite().all()
    assert batch["present"]["EEG"].all()


def test_splits_hold_different_persons_and_all_windows_together(cohort):
    store = cohort()
    parts = [whole(store, split) for split in ("fold0", "fold1", "fold2")]
    persons = [set(part.rows["person"]) for part in parts]
    assert sum(map(len, parts)) == len(whole(store))
    assert not (persons[0] & persons[1] or persons[0] & persons[2] or persons[1] & persons[2])
    assert all(part.classes == ["rest", "task"] for part in parts)
    with pytest.raises(UsageError, match=r"no split 'test'.*fold0, fold1, fold2"):
        whole(store, "test")


def test_spawned_workers_give_the_same_batches_as_this_process(cohort):
    data = whole(cohort())
    alone, worked = (list(loader(data, 40, workers=workers, seed=5)) for workers in (0, 2))
    assert len(alone) == len(worked) == 3
    for one, other in zip(alone, worked, strict=True):
        assert torch.equal(one["row"], other["row"])
        assert torch.equal(one["signals"]["EEG"], other["signals"]["EEG"])


def test_a_dataset_travels_without_its_open_store(cohort):
    data = whole(cohort())
    data[0]
    again = pickle.loads(pickle.dumps(data))
    assert "_store" not in vars(again)
    assert torch.equal(again[5]["signals"]["EEG"], data[5]["signals"]["EEG"])


@pytest.fixture
def mixed(tmp_path):
    """Recordings that differ in rate, in channels, and in how many streams of a type they have."""
    from biocurate.curate.manifests.build import build_manifest
    from biocurate.curate.manifests.definition import parse_definition
    from biocurate.store.store import create_store

    store = create_store(str(tmp_path / "s"))

    def recording(label, *streams):
        return Recording(streams, (interval(0, 20, label),))

    put(
        store,
        {
            "a/1": recording("x", noise_stream("EEG", 100, [(0, 2000)], ["Fz", "Cz"])),
            "a/2": recording("y", noise_stream("EEG", 100, [(0, 2000)], ["Cz", "Fz", "Oz"], seed=1)),
            "b/1": recording("x", noise_stream("ECG", 100, [(0, 2000)]), noise_stream("ECG", 50, [(0, 1000)])),
            "b/2": recording("y", noise_stream("ECG", 100, [(0, 2000)], seed=2)),
            "b/3": recording("y", noise_stream("ECG", 25, [(0, 500)])),
        },
    )
    split = {"method": "kfold", "folds": 2}
    for corpus in "ab":
        windows = {"length": "10s", "corpora": [corpus]}
        rule = {"name": corpus, "windows": windows, "label": {"column": "condition"}, "split": split}
        build_manifest(store, parse_definition(rule))
    return store


def test_recordings_that_differ_in_channels_need_channels_named(mixed):
    with pytest.raises(ModelError, match=r"differ in channels.*Fz, Cz"):
        WindowDataset(mixed.url, "a", None, ["EEG"])
    with pytest.raises(ModelError, match="not every recording has Oz"):
        WindowDataset(mixed.url, "a", None, ["EEG"], channels={"EEG": ["Oz"]})
    data = WindowDataset(mixed.url, "a", None, ["EEG"], channels={"EEG": ["Cz"]})
    assert data.__getitems__([0, 3])["signals"]["EEG"].shape == (2, 1, 1000)


def test_windows_of_several_rates_are_no_single_array(mixed):
    with pytest.raises(ModelError, match="25, 100 Hz"):
        WindowDataset(mixed.url, "b", None, ["ECG"])
    with pytest.raises(ModelError, match="no window has a stream of it"):
        WindowDataset(mixed.url, "b", None, ["EMG"])


def test_the_first_of_several_streams_covers_a_window_and_the_others_are_counted(mixed):
    from biocurate.sensors import SensorType

    rows = Task.of(mixed.manifest("b")).rows
    covered = covering(mixed, rows, SensorType.ECG)
    assert covered["row"].to_list() == list(range(rows.height))
    several = covered.filter(pl.col("of") > 1)
    assert set(rows[several["row"].to_list()]["recording_id"]) == {"b/1"}
    assert several["rate_hz"].unique().to_list() == [100]

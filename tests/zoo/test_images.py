"""Image datasets, and the network that is trained on them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch

from biocurate.errors import ModelError, StoreError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.images.reading.stored import image_rows, read_images
from zoo import ImageDataset
from zoo.data import images as data_module
from zoo.judging.judge import judge_again, judge_on
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune


@pytest.fixture
def drawn(cohort):
    """The cohort with an image of each channel of each window."""
    store = cohort(effect=3.0)
    drawing = representation("spectrogram-psd", segment=32)
    generate(store, store.manifest("folds"), drawing, ["EEG", "GSR"], image_set="pictures")
    return store


def test_a_batch_holds_the_images_of_the_set_with_the_labels_of_their_windows(drawn):
    data = ImageDataset(drawn.url, "folds", "fold1", "pictures", size=32, sensors=["EEG"])
    rows = drawn.manifest("folds").rows.filter(pl.col("split") == "fold1")
    assert len(data) == 2 * rows.height
    batch = data.__getitems__([9, 0, 4])
    assert batch["image"].shape == (3, 1, 32, 32)
    assert batch["image"].dtype == torch.uint8
    images = image_rows(drawn, "pictures").collect()
    for pixels, label, row in zip(batch["image"], batch["label"], batch["row"], strict=True):
        window = rows.row(int(row), named=True)
        assert data.classes[int(label)] == window["label"]
        mine = images.filter(
            pl.col("recording_id") == window["recording_id"],
            pl.col("t0_ns") == window["t0_ns"],
            pl.col("stream_no") == 0,
        )
        assert any(np.array_equal(pixels[0], each) for each in read_images(drawn, mine, 32))


def test_images_held_in_memory_are_those_read_one_batch_at_a_time(drawn, monkeypatch):
    data = ImageDataset(drawn.url, "folds", None, "pictures", size=32)
    held = data.__getitems__([5, 100, 7])["image"]
    monkeypatch.setattr(data_module, "HELD_BYTES", 0)
    assert torch.equal(data.__getitems__([5, 100, 7])["image"], held)


def test_images_that_show_nothing_are_left_out_and_counted(drawn):
    table = drawn.tables.scan("images/pictures").collect()
    blind = table.with_row_index().with_columns(
        status=pl.when(pl.col("index") < 6).then(pl.lit("flat")).otherwise("status")
    )
    drawn.tables.write("images/blind", blind.drop("index").to_arrow())
    data = ImageDataset(drawn.url, "folds", None, "blind", size=32)
    assert data.left_out == 6
    assert len(data) == table.height - 6


def test_a_set_or_sensor_without_images_is_named(drawn):
    with pytest.raises(StoreError, match="no image set 'picture'"):
        ImageDataset(drawn.url, "folds", None, "picture")
    with pytest.raises(ModelError, match="no window of the manifest has an image of ECG"):
        ImageDataset(drawn.url, "folds", None, "pictures", sensors=["ECG"])


def config(**changes):
    return RunConfig(
        model="image-cnn",
        manifest="folds",
        images="pictures",
        sensors=["EEG"],
        options={"size": 32, "width": 8},
        training=Training(epochs=3, batch_size=16, lr=3e-3),
        evaluation=Evaluation(draws=100, permutations=0),
        **changes,
    )


def test_a_network_is_trained_a_fold_finds_a_planted_effect_and_gives_the_same_twice(drawn, tmp_path):
    found = finetune(drawn, config(), tmp_path / "a")
    assert found.metrics["auroc"].value > 0.6
    assert found.windows == 96
    assert set(found.controls) == {"majority", "time order", "fingerprint"}
    again = finetune(drawn, config(), tmp_path / "b")
    assert again == found == judge_again(tmp_path / "a")
    for name in ("model-fold0.safetensors", "metrics.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    log = pl.read_csv(tmp_path / "a" / "log" / "fold2" / "metrics.csv")
    assert log["epoch"].to_list() == [0, 1, 2]
    assert log.select("train_loss", "val_loss").null_count().row(0) == (0, 0)


def test_a_network_read_from_its_checkpoint_predicts_the_same(drawn, tmp_path):
    found = finetune(drawn, config(folds=["0"]), tmp_path / "a")
    again = judge_on(tmp_path / "a", drawn, "folds", split="fold0")
    assert again.metrics == found.metrics
    assert json.loads((tmp_path / "a" / "metrics.json").read_text())["persons"] == 4


def test_windows_without_an_image_are_left_out_and_told(drawn, tmp_path):
    rows = drawn.manifest("folds").rows
    fold = rows.filter(pl.col("person") == "twin/p11")["split"][0]
    found = finetune(drawn, config(folds=[fold]).model_copy(update={"sensors": ("GSR",)}), tmp_path / "a")
    assert "8 held-out windows have nothing to predict from and are left out." in found.notes
    assert found.windows == rows.filter(pl.col("split") == fold).height - 8
    assert "twin/p11" not in [row["person"] for row in found.per_person]


def test_tensorboard_that_is_not_installed_is_said_before_anything_is_read(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.learners.find_spec", lambda name: None if name == "tensorboard" else name)
    wanted = config().model_copy(update={"training": Training(tensorboard=True)})
    with pytest.raises(UsageError, match=r"needs tensorboard, which is not installed\. pip install tensorboard"):
        finetune(drawn, wanted, tmp_path / "run")
    assert not (tmp_path / "run").exists()

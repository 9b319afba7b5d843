"""Runs on images and on their vectors judged without one of their sensor types."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.embedding.making import embed
from zoo.judging.dropped import judge_without
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

QUICK = {
    "training": Training(epochs=1, batch_size=32),
    "evaluation": Evaluation(draws=20, permutations=0),
    "manifest": "holdout",
    "sensors": ("EEG", "GSR"),
}


@pytest.mark.parametrize("kind", ["image", "embedding"])
def test_each_subset_is_judged_and_it_is_said_what_stands_in(store, source, tmp_path, kind):
    if kind == "image":
        chosen = RunConfig(model="image-cnn", images="pictures", options={"size": 32, "width": 4}, **QUICK)
    else:
        embed(store, source, "pictures", "v")
        chosen = RunConfig(model="embeddings-head", embeddings=("v",), **QUICK)
    report = finetune(store, chosen, tmp_path / "run")
    found = judge_without(tmp_path / "run", store, ["all"])
    assert [left.sensors for left in found.rows] == [("EEG", "GSR"), ("GSR",), ("EEG",)]
    assert found.rows[0].metrics["auroc"].value == report.metrics["auroc"].value
    assert all(np.isfinite(left.metrics["auroc"].value) for left in found.rows)
    assert found.notes[0].startswith({"image": "Images of", "embedding": "Vectors of"}[kind])

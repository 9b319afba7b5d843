"""`zoo evaluate RUN --manifest M` judged a model of filtered windows on raw ones, and printed the figures.

Both have the same channels, so that the columns fitted each other; what the samples had gone through was not asked.
"""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.errors import ModelError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

pytest.importorskip("torch")

from zoo.judging.judge import judge_on
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune

HALVES = (interval(0, 20, "rest"), interval(20, 20, "task"))
SPLIT = {"fractions": {"train": 0.5, "test": 0.5}, "seed": 2}


def test_a_model_of_a_view_is_judged_on_windows_of_that_view_alone(tmp_path):
    store = create_store(str(tmp_path / "store"))
    for number in range(8):
        stream = noise_stream("EEG", 64, [(0, 40 * 64)], seed=number)
        put(store, {f"c/p{number}": Recording((stream,), HALVES)})
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": [{"step": "band", "low_hz": 2, "high_hz": 25}]}}))
    for name, view in (("raw", {}), ("filtered", {"view": "v"})):
        fields = {"windows": {"length": "5s", **view}, "label": {"column": "condition"}, "split": SPLIT}
        build_manifest(store, parse_definition({"name": name, **fields}))
    config = RunConfig(
        model="features-logreg", manifest="filtered", sensors=("EEG",), evaluation=Evaluation(draws=10, permutations=0)
    )
    finetune(store, config, tmp_path / "run")
    with pytest.raises(ModelError, match="these windows are of what was recorded") as caught:
        judge_on(tmp_path / "run", store, "raw", split="test")
    assert "windows of v-" in caught.value.mend

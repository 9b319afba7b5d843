"""The control of exchanged labels, for a network of samples: one more training a fold, and nothing else changes."""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo.runs.checkpoint import load
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = create_store(str(tmp_path_factory.mktemp("permuted") / "s"))
    recordings = {}
    for person in range(6):
        for at, label in enumerate(("rest", "task")):
            ecg = noise_stream("ECG", 256, [(0, 1024)], ["II"], seed=9 * person + at)
            recordings[f"c/p{person}_{label}"] = Recording((ecg,), (interval(0, 4, label),))
    put(store, recordings, {name: name[2:4] for name in recordings})
    label, split = {"column": "condition", "keep": ["rest", "task"]}, {"method": "kfold", "folds": 2}
    rule = {"name": "m", "windows": {"length": "2s"}, "label": label, "split": split}
    build_manifest(store, parse_definition(rule))
    return store


class Counted:
    """A bar that adds up."""

    def start(self, total: float) -> None:
        self.total, self.done = total, 0.0

    def advance(self, amount: float) -> None:
        self.done += amount


def test_a_permutation_is_one_more_training_a_fold_and_changes_no_weight(store, tmp_path):
    reports, bars = {}, {}
    for times in (0, 1):
        bars[times] = Counted()
        config = RunConfig(
            model="test-panluna",
            manifest="m",
            sensors=("ECG",),
            training=Training(epochs=2, batch_size=8, patience=2),
            evaluation=Evaluation(permutations=times, draws=20),
        )
        reports[times] = finetune(store, config, tmp_path / str(times), training=bars[times])
    assert (bars[0].total, bars[1].total) == (2, 4)
    assert all(bar.done == pytest.approx(bar.total) for bar in bars.values())
    assert "permuted" in reports[1].controls
    assert "permuted" not in reports[0].controls
    assert reports[1].metrics == reports[0].metrics
    logs = {path.parent.name for path in (tmp_path / "1" / "log").rglob("metrics.csv")}
    assert logs == {"fold0", "fold1", "fold0-permuted0", "fold1-permuted0"}
    files = sorted(path.name for path in (tmp_path / "1").glob("model-*.safetensors"))
    assert files == ["model-fold0.safetensors", "model-fold1.safetensors"]
    for name in files:
        one, other = (load(tmp_path / run / name).tensors for run in ("0", "1"))
        assert all((one[key] == other[key]).all() for key in one)

"""Two tasks over one cohort: EEG by condition, and EEG and GSR by another split of the same persons."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import Store
from zoo.pretraining.config import PretrainConfig, Pretraining, TaskConfig

TASKS = (
    TaskConfig(manifest="folds", images="a", sensors=("EEG",)),
    TaskConfig(manifest="holdout", images="b", sensors=("EEG", "GSR")),
)


@pytest.fixture(scope="session")
def store(cohort) -> Store:
    """Twelve persons whose EEG tells rest from task, drawn in two ways."""
    made = cohort(effect=3.0)
    generate(made, made.manifest("folds"), representation("spectrogram-psd", segment=32), ["EEG"], image_set="a")
    generate(made, made.manifest("holdout"), representation("waveform"), ["EEG", "GSR"], image_set="b")
    return made


@pytest.fixture
def config():
    """Make a pre-training of a few steps."""

    def make(tasks=TASKS, seed=0, **changes) -> PretrainConfig:
        options = Pretraining(**{"steps": 12, "batch_size": 8, "lr": 1e-3, "evaluate": 6, "keep": 4, **changes})
        return PretrainConfig(model="test-tiny-biomoe", tasks=tasks, seed=seed, pretraining=options)

    return make

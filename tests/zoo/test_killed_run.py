"""A run that was killed by SIGKILL goes on, and is the run that it would have been."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from biocurate.errors import ModelError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.runs.folder import new_run
from zoo.runs.under_way import CHOICES, LOCK
from zoo.training.finetune import finetune


@pytest.fixture
def store(cohort):
    store = cohort(6)
    drawing = representation("spectrogram-psd", segment=32)
    generate(store, store.manifest("folds"), drawing, ["EEG"], image_set="pictures")
    return store


CONFIG = RunConfig(
    model="image-cnn",
    manifest="folds",
    images="pictures",
    sensors=("EEG",),
    options={"size": 32, "width": 8},
    training=Training(epochs=6, batch_size=16, keep_s=1e-3),
    evaluation=Evaluation(draws=50, permutations=1),
)


def started(store, run):
    """The same run as `CONFIG` by the command line, in a process of its own."""
    sets = "size=32 width=8 epochs=6 batch_size=16 keep_s=1e-3 draws=50 permutations=1".split()
    command = [sys.executable, "-m", "biocurate", "zoo", "finetune", "image-cnn", "--images", "pictures"]
    command += ["--sensors", "EEG", "--manifest", "folds", "--store", store.url, "--run", str(run)]
    return subprocess.Popen([*command, *(word for each in sets for word in ("--set", each))])


def test_a_killed_run_goes_on_to_the_same_weights_and_figures(store, tmp_path):
    whole = finetune(store, CONFIG, tmp_path / "whole")
    run, aside = tmp_path / "run", tmp_path / ".run.unfinished"
    process = started(store, run)
    while process.poll() is None and not (aside / "log" / "fold1" / "state.ckpt").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not run.exists()
    assert (aside / "model-fold0.safetensors").exists()
    with pytest.raises(UsageError, match=r"another seed\. .*--resume"):
        finetune(store, CONFIG.model_copy(update={"seed": 5}), run, resume=True)
    assert finetune(store, CONFIG, run, resume=True) == whole
    assert not aside.exists()
    assert sorted(path.name for path in run.rglob("*")) == sorted(path.name for path in (tmp_path / "whole").rglob("*"))
    names = [f"model-fold{at}.safetensors" for at in range(3)] + [f"log/fold{at}/metrics.csv" for at in range(3)]
    for name in [*names, "metrics.json", "config.yaml"]:
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_run_that_another_process_makes_is_left_alone(tmp_path):
    aside = tmp_path / ".run.unfinished"
    aside.mkdir()
    with (aside / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for resume in (True, False):
            with pytest.raises(UsageError, match="another process"), new_run(tmp_path / "run", resume=resume):
                pass


def test_what_a_killed_run_left_is_thrown_away_by_force_alone_and_one_without_states_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), new_run(tmp_path / "run", choices={"a": 1}) as folder:
        (folder / "log").mkdir()
        (folder / "log" / "state.ckpt").write_text("")
        raise RuntimeError
    assert (tmp_path / ".run.unfinished" / CHOICES).exists()
    for choices in ({"a": 1}, {"a": 2}):
        refused = pytest.raises(UsageError, match=r"was killed, and its training is kept\. .*--resume.*--force")
        with refused, new_run(tmp_path / "run", choices=choices):
            pass
        assert (tmp_path / ".run.unfinished" / "log" / "state.ckpt").exists()
    with pytest.raises(ModelError), new_run(tmp_path / "run", choices={"a": 2}, force=True) as folder:
        assert not (folder / "log").exists()
        raise ModelError("x", where="y")
    assert list(tmp_path.iterdir()) == []

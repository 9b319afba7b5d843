"""The step of the lowest held-out loss: kept beside the last, which it does not change, and the same after a kill."""

from __future__ import annotations

import json

import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from zoo.cli import app
from zoo.pretraining import loop
from zoo.pretraining.best import Best
from zoo.pretraining.config import PretrainConfig, Pretraining, TaskConfig
from zoo.pretraining.run import pretrain
from zoo.runs.parent import load_parent

TASKS = (
    TaskConfig(manifest="folds", images="a", sensors=("EEG",)),
    TaskConfig(manifest="holdout", images="b", sensors=("EEG", "GSR")),
)


def choices(**changes):
    """At a rate at which the loss goes up and down."""
    told = {"steps": 12, "batch_size": 4, "evaluate": 3, "keep": 3, "lr": 0.05, "val_images": 20, **changes}
    return PretrainConfig(model="test-tiny-biomoe", tasks=TASKS, pretraining=Pretraining(**told))


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A run that keeps its best step, and what it tells."""
    folder = tmp_path_factory.mktemp("best") / "run"
    return folder, pretrain(store, choices(keep_best=True), folder)


DIES = 10
"""The step at which a run is cut short."""


def losses(folder):
    curve = pl.read_csv(folder / "losses.csv")
    return curve.group_by("step", maintain_order=True).agg(pl.col("val_loss").mean())


def test_the_lowest_of_the_looks_is_kept_and_the_last_step_is_what_it_was(store, run, tmp_path):
    folder, found = run
    plain = pretrain(store, choices(), tmp_path / "plain")
    curve = losses(folder)
    lowest = curve.sort("val_loss").row(0, named=True)
    assert lowest["step"] < 12, "the loss has to rise again, or nothing is tried"
    assert (found.best["step"], found.best["last_step"]) == (lowest["step"], 12)
    assert found.best["held_out_loss"] == pytest.approx(lowest["val_loss"])
    assert found.best["last_held_out_loss"] == pytest.approx(curve["val_loss"][-1])
    last, alone = (load_parent(each).checkpoint.tensors for each in (folder, tmp_path / "plain"))
    assert all((last[name] == alone[name]).all() for name in alone)
    assert plain.best is None
    assert "keep_best" not in (tmp_path / "plain" / "config.yaml").read_text()


def test_the_best_weights_have_the_loss_that_is_told_of_them_and_say_whom_they_saw(run):
    folder, found = run
    best = load_parent(folder / found.best["file"])
    assert best.persons == load_parent(folder).persons
    assert best.checkpoint.about["step"] == found.best["step"]
    told = best.checkpoint.about["pretraining"]
    assert told["passes"] == found.best["step"] * 4
    mean = sum(task["val_loss"] for task in told["tasks"]) / len(told["tasks"])
    assert mean == pytest.approx(found.best["held_out_loss"])
    last = load_parent(folder).checkpoint.tensors
    assert any((best.checkpoint.tensors[name] != last[name]).any() for name in last)


def test_a_run_that_was_cut_short_keeps_the_same_best_step(store, run, tmp_path, monkeypatch):
    folder, whole = run

    assert whole.best["step"] < DIES, "the best step has to be before the kill"

    class Died(Exception):
        pass

    def dies(*args):
        if args[-1] == DIES:
            raise Died
        return step(*args)

    step = loop._step
    with monkeypatch.context() as patched:
        patched.setattr(loop, "_step", dies)
        with pytest.raises(Died):
            pretrain(store, choices(keep_best=True), tmp_path / "cut")
    assert pretrain(store, choices(keep_best=True), tmp_path / "cut", resume=True) == whole
    for name in (whole.best["file"], f"model-{whole.name}.safetensors", "losses.csv", "pretraining.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (folder / name).read_bytes()


def test_the_card_tells_both_steps(run):
    folder, found = run
    for name, said in {"": "the last", found.best["file"]: "of the lowest held-out loss"}.items():
        done = CliRunner().invoke(app, ["card", str(folder / name), "--json"])
        assert done.exit_code == 0, done.output
        card = json.loads(done.stdout)
        assert said in card["step"]
        assert found.best["file"] in card["best step"]


def test_a_loss_that_is_no_number_is_never_the_best():
    best, network = Best(), torch.nn.Linear(2, 1)
    best.look(network, 1, [{"val_loss": float("nan")}, {"val_loss": 1.0}])
    assert best.step == 0
    best.look(network, 2, [{"val_loss": 3.0}, {"val_loss": 1.0}])
    best.look(network, 3, [{"val_loss": 2.0}, {"val_loss": 2.0}])
    assert (best.step, best.loss) == (2, 2.0)
    held = best.network["weight"].clone()
    torch.nn.init.zeros_(network.weight)
    assert torch.equal(best.network["weight"], held)

"""Pre-training on several tasks: the loss, the sampling, whom it saw, and a kill in the middle."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from torch import nn
from typer.testing import CliRunner

from biocurate.errors import ManifestError, ModelError, UsageError
from zoo import create_model
from zoo.cli import app
from zoo.data.task import Task
from zoo.pretraining.choices import pretrain_config
from zoo.pretraining.config import Pretraining, TaskConfig
from zoo.pretraining.loop import rate_at
from zoo.pretraining.names import named
from zoo.pretraining.network import MultiTask
from zoo.pretraining.run import pretrain
from zoo.pretraining.sampling import Mixed, shares
from zoo.pretraining.tasks import held_out, hours, prepare
from zoo.pretraining.trivial import constant_loss
from zoo.runs.parent import inherit, open_parent
from zoo.training.decay import groups
from zoo.training.gate import passed


def network(outputs=(2, 3)):
    torch.manual_seed(0)
    return MultiTask(create_model("test-tiny-biomoe"), 32, outputs, [nn.CrossEntropyLoss() for _ in outputs])


def batch(counts, classes=(2, 3)):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (sum(counts), 1, 64, 64), dtype=torch.uint8, generator=generator)
    targets = [torch.arange(count) % classes[task] for task, count in enumerate(counts)]
    return images, counts, targets


def test_the_loss_is_the_sum_over_tasks_of_exp_minus_s_times_loss_plus_s():
    made = network()
    made.s.data = torch.tensor([0.5, -1.0])
    total, each = made(*batch([3, 4]))
    wanted = math.exp(-0.5) * each[0] + 0.5 + math.exp(1.0) * each[1] - 1.0
    torch.testing.assert_close(total, wanted)


def test_a_tasks_weight_is_at_rest_where_it_is_one_over_its_loss():
    made = network()
    _, each = made(*batch([3, 4]))
    made.s.data = torch.stack(each).log()
    made(*batch([3, 4]))[0].backward()
    torch.testing.assert_close(made.s.grad, torch.zeros(2), atol=1e-5, rtol=0)


def test_a_task_that_a_step_sees_nothing_of_is_left_out_with_its_weight():
    made = network()
    total, each = made(*batch([5, 0]))
    total.backward()
    assert torch.isnan(each[1])
    assert made.s.grad[1] == 0
    assert all(parameter.grad is None for parameter in made.heads[1].parameters())


def test_norms_biases_attention_tables_and_task_weights_are_not_decayed():
    made = network()
    spared = {id(each) for each in groups(made, 0.05)[1]["params"]}
    names = {name for name, parameter in made.named_parameters() if id(parameter) in spared}
    assert "s" in names
    assert "backbone.image_norm.weight" in names  # three axes
    assert any(name.endswith("attention.bias") for name in names)  # two
    assert "heads.0.1.bias" in names
    assert "heads.0.1.weight" not in names
    assert "backbone.spectral.stages.0.block.mix.filter" not in names
    assert len(spared) + len(groups(made, 0.05)[0]["params"]) == len(list(made.parameters()))


def test_tasks_are_drawn_by_their_size_to_a_power():
    np.testing.assert_allclose(shares([100, 400], 0.5), [1 / 3, 2 / 3])
    np.testing.assert_allclose(shares([100, 400], 0), [0.5, 0.5])
    np.testing.assert_allclose(shares([100, 300], 1), [0.25, 0.75])


def test_the_rate_rises_and_falls_by_a_cosine():
    options = Pretraining(steps=100, warm_up=0.1)
    rates = [rate_at(step, options) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1
    assert rates[55] == pytest.approx(0.505)
    assert 0.01 < rates[-1] < 0.012


def test_the_best_constant_knows_the_shares_of_what_it_is_judged_on():
    codes = np.array([0, 0, 0, 1])
    guesses = np.linspace(0.01, 0.99, 99)
    least = min(-(3 * np.log(share) + np.log(1 - share)) / 4 for share in guesses)
    assert constant_loss(codes, 2) == pytest.approx(least, abs=1e-12)
    assert constant_loss(np.array([[1, 0], [0, 0]]), 2) == pytest.approx(math.log(2) / 2)
    assert constant_loss(np.zeros(5, int), 2) == 0


def test_a_person_of_several_tasks_is_on_one_side_in_all_and_test_windows_are_left_alone(store, config):
    tasks = prepare(store, config().tasks, config().pretraining, 64, 0)
    sides = pl.concat([task.used.select("person", "split").unique() for task in tasks]).unique()
    assert sides["person"].is_unique().all()
    assert set(sides["split"]) == {"train", "val"}
    whole = store.manifest("holdout").rows
    tested = whole.filter(pl.col("split") == "test").height
    assert tasks[1].used.height == whole.height - tested
    for task in tasks:
        assert not set(task.train.tolist()) & set(task.val.tolist())


def test_held_out_persons_are_those_of_the_manifest_or_a_share(store):
    folds, holdout = (Task.of(store.manifest(name)) for name in ("folds", "holdout"))
    val = set(holdout.rows.filter(pl.col("split") == "val")["person"])
    assert held_out([holdout], 0.5, 0) == val
    assert len(held_out([folds], 0.25, 0)) == 3
    assert held_out([folds], 0.25, 0) == held_out([folds], 0.25, 0)
    assert val <= held_out([folds, holdout], 0.25, 0)


def test_every_image_comes_once_before_any_comes_again(store, config):
    tasks = prepare(store, config().tasks, config().pretraining, 64, 0)
    mixed = Mixed(tasks, 16, 0.5, seed=3)
    seen: list[list[int]] = [[], []]
    for step in range(60):
        places = mixed.step(step)
        assert sum(map(len, places)) == 16
        for one, some in zip(seen, places, strict=True):
            one += some.tolist()
    for one, task in zip(seen, tasks, strict=True):
        n = len(task.train)
        assert sorted(one[:n]) == task.train.tolist()
        again = Mixed(tasks, 16, 0.5, seed=3)
        again.taken = [n, n]
        assert again.step(0)[tasks.index(task)].tolist() != one[: len(again.step(0)[tasks.index(task)])]


def test_hours_count_a_moment_once_whatever_tasks_show_it(store, config):
    both = prepare(store, config().tasks, config().pretraining, 64, 0)
    rows = pl.concat([task.used.filter(pl.col("split") == "train") for task in both])
    windows = rows.select("recording_id", "t0_ns").unique().height  # ten seconds each, end to end
    assert hours(both) == pytest.approx(windows * 10 / 3600)


def test_weights_are_named_by_hours_and_persons_and_say_whom_they_saw(store, config, tmp_path):
    found = pretrain(store, config(), tmp_path / "run")
    assert found.name == named(found.hours, found.persons)
    assert found.name.startswith("demo-")
    assert (tmp_path / "run" / f"model-{found.name}.safetensors").is_file()
    parent = open_parent(tmp_path / "run", "test-tiny-biomoe")
    used = pl.concat([task.used for task in prepare(store, config().tasks, config().pretraining, 64, 0)])
    assert parent.persons == sorted(used["person"].unique())
    assert set(parent.seen["recording_id"]) == set(used["recording_id"])
    notes = inherit(create_model("test-tiny-biomoe", num_classes=2), parent)
    assert "new are head.1.weight, head.1.bias" in notes[0]
    rows = store.manifest("folds").rows
    with pytest.raises(ManifestError, match="leak"):
        passed(store, rows, "manifest folds", (), {parent.name: parent.seen})


def test_the_card_has_the_hours_beside_the_papers_and_each_tasks_verdict(store, config, tmp_path):
    found = pretrain(store, config(), tmp_path / "run")
    done = CliRunner().invoke(app, ["card", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert found.name in done.stdout
    assert f"{found.hours:.2f} hours of {found.persons} persons" in done.stdout
    assert "the paper's" in done.stdout
    assert "the best constant predictor's" in done.stdout
    assert "not comparable" in done.stdout


@pytest.mark.slow
def test_what_is_planted_is_learned(store, config, tmp_path):
    found = pretrain(store, config(tasks=(TaskConfig(manifest="folds", images="a"),), steps=120), tmp_path / "run")
    assert found.tasks[0]["val_loss"] < found.tasks[0]["constant_loss"]
    assert found.below == 1
    curve = pl.read_csv(tmp_path / "run" / "losses.csv")
    assert curve["step"].to_list() == list(range(6, 121, 6))


DYING = """
import os, signal, sys
from pathlib import Path
from biocurate.store.store import open_store
from zoo.pretraining import loop, run
from zoo.pretraining.config import PretrainConfig

step = loop._step
def dies(*args):
    if args[-1] == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*args)
loop._step = dies
run.pretrain(open_store(sys.argv[1]), PretrainConfig.model_validate_json(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_weights_of_one_that_was_not(store, config, tmp_path):
    whole = pretrain(store, config(), tmp_path / "whole")
    asked = [sys.executable, "-c", DYING, store.url, config().model_dump_json(), str(tmp_path / "cut")]
    died = subprocess.run(asked, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "cut").exists()
    with pytest.raises(UsageError, match="had another pretraining"):
        pretrain(store, config(lr=2e-3), tmp_path / "cut", resume=True)
    rest = pretrain(store, config(), tmp_path / "cut", resume=True)
    assert rest == whole
    for name in (f"model-{whole.name}.safetensors", "losses.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_images_drawn_on_the_fly_are_as_many_as_stored_ones_with_the_same_labels(store, config, tmp_path):
    stored = TaskConfig(manifest="holdout", images="b", sensors=("EEG",))
    drawn = TaskConfig(manifest="holdout", draw=("waveform",), sensors=("EEG",))
    one, other = (pretrain(store, config(tasks=(task,)), tmp_path / str(n)) for n, task in enumerate((stored, drawn)))
    assert [task["images"] for task in one.tasks] == [task["images"] for task in other.tasks]
    # The order in which they come is another, since blocks are not the same; so are the weights.
    assert one.tasks[0]["constant_loss"] == other.tasks[0]["constant_loss"]


def test_mistakes_are_told(store, config, tmp_path):
    def told(**choices):
        return pretrain_config({"model": "test-tiny-biomoe", **choices}, None, [], "tasks.yaml")

    with pytest.raises(ModelError, match="what to `draw`"):
        told(tasks=[{"manifest": "folds"}])
    with pytest.raises(ModelError, match="a `name` each"):
        told(tasks=[{"manifest": "folds", "images": "a"}, {"manifest": "folds", "images": "a"}])
    with pytest.raises(ModelError, match="setps"):
        told(tasks=[{"manifest": "folds", "images": "a"}], pretraining={"setps": 3})
    with pytest.raises(UsageError, match="no model is chosen"):
        pretrain_config({"tasks": []}, None, [], "tasks.yaml")
    chosen = config().model_copy(update={"model": "test-image-cnn", "options": {}})
    with pytest.raises(ModelError, match="gives no embeddings"):
        pretrain(store, chosen, tmp_path / "run")


def test_the_command_trains_from_a_file(store, tmp_path):
    file = tmp_path / "tasks.yaml"
    tasks = [{"manifest": "folds", "images": "a"}, {"manifest": "holdout", "images": "b", "sensors": ["GSR"]}]
    file.write_text(yaml.safe_dump({"tasks": tasks, "pretraining": {"steps": 500, "batch_size": 8}}))
    asked = ["pretrain", "test-tiny-biomoe", "--config", str(file), "--run", str(tmp_path / "run"), "--json"]
    done = CliRunner().invoke(app, [*asked, "--set", "steps=3", "--set", "lr=1e-3", "--store", store.url])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["passes"] == 24
    kept = CliRunner().invoke(
        app,
        ["pretrain", "--config", f"{tmp_path}/run/config.yaml", "--run", f"{tmp_path}/again", "--json"],
        env={"BIOCURATE_STORE": store.url},
    )
    assert kept.exit_code == 0, kept.output
    assert json.loads(kept.stdout) == json.loads(done.stdout)

"""Several new sensors, one old model (the paper's future work): what is coupled is trusted, a missing one left out."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from biocurate.engine import Silent
from biocurate.errors import ModelError, UsageError
from biocurate.images import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.generate import generate
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.fitting import Budget
from zoo.biox_bridge.joining.config import JoinOptions
from zoo.biox_bridge.joining.gate import Gate, Heard, alike, learn_gate, mixed
from zoo.biox_bridge.joining.members import members_of
from zoo.biox_bridge.joining.run import _made, join
from zoo.biox_bridge.joining.subsets import subsets
from zoo.biox_bridge.run import bridge
from zoo.cli import app
from zoo.data.task import Task
from zoo.judging.judge import judge_on
from zoo.runs.config import Evaluation

NEW = {"GSR": "skin", "EMG": "muscle", "TEMP": "noise"}
"""Two that go with the condition, and one that is noise, by their image sets."""


@pytest.fixture(scope="module")
def bridges(planted, tmp_path_factory):
    """A store, an old run, and runs of bridges from each new sensor into it."""
    cohort = planted(sensors=("EEG", "GSR", "EMG", "TEMP"))
    folder = tmp_path_factory.mktemp("bridges")
    for sensor, segment in (("EMG", 64), ("TEMP", 16)):
        # By recording: an image scaled by itself would hide how strong a response is.
        drawn = representation("spectrogram-psd", segment=segment).scaled(Scale(scope="recording"))
        generate(cohort.store, cohort.store.manifest("all"), drawn, [sensor], image_set=NEW[sensor])
    for sensor in NEW:
        bridge(cohort.store, chosen(cohort, sensor), folder / sensor)
    return cohort, folder


def chosen(cohort, sensor, **changes):
    given = {
        "old": str(cohort.old),
        "new": "test-image-cnn",
        "manifest": "pairs",
        "new_images": NEW[sensor],
        "new_sensors": (sensor,),
        "compare": (),
        "bridge": BridgeOptions(epochs=20, lr=3e-3, rank=4, prototypes=10),
        "evaluation": Evaluation(draws=50, permutations=0),
    }
    return BridgeConfig(**{**given, **changes})


@pytest.fixture(scope="module")
def joined(bridges):
    cohort, folder = bridges
    found = join(cohort.store, [folder / sensor for sensor in NEW], folder / "run", evaluation=Evaluation(draws=200))
    return cohort.store, folder, found


def test_the_gate_leans_to_what_is_coupled(joined):
    _, _, found = joined
    print(found.weights)
    weights = {name: found.weights[name].mean() for name in NEW}
    assert weights["TEMP"] < 0.25
    assert min(weights["GSR"], weights["EMG"]) > weights["TEMP"]


def test_every_set_of_sensors_is_judged_and_the_gate_is_above_chance(joined):
    _, folder, found = joined
    with pl.Config(tbl_rows=20, tbl_cols=20, tbl_width_chars=200, fmt_str_lengths=40):
        print(found.subsets.drop("macro_f1", "weighted_f1", "less (balanced_accuracy)"))
    assert found.subsets.height == 2 * 4 + 3
    assert pl.read_csv(folder / "run" / "subsets.csv").height == 11
    assert found.report.metrics["auroc"].low > 0.6
    whole = figures(found, "GSR, EMG, TEMP", "gated")
    assert whole > figures(found, "TEMP", "alone") + 0.2
    assert whole > figures(found, "GSR, EMG, TEMP", "mean") - 0.05


def figures(found, sensors, way, name="auroc"):
    return float(found.subsets.filter(sensors=sensors, joined=way)[name].item().split()[0])


def test_where_a_sensor_is_missing_the_others_answer(joined):
    """Windows without EMG are judged by what they have; EMG alone does not judge them."""
    store, _, found = joined
    rows = store.manifest("pairs").rows
    has = rows["sensor_types"].list.contains("EMG")
    windows = dict(zip(found.subsets["sensors"], found.subsets["windows"], strict=True))
    assert windows["GSR, EMG, TEMP"] == windows["GSR"] == rows.height
    assert windows["EMG"] == has.sum() < rows.height


def test_a_set_of_one_answers_as_its_bridge_does(joined):
    _, folder, found = joined
    for sensor in NEW:
        own = json.loads((folder / sensor / "metrics.json").read_text())["metrics"]["auroc"]["value"]
        assert figures(found, sensor, "alone") == pytest.approx(own, abs=6e-4)


def test_labels_of_pairs_are_never_read(joined, tmp_path):
    """The gate's target is the old model's answers: with other labels in the task it is the same gate."""
    store, folder, _ = joined
    task = Task.of(store.manifest("pairs"))
    blind = Task(task.name, task.hash, task.snapshot_id, task.rows.with_columns(label=pl.lit("rest")), task.classes)
    (tmp_path / "a").mkdir()
    _made(tmp_path / "a", store, blind, members_of([folder / sensor for sensor in NEW]), JoinOptions(), Silent())
    for path in sorted((folder / "run").glob("model-*.safetensors")):
        assert path.read_bytes() == (tmp_path / "a" / path.name).read_bytes()


def test_joined_bridges_are_judged_on_persons_that_none_saw(joined):
    store, folder, _ = joined
    found = judge_on(folder / "run", store, "others")
    assert found.persons == 2
    assert any("weighed by a gate" in note for note in found.notes)
    with pytest.raises(ModelError, match="trained on"):
        judge_on(folder / "run", store, "pairs")


def test_the_command_joins_them(joined, tmp_path):
    store, folder, _ = joined
    asked = ["join", *(str(folder / sensor) for sensor in ("GSR", "EMG")), "--run", str(tmp_path / "run"), "--json"]
    done = CliRunner().invoke(app, [*asked, "--store", store.url, "--set", "epochs=5", "--set", "draws=50"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert [row["joined"] for row in told["subsets"]] == ["gated", "mean", "alone", "alone"]
    assert set(told["gate"][0]) == {"role", "GSR", "EMG"}


def test_what_cannot_be_joined_is_refused_in_words(joined, tmp_path):
    store, folder, _ = joined
    old = members_of([folder / "GSR", folder / "EMG"])[0].config.old
    with pytest.raises(UsageError, match="1 runs cannot be joined"):
        join(store, [folder / "GSR"], tmp_path / "a")
    with pytest.raises(ModelError, match="no run of bridges"):
        join(store, [folder / "GSR", Path(old)], tmp_path / "a")
    other = copytree(folder / "GSR", tmp_path / "seed1")
    (other / "config.yaml").write_text((other / "config.yaml").read_text().replace("\nseed: 0\n", "\nseed: 1\n"))
    with pytest.raises(ModelError, match="differ in seed"):
        join(store, [folder / "EMG", other], tmp_path / "a")
    assert not (tmp_path / "a").exists()


def heard(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    truth = torch.from_numpy(rng.integers(0, 2, rows))
    good = torch.nn.functional.one_hot(truth, 2) * 0.8 + 0.1
    poor = torch.nn.functional.one_hot(torch.from_numpy(rng.integers(0, 2, rows)), 2) * 0.8 + 0.1
    pooled = tuple(torch.from_numpy(rng.standard_normal((rows, 3))).float() for _ in range(2))
    has = torch.ones(rows, 2, dtype=torch.bool)
    return Heard(torch.stack([good, poor], dim=1).float(), pooled, has), good.float()


def test_a_gate_begins_as_the_mean():
    some, _ = heard()
    torch.testing.assert_close(Gate(some)(some), alike(some))


def test_a_gate_gives_a_missing_bridge_nothing_and_the_others_all():
    some, told = heard()
    gate, _ = learn_gate((some, told), heard(30, 1), Budget(30, 16, 0.1), 0)
    assert (gate(some)[:, 0] > 0.8).double().mean() > 0.9
    left = gate(some.without([0]))
    torch.testing.assert_close(left, torch.tensor([[0.0, 1.0]]).expand(60, 2))
    torch.testing.assert_close(mixed(some.without([0]), left), some.probability[:, 1])


def test_a_bridge_that_is_missing_in_all_of_training_stays_finite():
    some, told = heard()
    gate, _ = learn_gate((some.without([1]), told), heard(30, 1), Budget(2, 16, 0.1), 0)
    assert gate(some).isfinite().all()


def test_sets_are_all_but_none():
    assert len({some.bridges for some in subsets(3)}) == 2**3 - 1

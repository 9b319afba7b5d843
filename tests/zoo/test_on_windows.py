"""A network of windows trained through a run: folds, controls, resuming, tuning in part, sensor types that lack."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import balanced_accuracy_score
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo.cli import app
from zoo.data.task import Task
from zoo.deploying.trial import Asked, trial
from zoo.judging.dropped import judge_without
from zoo.learners import prepare
from zoo.runs import checkpoint
from zoo.runs.config import RunConfig, Training
from zoo.training.finetune import finetune
from zoo.training.going_on import Kept

SECONDS, RATE = 8, 256


def stream(sensor, x, names):
    gain = float(np.abs(x).max()) / 32000
    channels = tuple(Channel(label=name, name=name, unit="uV", gain=gain) for name in names)
    samples = ArraySamples(np.round(x / gain).astype(np.int16))
    return Stream(SensorType(sensor), float(RATE), channels, (Segment(0, x.shape[1]),), samples)


def person_at(label, person):
    """EEG whose 10 Hz is stronger in `task`, in montages that differ, and an ECG whose rate is; some lack one."""
    rng = np.random.default_rng([person, label == "task"])
    t = np.arange(SECONDS * RATE) / RATE
    alpha = (2.0 if label == "task" else 0.2) * np.sin(2 * np.pi * 10 * t + rng.uniform(0, 6))
    names = ("Fz", "Oz", "Pz")[: 2 + person % 2]
    eeg = np.stack([alpha + rng.standard_normal(t.size) for _ in names])
    beat = 30 if label == "task" else 20
    ecg = np.sin(2 * np.pi * beat * t + rng.uniform(0, 6)) + 0.5 * rng.standard_normal(t.size)
    streams = []
    if person != 1:
        streams.append(stream("EEG", eeg, names))
    if person != 2:
        streams.append(stream("ECG", ecg[None], ("II",)))
    return Recording(tuple(streams), (interval(0, SECONDS, label),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = create_store(str(tmp_path_factory.mktemp("windows") / "s"))
    persons = [("w", number) for number in range(10)] + [("v", number) for number in range(10, 14)]
    recordings = {f"{c}/p{p:02d}_{label}": person_at(label, p) for c, p in persons for label in ("rest", "task")}
    put(store, recordings, {name: name[2:5] for name in recordings})
    label = {"column": "condition", "keep": ["rest", "task"]}
    lists = [{"kind": "condition", "rule": "list"}]
    for name, windows in {
        "folds": {"length": "1s", "corpora": ["w"]},
        "lists": {"length": "1s", "corpora": ["w"], "labels": lists},
        "others": {"length": "2s", "corpora": ["v"]},
    }.items():
        split = {"method": "kfold", "folds": 2}
        build_manifest(store, parse_definition({"name": name, "label": label, "windows": windows, "split": split}))
    return store


def config(**changes):
    training = {"epochs": 3, "batch_size": 16, "lr": 3e-3, **changes.pop("training", {})}
    common = {"model": "test-panluna", "manifest": "folds", "sensors": ("EEG", "ECG")}
    return RunConfig(
        **{**common, **changes}, training=Training(**training), evaluation={"permutations": 0, "draws": 50}
    )


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    chosen = config(training={"epochs": 10, "lr": 2e-3, "patience": 10, "drop_sensors": 0.2, "drop_channels": 0.1})
    return folder, finetune(store, chosen, folder)


def test_it_learns_what_was_planted_from_windows_of_several_montages(run):
    folder, report = run
    assert report.metrics["balanced_accuracy"].value > 0.9
    assert report.windows == 10 * 2 * SECONDS
    assert any("20% of sensor types and 10% of channels" in note for note in report.notes)
    assert f"{2 * SECONDS} windows have no EEG." in report.notes
    about = checkpoint.load(folder / "model-fold0.safetensors").about
    assert about["input_sensors"] == ["EEG", "ECG"]


def test_a_fitted_model_predicts_the_same_when_it_is_loaded_and_with_one_sensor_type_taken_away(store, run):
    folder, _ = run
    task = Task.of(store.manifest("folds"))
    held = pl.read_parquet(folder / "predictions.parquet").filter(pl.col("fold") == "fold0")
    rows = np.flatnonzero((task.rows["split"] == "fold0").to_numpy())
    kept = checkpoint.load(folder / "model-fold0.safetensors")
    found = prepare(store, task, config()).load(kept.tensors, kept.about).predict(rows)
    np.testing.assert_allclose(found[:, 0], held["p_rest"].to_numpy(), atol=1e-6)
    alone = prepare(store, task, config(sensors=("ECG",))).load(kept.tensors, kept.about).predict(rows)
    lacks = (task.rows[rows]["person"] == "w/p02").to_numpy()
    assert np.isnan(alone[lacks]).all()
    assert np.isfinite(alone[~lacks]).all()
    assert not np.allclose(alone[~lacks], found[~lacks])


def test_a_killed_run_goes_on_to_the_same_weights(store, tmp_path, monkeypatch):
    """Channels left out at random go on as the random numbers of dropout do."""
    chosen = config(folds=("fold0",), training={"epochs": 3, "drop_channels": 0.3, "layer_decay": 0.75})
    finetune(store, chosen, tmp_path / "whole")
    keep, times = Kept.on_train_epoch_end, []

    def dying(self, trainer, module):
        keep(self, trainer, module)
        times.append(1)
        if len(times) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Kept, "on_train_epoch_end", dying)
    with pytest.raises(BaseException):  # noqa: B017 - Lightning makes a SystemExit of it
        finetune(store, chosen, tmp_path / "killed")
    monkeypatch.undo()
    finetune(store, chosen, tmp_path / "killed", resume=True)
    files = [tmp_path / name / "model-fold0.safetensors" for name in ("whole", "killed")]
    one, other = (checkpoint.load(file).tensors for file in files)
    assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("tune", ["frozen", "lora"])
def test_a_run_starts_from_another_and_changes_what_it_is_to_change(store, run, tmp_path, tune):
    if tune == "lora" and find_spec("peft") is None:
        pytest.skip("peft is not installed: pip install 'biocurate[lora]'")
    parent = run[0] / "model-fold0.safetensors"
    chosen = config(manifest="others", folds=("fold0",), parent=str(parent), training={"tune": tune, "epochs": 1})
    with pytest.raises(ManifestError, match="trained on by"):
        finetune(store, chosen.model_copy(update={"manifest": "folds"}), tmp_path / "leaking")
    finetune(store, chosen, tmp_path / "tuned")
    before, after = (checkpoint.load(path).tensors for path in (parent, tmp_path / "tuned" / "model-fold0.safetensors"))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert set(before) == set(after)
    assert any(name.startswith("head.") for name in changed)
    others = {name for name in changed if not name.startswith("head.")}
    adapted = ("qkv.weight", "proj.weight", "attention.into.weight", "attention.out.weight")
    assert all(name.endswith(adapted) for name in others)
    assert bool(others) == (tune == "lora")


def test_lists_of_labels_are_each_told_from_their_absence(store, tmp_path):
    report = finetune(store, config(manifest="lists"), tmp_path / "lists")
    assert set(report.metrics) == {"auroc", "auprc", "macro_f1"}


def test_what_a_model_would_leave_unheard_is_refused(store, tmp_path):
    for changes in ({"tune": "frozen"}, {"layer_decay": 0.5}, {"drop_sensors": 0.1}):
        with pytest.raises(ModelError, match=f"{next(iter(changes))} cannot be chosen"):
            finetune(store, config(model="features-logreg", manifest="others", training=changes), tmp_path / "no")
    with pytest.raises(ModelError, match="takes no images"):
        finetune(store, config(images="some"), tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_the_command_trains_it(store, tmp_path):
    wanted = ["--set", "epochs=1", "--set", "permutations=0", "--set", "draws=20", "--fold", "0", "--json"]
    source = ["--manifest", "folds", "--store", store.url, "--sensors", "EEG", "--run", str(tmp_path / "run")]
    found = CliRunner().invoke(app, ["finetune", "test-panluna", *source, *wanted])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["model"] == "test-panluna"


def test_without_a_sensor_type_a_run_is_judged_on_what_is_left_of_each_window(store, run):
    folder, report = run
    found = judge_without(folder, store, ["all"])
    assert [left.sensors for left in found.rows] == [("EEG", "ECG"), ("ECG",), ("EEG",)]
    whole, ecg, _ = found.rows
    assert whole.metrics == {name: report.metrics[name] for name in whole.metrics}
    assert (whole.less, set(ecg.less)) == ({}, {"balanced_accuracy", "auroc", "macro_f1"})
    a_person = 2 * SECONDS
    assert [left.windows for left in found.rows] == [10 * a_person, 9 * a_person, 9 * a_person]
    # ECG alone, by hand: the windows that have one, predicted by the model that did not see their person.
    task = Task.of(store.manifest("folds"))
    learner = prepare(store, task, config(sensors=("ECG",)))
    truth, said = [], []
    for fold in ("fold0", "fold1"):
        kept = checkpoint.load(folder / f"model-{fold}.safetensors")
        mine = (task.rows["split"] == fold) & task.rows["sensor_types"].list.contains("ECG")
        rows = np.flatnonzero(mine.to_numpy())
        said.append(learner.load(kept.tensors, kept.about).predict(rows).argmax(axis=1))
        truth.append(task.codes[rows])
    assert ecg.metrics["balanced_accuracy"].value == pytest.approx(
        balanced_accuracy_score(np.concatenate(truth), np.concatenate(said))
    )
    # Of the same windows with all: the person without an ECG counts on neither side.
    held = pl.read_parquet(folder / "predictions.parquet").filter(pl.col("person") != "w/p02")
    before = balanced_accuracy_score(held["label"], held["predicted"])
    assert ecg.less["balanced_accuracy"].value == pytest.approx(ecg.metrics["balanced_accuracy"].value - before)
    assert any("20% of sensor types left out" in note for note in found.notes)
    assert [left.sensors for left in judge_without(folder, store, ["EEG"]).rows] == [("EEG", "ECG"), ("ECG",)]


def test_features_of_what_is_left_out_are_imputed_and_it_is_said(store, tmp_path):
    chosen = config(model="features-logreg", manifest="others")
    report = finetune(store, chosen, tmp_path / "features")
    found = judge_without(tmp_path / "features", store, ["all"])
    assert found.notes[0].startswith("Features of what is left out are replaced by their median")
    assert found.rows[0].metrics["auroc"] == report.metrics["auroc"]
    assert len(found.rows) == 3


def test_what_cannot_be_left_out_is_refused(store, run, tmp_path):
    folder, _ = run
    with pytest.raises(UsageError, match=r"does not take PPG.*It takes EEG, ECG"):
        judge_without(folder, store, ["PPG"])
    other = tmp_path / "altered"
    shutil.copytree(folder, other)
    held = pl.read_parquet(other / "predictions.parquet")
    held.with_columns(pl.col("p_rest") * 0.5).write_parquet(other / "predictions.parquet")
    with pytest.raises(ModelError, match="other predictions than the run kept"):
        judge_without(other, store, ["ECG"])
    found = CliRunner().invoke(app, ["evaluate", str(folder), "--drop", "ECG", "--store", store.url])
    assert found.exit_code == 0, found.output
    assert "what is left of it" in found.output


@pytest.mark.slow
def test_its_smaller_forms_answer_like_it(store, run):
    pytest.importorskip("onnxruntime")
    folder, _ = run
    found = trial(folder, store, Asked(epochs=2, windows=32)).table
    rows = {row["form"]: row for row in found.iter_rows(named=True)}
    assert next(iter(rows)) == "float32"
    assert rows["float32"]["agreement"] == 1.0
    assert rows["float32"]["value"] == rows["float32"]["float_value"] > 0.9
    for form in ("int8 dynamic", "int8 static", "int8 static, trained so"):
        assert rows[form]["agreement"] > 0.9, form
        assert rows[form]["of_float"] < 0.6, "a small network is mostly graph, of which nothing shrinks"
    assert rows["int2 weights, trained so"]["agreement"] > rows["int2 weights"]["agreement"] - 0.1

"""A bridge run: what is planted is found by the new sensor alone, and no label of a pair is read."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.images import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.generate import generate
from biocurate.testing import Truth
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.encoders import open_new, open_old, source_of
from zoo.biox_bridge.keeping import reopened
from zoo.biox_bridge.roles import roles_of
from zoo.biox_bridge.run import bridge
from zoo.biox_bridge.systems import bridge_of, pass_over
from zoo.cli import app
from zoo.data.task import Task
from zoo.judging.judge import judge_again, judge_on, judge_seeds
from zoo.runs import checkpoint
from zoo.runs.config import Evaluation


def config(planted, compare=("shuffled",), **changes):
    return BridgeConfig(
        old=str(planted.old),
        new="test-image-cnn",
        manifest="pairs",
        new_images="skin",
        new_sensors=("GSR",),
        compare=compare,
        bridge=BridgeOptions(epochs=20, lr=3e-3, rank=4, prototypes=10),
        evaluation=Evaluation(draws=200),
        **changes,
    )


@pytest.fixture(scope="module")
def coupled(planted, tmp_path_factory):
    """A run on a cohort whose skin goes with the brain."""
    cohort = planted()
    folder = tmp_path_factory.mktemp("bridge") / "run"
    return cohort, folder, bridge(cohort.store, config(cohort, sweep={"rank": (1, 4)}), folder)


def test_a_known_coupling_is_found_by_the_new_sensor_alone_and_not_where_pairs_are_shuffled(coupled):
    _, _, found = coupled
    own = found.report.metrics["auroc"]
    shuffled = found.report.controls["pairs shuffled"]["auroc"]
    assert own.low > 0.6
    assert shuffled.low <= 0.5 <= shuffled.high
    assert own.value > shuffled.value + 0.2


@pytest.mark.slow
def test_where_the_coupling_is_zero_nothing_is_found(planted, tmp_path):
    cohort = planted(Truth(effect=3.0, coupling=0.0))
    found = bridge(cohort.store, config(cohort, ()), tmp_path / "run").report
    own = found.metrics["auroc"]
    assert own.low <= 0.5 <= own.high
    assert found.controls["old model, old sensor"]["auroc"].low > 0.7


def test_every_person_is_held_out_once_from_models_that_never_saw_them(coupled):
    cohort, folder, found = coupled
    held = pl.read_parquet(folder / "predictions.parquet")
    assert found.report.persons == 16
    assert held.height == held["window_id"].n_unique() == cohort.store.manifest("pairs").rows.height
    for name, part in held.group_by("fold"):
        about = checkpoint.load(folder / f"model-{name[0]}.safetensors").about
        assert not set(part["person"]) & set(about["persons"])


def test_the_table_has_every_system_with_what_its_training_took(coupled):
    _, folder, found = coupled
    assert found.systems["system"].to_list() == [
        "bridge",
        "pairs shuffled",
        "old model, old sensor",
        "majority",
        "chance (closed form)",
    ]
    assert found.systems["trained"].drop_nulls().len() == 2
    assert (found.systems["seconds"].drop_nulls() > 0).all()
    assert pl.read_csv(folder / "systems.csv").height == 5
    positions = json.loads((folder / "log" / "fold0.0" / "positions.json").read_text())
    assert len(positions["probes"]) == len(positions["milliseconds"]["front"]) == 3
    assert (folder / "log" / "fold0.0" / "positions.png").is_file()


def test_a_sweep_has_a_row_a_value_and_that_of_the_run_is_the_run_s_own(coupled):
    _, folder, found = coupled
    table = pl.read_csv(folder / "sweep.csv")
    assert table.select("option", "value").rows() == [("rank", 1.0), ("rank", 4.0)]
    own = found.report.metrics["auroc"]
    assert table.select("auroc", "auroc_low", "auroc_high").row(1) == pytest.approx((own.value, own.low, own.high))
    trained = found.systems.filter(system="bridge")["trained"].item()
    assert table["trained"].to_list()[0] < table["trained"].to_list()[1] == trained
    assert (folder / "sweep.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_runs_of_several_seeds_are_one_report(coupled):
    """With another seed, other persons are held out together; each is held out once in both."""
    cohort, folder, found = coupled
    other = bridge(cohort.store, config(cohort, sweep={"rank": (1, 4)}, seed=1), folder.with_name("seed1"))
    both = judge_seeds([folder, folder.with_name("seed1")])
    alone = [each.report.metrics["auroc"].value for each in (found, other)]
    assert both.metrics["auroc"].value == pytest.approx(np.mean(alone))
    assert both.controls["pairs shuffled"]["auroc"].low < 0.5


def test_the_report_is_computed_anew_from_the_predictions(coupled):
    _, folder, found = coupled
    assert judge_again(folder) == found.report


def test_a_bridge_on_disk_answers_from_the_new_sensor_alone(coupled):
    cohort, folder, _ = coupled
    task = Task.of(cohort.store.manifest("pairs"))
    held = pl.read_parquet(folder / "predictions.parquet").filter(fold="fold1.0")
    new, bridged = reopened(checkpoint.load(folder / "model-fold1.0.safetensors"))
    source = source_of(new, cohort.store, task, "skin", ["GSR"])
    rows = np.flatnonzero(task.rows["window_id"].is_in(held["window_id"].implode()).to_numpy())
    found = bridged.predict(source, rows).numpy()
    np.testing.assert_allclose(found[:, 0], held["p_rest"], atol=1e-5)


def test_a_run_is_judged_on_a_manifest_of_the_new_sensor(coupled):
    """Of persons that it never saw; those of its own pairs are refused."""
    cohort, folder, _ = coupled
    found = judge_on(folder, cohort.store, "others")
    assert found.persons == 2
    assert found.metrics["auroc"].value > 0.8
    assert "The mean of 6 models decides." in found.notes
    with pytest.raises(ModelError, match="trained on 16 of these persons"):
        judge_on(folder, cohort.store, "pairs")


def test_images_of_new_persons_may_lie_in_a_set_of_their_own(coupled):
    """A set is of one manifest: that of new persons has its own, which the command names."""
    cohort, folder, _ = coupled
    drawn = representation("spectrogram-psd", segment=16).scaled(Scale(scope="recording"))
    generate(cohort.store, cohort.store.manifest("others"), drawn, ["GSR"], image_set="skin-of-others")
    found = judge_on(folder, cohort.store, "others", images="skin-of-others")
    assert found.metrics == judge_on(folder, cohort.store, "others").metrics
    asked = ["evaluate", str(folder), "--store", cohort.store.url, "--manifest", "others", "--images"]
    done = CliRunner().invoke(app, [*asked, "skin-of-others", "--json"])
    assert json.loads(done.stdout)["metrics"]["auroc"]["value"] == found.metrics["auroc"].value
    with pytest.raises(ModelError, match="image set brain"):
        judge_on(folder, cohort.store, "others", images="brain")
    with pytest.raises(UsageError, match="1 sets of vectors do not fit"):
        judge_on(folder, cohort.store, "others", embeddings=["skin"])


def test_labels_of_pairs_are_never_read(coupled):
    """With NaN for every label, the same positions are chosen and the same bridge is trained."""
    cohort, folder, _ = coupled
    chosen = config(cohort)
    task = Task.of(cohort.store.manifest("pairs"))
    old = open_old(cohort.old)[0]
    new = open_new(chosen.new, {}, 2, old.fold, 0)
    sources = source_of(new, cohort.store, task, "skin", ["GSR"]), source_of(old, cohort.store, task, "brain", ["EEG"])
    for source in sources:
        source.images.codes = torch.full((task.rows.height,), torch.nan)
    kept = checkpoint.load(folder / "model-fold0.0.safetensors")
    mine = set(kept.about["persons"]) - old.persons
    person = task.rows["person"].to_numpy()
    known = np.flatnonzero(np.isin(person, sorted(mine)))
    sides = pass_over(new, old, sources, np.flatnonzero(~np.isin(person, sorted(old.persons))), task.person)
    roles = roles_of(task.rows, old.persons, old.fold)[0]
    assert sorted([*roles.pair, *roles.val]) == known.tolist()
    built = bridge_of(sides, roles.pair, roles.val, chosen)
    for name, tensor in built.bridged.bridge.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), kept.tensors[f"bridge.{name}"])


def test_what_cannot_be_bridged_is_refused_in_words(coupled, tmp_path):
    cohort, folder, _ = coupled
    with pytest.raises(ModelError, match="it takes images"):
        bridge(cohort.store, config(cohort).model_copy(update={"new_images": None}), tmp_path / "a")
    with pytest.raises(ModelError, match="it is no network of blocks"):
        bridge(cohort.store, config(cohort).model_copy(update={"new": "embeddings-head"}), tmp_path / "b")
    with pytest.raises(UsageError, match="a run is here already"):
        bridge(cohort.store, config(cohort), folder)
    other = {"name": "swapped", "windows": {"length": "10s"}, "split": {"method": "kfold", "folds": 2}}
    label = {"column": "condition", "map": {"rest": "calm", "stress": "tense"}}
    build_manifest(cohort.store, parse_definition({**other, "label": label}))
    with pytest.raises(ManifestError, match="knows rest, stress, the windows are of calm, tense"):
        bridge(cohort.store, config(cohort).model_copy(update={"manifest": "swapped"}), tmp_path / "c")
    assert not [*tmp_path.iterdir()]


def test_a_new_model_that_saw_the_persons_held_out_is_refused(coupled, tmp_path):
    cohort, _, _ = coupled
    seen = cohort.old / "model-fold1.safetensors"
    chosen = config(cohort).model_copy(update={"new": str(seen), "new_images": "brain", "new_sensors": ("EEG",)})
    with pytest.raises(ModelError, match=r"trained on \d persons that are held out"):
        bridge(cohort.store, chosen, tmp_path / "a")


@pytest.mark.slow
def test_without_pairs_a_bridge_is_built_and_judged_and_says_so(planted, tmp_path):
    """Whether it carries anything is printed, not promised: two classes may be exchanged and still match as a whole."""
    cohort = planted()
    chosen = config(cohort, ("shuffled",), positions=(2, 1))
    chosen = chosen.model_copy(update={"bridge": chosen.bridge.model_copy(update={"loss": "moments"})})
    found = bridge(cohort.store, chosen, tmp_path / "run")
    print(found.systems.select("system", "auroc"))
    assert any("given no pairs" in note for note in found.report.notes)
    assert found.report.persons == 16


@pytest.mark.slow
def test_all_systems_stand_in_one_table_by_the_command(planted, tmp_path):
    cohort = planted()
    asked = ["bridge", "--old", str(cohort.old), "--new", "test-image-cnn", "--manifest", "pairs", "--images", "skin"]
    asked += ["--sensors", "GSR", "--run", str(tmp_path / "run"), "--store", cohort.store.url, "--json"]
    asked += ["--set", "epochs=10", "--set", "lr=3e-3", "--set", "draws=50", "--positions", "2,1"]
    asked += ["--sweep", "prototypes=5,20"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    systems = {row["system"]: row for row in json.loads(done.stdout[done.stdout.index("{") :])["systems"]}
    assert {"encoders random", "distilled, head", "distilled, whole", "own, supervised"} <= set(systems)
    assert (
        systems["bridge"]["trained"]
        < systems["distilled, whole"]["trained"]
        < systems["distilled, contrast"]["trained"]
    )
    assert (
        0.7 * systems["bridge"]["trained"] < systems["distilled, low rank"]["trained"] <= systems["bridge"]["trained"]
    )

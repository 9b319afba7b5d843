"""No model is trained on splits that leak, nor judged on what it has seen, unless it is asked for by name."""

from __future__ import annotations

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from biocurate.curate.leakage.seen import TRAINED_ON, read_seen
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError
from biocurate.store.store import create_store
from biocurate.testing.memory import put
from zoo.cli import app
from zoo.judging.judge import judge_on
from zoo.runs.config import Evaluation, RunConfig
from zoo.training.finetune import finetune

from .conftest import person_at


def define(name, **change):
    fields = {
        "name": name,
        "windows": {"length": "10s"},
        "label": {"column": "condition", "keep": ["rest", "task"]},
        "split": {"method": "kfold", "folds": 3},
    }
    return parse_definition(fields | change)


def config(**changes):
    judged = {"evaluation": Evaluation(draws=50, permutations=0)}
    return RunConfig(**({"model": "features-logreg", "manifest": "m", "sensors": ["EEG"]} | judged | changes))


@pytest.fixture
def copied(tmp_path):
    """Nine persons; one of them has a twin who is the same recordings under another name."""
    store = create_store(str(tmp_path / "s"))
    recordings = {f"a/p{n}_{label}": person_at(label, n, 1.0, False) for n in range(9) for label in ("rest", "task")}
    twins = {name.replace("p4", "twin"): recording for name, recording in recordings.items() if "p4" in name}
    everyone = recordings | twins
    put(store, everyone, {name: name.split("/")[1].split("_")[0] for name in everyone})
    return store


def test_training_on_copies_is_refused_and_what_to_do_is_said(copied, tmp_path):
    build_manifest(copied, define("m", split={"method": "leave-one-subject-out"}))
    with pytest.raises(ManifestError, match="2 of kind copy") as caught:
        finetune(copied, config(), tmp_path / "run")
    assert "--allow-leakage 'copy'" in caught.value.mend
    assert not (tmp_path / "run").exists()


def test_a_leak_that_is_let_pass_by_name_is_recorded_and_printed(copied, tmp_path):
    build_manifest(copied, define("m", split={"method": "leave-one-subject-out"}))
    found = finetune(copied, config(allow_leakage=("copy",)), tmp_path / "run")
    assert any(note.startswith("LEAKING, let pass: 2 of kind copy") for note in found.notes)
    assert yaml.safe_load((tmp_path / "run/config.yaml").read_text())["allow_leakage"] == ["copy"]
    with pytest.raises(ManifestError, match="of kind copy"):
        finetune(copied, config(allow_leakage=("near copy",)), tmp_path / "other")


def test_blocks_of_time_are_trained_on_when_persons_are_let_pass(copied, tmp_path):
    time = {"method": "time", "fractions": {"train": 0.6, "test": 0.4}, "guard": "1s"}
    build_manifest(copied, define("m", split=time, where="subject <> 'twin'"))
    with pytest.raises(ManifestError, match="9 of kind person"):
        finetune(copied, config(), tmp_path / "run")
    found = finetune(copied, config(allow_leakage=("person",)), tmp_path / "run")
    assert any("9 of kind person" in note for note in found.notes)


def test_a_model_is_not_judged_on_a_copy_of_what_it_saw(copied, tmp_path):
    build_manifest(copied, define("m", where="subject <> 'twin'"))
    build_manifest(copied, define("new", where="subject = 'twin'", split={"fractions": {"test": 1}}))
    finetune(copied, config(), tmp_path / "run")
    with pytest.raises(ManifestError, match=r"of kind copy.*trained on by run"):
        judge_on(tmp_path / "run", copied, "new")


def test_a_run_keeps_what_it_was_shown_and_not_what_it_was_tested_on(copied, tmp_path):
    split = {"fractions": {"train": 0.6, "test": 0.4}, "seed": 1}
    made = build_manifest(copied, define("m", where="subject <> 'twin'", split=split))
    finetune(copied, config(), tmp_path / "run")
    seen = read_seen(tmp_path / "run")
    assert set(seen["person"]) == set(made.split("train")["person"])
    assert {"digest", "vectors"} <= set(seen.columns)
    (tmp_path / "run" / TRAINED_ON).unlink()
    with pytest.raises(ModelError, match="does not say which recordings"):
        read_seen(tmp_path / "run")


def test_the_command_line_names_the_leaks_that_there_are(copied):
    build_manifest(copied, define("m", split={"method": "leave-one-subject-out"}))
    arguments = ["finetune", "features-logreg", "--store", copied.url, "--manifest", "m", "--run", "r"]
    result = CliRunner().invoke(app, [*arguments, "--allow-leakage", "copies"])
    assert "there is no leak 'copies'" in str(result.exception)


def test_the_gate_reads_an_older_snapshot_without_writing(copied, tmp_path):
    from biocurate.store.store import open_store

    build_manifest(copied, define("m", where="subject <> 'twin'"))
    at = open_store(copied.url, copied.snapshot_id)
    finetune(at, config(), tmp_path / "run")
    assert isinstance(at.recordings, pl.LazyFrame)
    assert not copied.tables.exists("fingerprints")

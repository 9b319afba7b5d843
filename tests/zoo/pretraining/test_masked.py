"""Pre-training by hidden patches: what is mixed, who is held out, what is reported, and a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from torch.nn.functional import smooth_l1_loss
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.recording import Recording, Stream
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo import create_model
from zoo.cli import app
from zoo.pretraining.choices import pretrain_config
from zoo.pretraining.loop import optimiser_of
from zoo.pretraining.masked.autoregressive import fit
from zoo.pretraining.masked.batches import Batch, batches
from zoo.pretraining.masked.config import CorpusConfig, MaskedConfig, MaskedPretraining
from zoo.pretraining.masked.corpora import fewer, prepare
from zoo.pretraining.masked.course import Reconstruction
from zoo.pretraining.masked.interpolated import interpolated
from zoo.pretraining.masked.judged import errors, rows_of, table
from zoo.pretraining.run import pretrain
from zoo.pretraining.tasks import persons
from zoo.runs.parent import inherit, open_parent
from zoo.training.gate import passed

PERSONS = 8
HEAD = CorpusConfig(manifest="head", sensors=("EEG", "ECG"))
HEART = CorpusConfig(manifest="heart", sensors=("ECG",))


def silent(stream):
    """The same stream, of which every channel is constant."""
    flat = type(stream.samples)(np.full_like(np.array(stream.digital), 7))
    return Stream(stream.sensor_type, stream.rate_hz, stream.channels, stream.segments, flat)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Persons with EEG of two montages and one lead, and others with three leads; one of these is flat."""
    made = create_store(str(tmp_path_factory.mktemp("masked") / "s"))
    recordings, subjects = {}, {}
    for person in range(PERSONS):
        names = ["Fz", "Cz", "Oz"] if person % 2 else ["Oz", "Fz"]
        eeg = noise_stream("EEG", 256, [(0, 2048)], names, seed=person)
        lead = noise_stream("ECG", 256, [(0, 2048)], ["II"], seed=50 + person)
        recordings[f"head/p{person}"] = Recording((eeg, lead), (interval(0, 8, "x"),))
        leads = noise_stream("ECG", 256, [(0, 1024)], ["I", "II", "V3"], seed=90 + person)
        recordings[f"heart/q{person}"] = Recording((silent(leads) if person == 0 else leads,), ())
        subjects |= {f"head/p{person}": f"p{person}", f"heart/q{person}": f"q{person}"}
    put(made, recordings, subjects)
    for name in ("head", "heart"):
        split = {"method": "kfold", "folds": 2}
        rule = {"name": name, "windows": {"corpora": [name], "length": "2s"}, "split": split}
        build_manifest(made, parse_definition(rule))
    return made


@pytest.fixture
def config():
    """Make a pre-training of a few steps."""

    def make(corpora=(HEAD, HEART), seed=0, **changes):
        few = {"steps": 8, "batch_size": 6, "lr": 1e-3, "evaluate": 4, "keep": 3, "val_share": 0.25, "draws": 50}
        return MaskedConfig(
            model="test-panluna", corpora=corpora, seed=seed, pretraining=MaskedPretraining(**{**few, **changes})
        )

    return make


def course(store, config):
    torch.manual_seed(0)
    return Reconstruction.of(store, create_model("test-panluna"), config)


def test_persons_are_held_out_and_windows_need_no_label(store, config):
    corpora = prepare(store, config(), create_model("test-panluna").architecture)
    for corpus in corpora:
        sides = corpus.used.select("person", "split").unique()
        assert sides["person"].is_unique().all()
        assert sides["split"].value_counts().sort("split")["count"].to_list() == [6, 2]
        assert not set(corpus.train.tolist()) & set(corpus.val.tolist())


def test_fewer_persons_are_among_those_of_more_and_the_held_out_ones_stay(store, config):
    takes = create_model("test-panluna").architecture
    some, more, every = (prepare(store, config(persons=share), takes) for share in (0.2, 0.5, 1.0))
    assert set(persons(some)) < set(persons(more)) < set(persons(every))
    assert [len(persons(each)) for each in (some, more, every)] == [4, 6, 12]
    for corpus, other in zip(some, every, strict=True):
        assert corpus.val.tolist() == other.val.tolist()
    assert len(fewer(["a", "b"], 0.01, 0)) == 1


def test_every_step_mixes_corpora_of_other_montages_by_their_tempered_size(store, config):
    made = course(store, config(batch_size=64))
    sizes = np.array([len(corpus.train) for corpus in made.sources], float)
    counts = np.array([[len(at) for at in made.mixed.step(step)] for step in range(40)])
    assert (counts > 0).all()
    np.testing.assert_allclose(counts.mean(axis=0) / 64, sizes**0.7 / (sizes**0.7).sum(), atol=0.03)


def test_the_loss_is_the_mean_over_windows_whatever_their_corpora(store, config):
    made = course(store, config())
    made.network.eval()  # nothing is dropped, so that the parts can be computed again
    total, each = made.loss(0)
    counts = [len(at) for at in course(store, config()).mixed.step(0)]
    there = [(count, loss) for count, loss in zip(counts, each, strict=True) if count]
    kept = [count - flat for (count, _), flat in zip(there, made.flat, strict=False)]
    wanted = sum(count * loss for count, (_, loss) in zip(kept, there, strict=True)) / sum(kept)
    assert float(total.detach()) == pytest.approx(wanted, rel=1e-5)


def test_a_step_is_a_function_of_the_seed_and_its_number(store, config):
    one, other = course(store, config()), course(store, config())
    first = one.loss(0)[1]
    torch.rand(7)  # whatever else has drawn random numbers
    assert other.loss(0)[1] == first
    assert one.loss(1)[1] != first


def test_windows_without_a_signal_are_passed_over_and_counted(store, config):
    made = course(store, config(corpora=(HEART,), batch_size=24))
    rows = made.sources[0].windows.rows
    flat = {at for at in made.sources[0].train.tolist() if rows["person"][at].endswith("q0")}
    losses = [made.loss(step)[1] for step in range(3)]
    assert np.isfinite(losses).all()
    assert made.flat[0] == pytest.approx(3 * 24 * len(flat) / len(made.sources[0].train), abs=len(flat))


def test_what_is_left_out_in_training_is_neither_seen_nor_asked_for(store, config):
    made = course(store, config(corpora=(HEAD,), batch_size=12, drop_sensors=0.5, drop_channels=0.5))
    plain = course(store, config(corpora=(HEAD,), batch_size=12))
    places = made.mixed.step(0)[0]
    some, every = (each._read(0, places, torch.Generator().manual_seed(0)) for each in (made, plain))
    kept, there = some.input["present"], every.input["present"]
    assert kept.any(dim=1).all()
    assert kept.sum() < there.sum()
    assert not (kept & ~there).any()
    assert not some.hidden[~kept].any()
    assert torch.equal(some.hidden[kept], every.hidden[kept])


def test_betas_decay_and_rate_are_those_that_were_asked_for(store, config):
    choices = config(betas=(0.7, 0.8), weight_decay=0.3)
    optimiser = optimiser_of(course(store, choices), choices.pretraining)
    assert optimiser.defaults["betas"] == (0.7, 0.8)
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.3, 0.0]
    assert all(group["betas"] == (0.7, 0.8) for group in optimiser.param_groups)


def test_what_is_reported_is_what_was_wrong(store, config):
    made = course(store, config())
    made.network.eval()
    models = fit(made._training, 32)
    held = [batch for number in range(2) for batch in made._held(number)]
    people = np.array(["a", "b"] * 200)

    def says_a_tenth(batch: Batch):
        return torch.full_like(batch.input["x"], 0.1)

    rows = table([errors(batch, says_a_tenth, models, people) for batch in held], made._kinds, 20, 0)
    assert [(row["sensor_type"], row["error"]) for row in rows] == [
        (kind, error) for kind in ("ECG", "EEG") for error in ("smooth_l1", "squared")
    ]
    x, mask = [], []
    for batch in held:
        mine, hidden, keys = rows_of(batch)
        x.append(mine[keys[:, 0] == 1])
        mask.append(hidden.repeat_interleave(32, dim=1)[keys[:, 0] == 1])
    x, mask = torch.cat(x), torch.cat(mask)
    eeg = rows[2]
    assert eeg["samples"] == int(mask.sum())
    guesses = {"model": torch.full_like(x, 0.1), "mean": torch.zeros_like(x), "interpolation": interpolated(x, mask)}
    for name, guess in guesses.items():
        assert eeg[name] == pytest.approx(float(smooth_l1_loss(guess[mask], x[mask])), rel=1e-5)
        assert rows[3][name] == pytest.approx(float((guess - x)[mask].square().mean()), rel=1e-5)
    assert eeg["less_interpolation"] == pytest.approx(eeg["model"] - eeg["interpolation"])
    assert eeg["less_interpolation_low"] is None  # two persons are no sample


def test_the_same_patches_are_hidden_at_every_look(store, config):
    made = course(store, config())
    first, again = ([batch.hidden for batch in made._held(0)] for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    other = list(batches(made.sources[0], made.sources[0].val, 6, 32, 0.5, [9]))
    assert not torch.equal(first[0], other[0].hidden)


def test_weights_say_whom_they_saw_and_the_run_keeps_the_table(store, config, tmp_path):
    found = pretrain(store, config(), tmp_path / "run")
    assert found.name.startswith("demo-")
    assert found.name.endswith("h-12s")
    assert found.passes == 48
    parent = open_parent(tmp_path / "run", "test-panluna")
    assert len(parent.persons) == 2 * PERSONS
    notes = inherit(create_model("test-panluna", num_classes=2), parent)
    assert "new are head.query" in notes[0]
    assert "not taken of it are parts of decoder" in notes[0]
    kept = json.loads((tmp_path / "run" / "pretraining.json").read_text())
    assert kept["held_out"] == found.held_out
    curve = pl.read_csv(tmp_path / "run" / "losses.csv")
    assert curve["step"].to_list() == [4, 4, 8, 8]
    assert curve["corpus"].to_list() == ["head", "heart"] * 2
    rows = store.manifest("head").rows
    with pytest.raises(ManifestError, match="leak"):
        passed(store, rows, "manifest head", (), {parent.name: parent.seen})
    card = CliRunner().invoke(app, ["card", str(tmp_path / "run")])
    assert card.exit_code == 0, card.output
    assert "interpolation" in card.stdout
    assert "not comparable" in card.stdout


DYING = """
import os, signal, sys
from pathlib import Path
from biocurate.store.store import open_store
from zoo.pretraining import loop, run
from zoo.pretraining.masked.config import MaskedConfig

step = loop._step
def dies(*args):
    if args[-1] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*args)
loop._step = dies
run.pretrain(open_store(sys.argv[1]), MaskedConfig.model_validate_json(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_weights_of_one_that_was_not(store, config, tmp_path):
    choices = config(drop_channels=0.3, drop_sensors=0.3)
    whole = pretrain(store, choices, tmp_path / "whole")
    asked = [sys.executable, "-c", DYING, store.url, choices.model_dump_json(), str(tmp_path / "cut")]
    died = subprocess.run(asked, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert pretrain(store, choices, tmp_path / "cut", resume=True) == whole
    for name in (f"model-{whole.name}.safetensors", "losses.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_command_trains_from_a_file_and_prints_the_table(store, tmp_path):
    file = tmp_path / "masked.yaml"
    corpora = [{"manifest": "head", "sensors": ["EEG"]}, {"manifest": "heart", "sensors": ["ECG"]}]
    options = {"steps": 500, "batch_size": 4, "val_share": 0.25}
    file.write_text(yaml.safe_dump({"objective": "masked", "corpora": corpora, "pretraining": options}))
    asked = ["pretrain", "test-panluna", "--config", str(file), "--run", str(tmp_path / "run")]
    done = CliRunner().invoke(
        app, [*asked, "--set", "steps=2", "--set", "betas=[0.9, 0.95]", "--store", store.url, "--json"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["passes"] == 8
    assert {row["sensor_type"] for row in told["held_out"]} == {"EEG", "ECG"}
    again = ["pretrain", "--config", f"{tmp_path}/run/config.yaml", "--run", f"{tmp_path}/again", "--store", store.url]
    kept = CliRunner().invoke(app, again)
    assert kept.exit_code == 0, kept.output
    assert "autoregression" in kept.stdout
    assert json.loads((tmp_path / "again" / "pretraining.json").read_text()) == told


def test_mistakes_are_told(store, config, tmp_path):
    def told(**choices):
        return pretrain_config({"model": "test-panluna", "objective": "masked", **choices}, None, [], "masked.yaml")

    corpora = [{"manifest": "head", "sensors": ["EEG"]}]
    with pytest.raises(UsageError, match=r"no objective 'maskd'.*tasks, masked"):
        told(objective="maskd")
    with pytest.raises(ModelError, match="sensors"):
        told(corpora=[{"manifest": "head"}])
    with pytest.raises(ModelError, match="a `name` each"):
        told(corpora=corpora * 2)
    with pytest.raises(ModelError, match="btas"):
        told(corpora=corpora, pretraining={"btas": [0.9, 0.95]})
    classes = config().model_copy(update={"options": {"num_classes": 2}})
    with pytest.raises(ModelError, match="does not reconstruct"):
        pretrain(store, classes, tmp_path / "run")
    with pytest.raises(ModelError, match="no row for MISC"):
        pretrain(store, config(corpora=(CorpusConfig(manifest="head", sensors=("MISC",)),)), tmp_path / "run")

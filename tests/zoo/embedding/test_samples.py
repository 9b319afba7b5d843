"""Windows embedded by their samples: whole, resumable, apart from each other, and of use to heads and neighbours."""

from __future__ import annotations

import shutil

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.engine import InProcess
from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.recording import Recording
from biocurate.store.arrays import open_array
from biocurate.store.embeddings import embedding_rows, read_embeddings
from biocurate.store.store import create_store, open_store
from biocurate.store.verify import verify
from biocurate.testing.memory import interval, noise_stream, put
from biocurate.upkeep import forget
from zoo.cli import app
from zoo.data.noise import Noise
from zoo.data.placed import PlacedRows
from zoo.data.task import Task
from zoo.embedding import samples
from zoo.embedding.making import embed
from zoo.embedding.samples import embed_windows
from zoo.embedding.similar import similar
from zoo.embedding.slots import read_slots
from zoo.embedding.source import open_source, weights_of
from zoo.judging.dropped import judge_without
from zoo.learners import prepare
from zoo.models.registry import create_model
from zoo.pretraining.masked.config import CorpusConfig, MaskedConfig, MaskedPretraining
from zoo.pretraining.run import pretrain
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

BOTH = ["EEG", "ECG"]


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    """Six persons, two recordings each, in montages that differ; the last has no ECG, and 2 s of flat EEG."""
    store = create_store(str(tmp_path_factory.mktemp("samples") / "s"))
    recordings = {}
    for person in range(6):
        for at, label in enumerate(("rest", "task")):
            names = ["Fz", "Oz", "Pz"][: 2 + person % 2]
            eeg = noise_stream("EEG", 256, [(0, 2048)], names, seed=20 * person + at)
            if person == 5:
                digital = np.array(eeg.digital)
                digital[:, :512] = 7
                eeg = type(eeg)(eeg.sensor_type, 256.0, eeg.channels, eeg.segments, type(eeg.samples)(digital))
            ecg = noise_stream("ECG", 256, [(0, 2048)], ["II"], seed=20 * person + at + 10)
            streams = (eeg,) if person == 5 else (eeg, ecg)
            recordings[f"twin/p{person}_{label}"] = Recording(streams, (interval(0, 8, label),))
    put(store, recordings, {name: name[5:7] for name in recordings})
    label, split = {"column": "condition", "keep": ["rest", "task"]}, {"method": "kfold", "folds": 2}
    for name, length in (("m", "2s"), ("short", "1s")):
        rule = {"name": name, "windows": {"length": length}, "label": label, "split": split}
        build_manifest(store, parse_definition(rule))
    return store.objects.folder


@pytest.fixture
def store(_made, tmp_path):
    shutil.copytree(_made, tmp_path / "s")
    open_array.cache_clear()
    return open_store(str(tmp_path / "s"))


@pytest.fixture(scope="module")
def source():
    return open_source("test-panluna", {})


def config(**changes):
    fields = {"model": "embeddings-head", "manifest": "m", "embeddings": ("e",)}
    some = {"training": Training(epochs=2, batch_size=8), "evaluation": Evaluation(draws=20, permutations=0)}
    return RunConfig(**{**fields, **some, **changes})


@pytest.mark.parametrize("model", ["test-panluna", "panluna-reference"])
def test_every_window_with_a_signal_has_the_vector_that_the_network_gives_it_alone(store, model):
    """panluna-reference norms over a sample: a window beside a wider one would be another."""
    source = open_source(model, {})
    found = embed_windows(store, source, "m", BOTH, name="e", batch_size=7)
    windows = store.manifest("m").rows
    rows = embedding_rows(store, "e").collect()
    flat = windows.filter((pl.col("person") == "twin/p5") & (pl.col("t0_ns") == 0))
    assert (found.made, found.left_out) == (windows.height - 2, 2) == (rows.height, flat.height)
    assert not set(flat["window_id"]) & set(rows["window_id"])
    assert rows["sensor_types"].to_list() == [["ECG", "EEG"]] * rows.height
    assert rows["stream_no"].null_count() == rows["image_set"].null_count() == rows.height
    placed = PlacedRows(store.url, windows, ["ECG", "EEG"], source.network.architecture)
    number = {window: at for at, window in enumerate(windows["window_id"])}
    some = rows.sample(6, seed=1, shuffle=True)
    with torch.inference_mode():
        alone = [source.network.embed(**placed.inputs(np.array([number[each]])))[0] for each in some["window_id"]]
    np.testing.assert_allclose(read_embeddings(store, some), torch.stack(alone).numpy(), atol=2e-5)


def test_it_is_the_mean_of_the_summaries_that_the_class_head_looks_at(source):
    torch.manual_seed(0)
    network = create_model("test-panluna", num_classes=2).eval()
    x, at, kind = torch.randn(2, 3, 256), torch.randn(2, 3, 3) * 0.1, torch.tensor([[0, 1, 1]] * 2)
    seen = []
    network.head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(x, locations=at, sensor=kind)
    torch.testing.assert_close(network.embed(x, locations=at, sensor=kind), seen[0].mean(dim=1))


def test_a_second_run_makes_nothing_and_a_run_that_was_cut_short_goes_on_to_the_same_bytes(store, source, monkeypatch):
    monkeypatch.setattr(samples, "PART_WINDOWS", 12)
    whole = embed_windows(store, source, "m", BOTH, name="whole", batch_size=5)
    again = embed_windows(store, source, "m", ["ECG", "EEG"], name="whole", batch_size=5)
    assert (again.made, again.there_before, again.snapshot_id) == (0, whole.made, whole.snapshot_id)

    class Died(Exception):
        pass

    def dies(*args):
        if left.pop() == 0:
            raise Died
        return written(*args)

    written, left = samples.written, list(range(3))
    with monkeypatch.context() as patched:
        patched.setattr(samples, "written", dies)
        with pytest.raises(Died):
            embed_windows(store, source, "m", BOTH, name="cut", batch_size=5)
    rest = embed_windows(store, source, "m", BOTH, name="cut", batch_size=5)
    assert (rest.there_before, rest.made) == (24, whole.made - 24)
    found = [embedding_rows(store, name).sort("image_id").collect() for name in ("whole", "cut")]
    np.testing.assert_array_equal(*(read_embeddings(store, rows) for rows in found))


def test_a_set_is_of_one_choice_of_windows_sensor_types_channels_and_weights(store, source):
    embed_windows(store, source, "short", BOTH, name="e")
    with pytest.raises(UsageError, match="are of windows of 'short', samples-"):
        embed_windows(store, source, "short", ["EEG"], name="e")
    with pytest.raises(UsageError, match="are of windows of 'short', samples-"):
        embed_windows(store, source, "short", BOTH, {"EEG": ["Fz"]}, name="e")
    with pytest.raises(UsageError, match="are of windows"):
        embed_windows(store, source, "m", BOTH, name="e")
    with pytest.raises(UsageError, match="with weights"):
        embed_windows(store, open_source("test-panluna", {}, seed=1), "short", BOTH, name="e")
    one = embed_windows(store, source, "short", ["EEG"], {"EEG": ["Fz"]}, name="fz")
    with pytest.raises(ModelError, match="no recording has Cz"):
        embed_windows(store, source, "short", ["EEG"], {"EEG": ["Cz"]}, name="cz")
    assert one.made > 0


def test_neither_a_head_nor_a_decoder_changes_what_a_network_is_known_by():
    one = create_model("test-panluna")
    other = create_model("test-panluna", num_classes=5)
    other.load_state_dict(one.state_dict(), strict=False)
    assert weights_of(other) == weights_of(one)
    assert weights_of(create_model("test-panluna")) != weights_of(one)


def test_models_of_images_and_of_samples_are_told_apart(store, source):
    with pytest.raises(ModelError, match=r"it takes images, and no samples[\s\S]*--images SET"):
        embed_windows(store, open_source("test-tiny-biomoe", {}), "m")
    with pytest.raises(ModelError, match=r"it takes samples, and no images[\s\S]*--manifest NAME"):
        embed(store, source, "pictures")
    with pytest.raises(ModelError, match="neither images nor samples"):
        open_source("features-logreg", {})
    done = CliRunner().invoke(app, ["embed", "test-panluna", "--store", store.url], standalone_mode=False)
    assert isinstance(done.exception, UsageError)


def test_vectors_follow_their_windows_are_verified_and_forgotten_with_their_person(store, source):
    made = embed_windows(store, source, "m", BOTH, name="e").made
    assert verify(store, InProcess()).problems == []
    split = {"method": "kfold", "folds": 2}
    rule = {"name": "m", "windows": {"length": "2s", "hop": "4s"}, "label": {"column": "condition"}, "split": split}
    build_manifest(store, parse_definition(rule))
    found = embed_windows(store, source, "m", BOTH, name="e")
    fewer = store.manifest("m").rows
    assert (found.made, found.there_before) == (0, fewer.height - 2)
    assert found.dropped == made - found.there_before
    theirs = embedding_rows(store, "e").filter(pl.col("recording_id").str.starts_with("twin/p1")).collect()
    open_array.cache_clear()
    assert forget(store, "twin/p1").embeddings == theirs.height > 0
    assert verify(open_store(store.url), InProcess()).problems == []


def test_neighbours_and_sql_know_vectors_of_samples(store, source):
    embed_windows(store, source, "m", BOTH, name="e")
    number = embedding_rows(store, "e").collect()["window_id"][0]
    assert similar(store, "e", number, count=3)["label"].is_in(["rest", "task"]).all()
    query = """SELECT m.label, count(*) AS n FROM embeddings_e e JOIN manifests_m m ON e.window_id = m.window_id
        GROUP BY m.label"""
    counted = store.sql(query)
    assert counted["n"].sum() == embedding_rows(store, "e").select(pl.len()).collect().item()


def test_a_head_takes_vectors_seen_together_and_those_of_each_sensor_type_beside(store, source, tmp_path):
    for name, sensors in {"e": BOTH, "eeg": ["EEG"], "ecg": ["ECG"]}.items():
        embed_windows(store, source, "m", sensors, name=name)
    rows = store.manifest("m").rows
    assert [sensor for sensor, _ in read_slots(store, rows, ["eeg", "e", "ecg"]).slots] == ["ECG", "ECG+EEG", "EEG"]
    assert read_slots(store, rows, ["eeg", "e"], ["EEG"]).slots[0][0] == "EEG"
    with pytest.raises(ModelError, match="no window of the manifest has a vector"):
        read_slots(store, rows, ["e"], ["EEG"])
    found = finetune(store, config(), tmp_path / "run")
    assert any("seen together" in note for note in found.notes)
    assert found.windows == rows.height - 2


def test_a_sensor_type_that_is_dropped_leaves_the_vector_of_the_others(store, source, tmp_path):
    embed_windows(store, source, "m", BOTH, name="e")
    embed_windows(store, source, "m", ["EEG"], name="eeg")
    finetune(store, config(), tmp_path / "run")
    task = Task.of(store.manifest("m"))
    rows = np.arange(task.rows.height)
    made = prepare(store, task, config(options={"absent": ("ECG",)}))._of(rows)[:, 0]
    np.testing.assert_allclose(made, read_slots(store, task.rows, ["eeg"]).vectors[:, 0], atol=2e-5)
    table = judge_without(tmp_path / "run", store, ["all"]).table()
    assert table["sensors"].to_list() == ["ECG, EEG", "EEG", "ECG"]


def test_noise_goes_through_the_network_that_made_the_vectors(store, source):
    embed_windows(store, source, "m", BOTH, name="e")
    task, rows = Task.of(store.manifest("m")), np.arange(5)
    learner = prepare(store, task, config())
    stored = learner._of(rows)
    learner.disturb(Noise("white", np.inf, 0))
    np.testing.assert_allclose(learner._of(rows), stored, atol=2e-5)
    learner.disturb(Noise("white", 0.0, 0))
    assert (learner._of(rows) - stored).abs().max() > 0.01


def test_weights_of_a_pretraining_are_embedded_and_those_whom_they_saw_are_not_judged(store, tmp_path):
    corpora = (CorpusConfig(manifest="short", sensors=("EEG",)),)
    chosen = MaskedConfig(
        model="test-panluna",
        corpora=corpora,
        pretraining=MaskedPretraining(steps=2, batch_size=4, val_share=0.3, fit_windows=8),
    )
    pretrain(store, chosen, tmp_path / "masked")
    asked = ["embed", str(tmp_path / "masked"), "--manifest", "m", "--sensors", "EEG,ECG", "--name", "e"]
    done = CliRunner().invoke(app, [*asked, "--store", store.url])
    assert done.exit_code == 0, done.output
    with pytest.raises(ModelError, match="they were made by the weights of masked/model-demo-"):
        finetune(store, config(), tmp_path / "run")
    with pytest.raises(ManifestError, match="leak"):
        finetune(store, config(parent=str(tmp_path / "masked")), tmp_path / "run")

"""Splits of one person's time (notes, section 5.3, acceptance test 9): allowed where meant, told for what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError
from biocurate.images import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.generate import generate
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing import Truth, simulate
from biocurate.testing.memory import interval, put
from biocurate.testing.physiology import Span
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.roles import roles_of
from zoo.biox_bridge.run import bridge
from zoo.biox_bridge.shared_time import shared
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune
from zoo.training.folds import folds_of

from .conftest import stream

FRACTIONS = {"train": 0.3333, "val": 0.1111, "pair": 0.3334, "test": 0.2222}
SPLITS = {
    "paper": {"method": "random-windows", "fractions": FRACTIONS},
    "blocked": {"method": "time", "fractions": FRACTIONS, "guard": "4s"},
    "subject": {"method": "balanced", "fractions": FRACTIONS},
}
LEAKS = {"paper": ["person", "overlap"], "blocked": ["person"], "subject": []}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Nine persons of short conditions; the skin goes its own way: nothing is there to carry but what time tells."""
    store = create_store(str(tmp_path_factory.mktemp("person") / "s"))
    spans = tuple(Span(("rest", "stress")[at % 2], 30.0 * at, 30.0 * (at + 1)) for at in range(8))
    people = simulate(9, seed=0, minutes=2.0, truth=Truth(effect=3.0, coupling=0.0)).people
    people = [replace(one, spans=spans) for one in people]
    put(
        store,
        {
            f"planted/{one.subject}": Recording(
                tuple(stream(one, sensor) for sensor in ("EEG", "GSR")),
                tuple(interval(span.start_s, span.stop_s - span.start_s, span.condition) for span in one.spans),
            )
            for one in people
        },
    )
    for name, split in SPLITS.items():
        definition = {
            "name": name,
            "windows": {"length": "4s", "hop": "1s", "require": ["EEG", "GSR"]},
            "label": {"column": "condition", "keep": ["rest", "stress"]},
            "split": split,
            **({} if name == "subject" else {"where": "subject = 'S01'"}),
        }
        build_manifest(store, parse_definition(definition))
    skin = representation("spectrogram-psd", segment=16).scaled(Scale(scope="recording"))
    generate(store, store.manifest("subject"), skin, ["GSR"], image_set="skin")
    generate(
        store, store.manifest("subject"), representation("spectrogram-psd", segment=64), ["EEG"], image_set="brain"
    )
    return store


def trained(store, name, folder, epochs):
    torch.manual_seed(0)
    config = RunConfig(
        model="test-image-cnn",
        manifest=name,
        images="brain",
        sensors=["EEG"],
        allow_leakage=tuple(LEAKS[name]),
        training=Training(epochs=epochs, batch_size=16, lr=3e-3, patience=epochs),
        evaluation=Evaluation(draws=50, permutations=0),
    )
    finetune(store, config, folder / f"old-{name}")
    return folder / f"old-{name}"


def bridged(store, name, old, folder, **options):
    config = BridgeConfig(
        old=str(old),
        new="test-image-cnn",
        manifest=name,
        new_images="skin",
        new_sensors=("GSR",),
        positions=(2, 1),
        compare=("supervised",),
        bridge=BridgeOptions(**{"lr": 3e-3, "rank": 4, "prototypes": 10, **options}),
        evaluation=Evaluation(draws=50, permutations=0),
    )
    return bridge(store, config, folder)


def rows_of(starts_s):
    return pl.DataFrame(
        {
            "recording_id": ["one"] * len(starts_s),
            "t0_ns": [round(each * 1e9) for each in starts_s],
            "duration_ns": [3_000_000_000] * len(starts_s),
        }
    )


def test_section_5_3_of_windows_placed_one_by_one_56_percent_have_a_neighbour_and_nearly_all_overlap():
    """3 s every 0.3 s, a third of them pairs: 1 - (2/3)^2 share 90 %, and 1 - (2/3)^18 share something."""
    rows = rows_of(np.arange(30_000) * 0.3)
    place = np.random.default_rng(0).random(30_000)
    found = shared(rows, np.flatnonzero(place < 0.22), np.flatnonzero(place > 1 - 1 / 3))
    assert np.mean(found >= 0.9 - 1e-9) == pytest.approx(1 - (2 / 3) ** 2, abs=0.02)
    assert np.mean(found > 0) == pytest.approx(1 - (2 / 3) ** 18, abs=0.002)


def test_only_what_is_of_the_same_recording_is_shared():
    rows = rows_of([0, 1, 10]).with_columns(recording_id=pl.Series(["a", "b", "a"]))
    assert shared(rows, np.array([2, 0]), np.array([1])).tolist() == [0, 0]
    assert shared(rows_of([0, 1, 10]), np.array([2, 0]), np.array([1])) == pytest.approx([0, 2 / 3])


def test_blocks_of_time_are_roles_that_share_nothing(store):
    rows = store.manifest("blocked").rows
    (roles,) = roles_of(rows, {"planted/S01"}, "holdout", by_window=True)
    parts = {name: getattr(roles, name) for name in ("train", "pair", "val", "test")}
    assert all(len(part) for part in parts.values())
    for name, part in parts.items():
        others = np.concatenate([each for other, each in parts.items() if other != name])
        assert not shared(rows, part, others).any()


def test_an_old_model_of_a_manifest_of_pairs_sees_its_split_train_alone(store):
    rows = store.manifest("subject").rows
    (fold,) = folds_of(rows, val_share=0.0)
    assert set(rows["split"].gather(np.concatenate([fold.train, fold.val]))) == {"train"}
    assert set(rows["split"].gather(fold.test)) == {"test"}


@pytest.mark.parametrize("name", ["paper", "blocked"])
def test_splits_of_one_person_are_bridged_and_told_to_say_nothing_of_new_persons(store, tmp_path, name):
    found = bridged(store, name, trained(store, name, tmp_path, 1), tmp_path / "run", epochs=1)
    assert "splits of one person" in found.report.notes[0]
    assert "say nothing of new persons" in found.report.notes[0]
    assert set(found.systems["splits"]) == {"of one person"}
    assert found.report.persons == 1


def test_an_old_model_that_saw_the_person_in_another_manifest_is_refused(store, tmp_path):
    """Its windows are not known: those held out may be among them."""
    old = trained(store, "paper", tmp_path, 1)
    with pytest.raises(ManifestError, match="in another manifest"):
        bridged(store, "blocked", old, tmp_path / "run", epochs=1)


@pytest.mark.slow
def test_what_each_way_of_splitting_gives_where_nothing_is_to_be_found(store, tmp_path):
    """The leak of the paper's split beside blocks of time and persons: printed, for a coupling of zero."""
    for name in SPLITS:
        found = bridged(store, name, trained(store, name, tmp_path, 12), tmp_path / name, epochs=20)
        with pl.Config(tbl_rows=20, fmt_str_lengths=60, tbl_width_chars=160):
            print(name, found.report.notes[0])
            print(found.systems.select("system", "balanced_accuracy", "auroc"))
        assert ("splits" in found.systems.columns) == (name != "subject")

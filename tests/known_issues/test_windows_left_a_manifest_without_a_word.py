"""Windows without a label, without pairs or within a guard left a manifest, and neither build nor show said so."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

BY_PERSON = {"method": "kfold", "folds": 2}
BLOCKS = {"method": "time", "fractions": {"train": 0.5, "test": 0.5}, "guard": "10s"}


@pytest.fixture
def stored(tmp_path):
    """Four persons for 100 s, at rest in the first 60 s; two of them with EEG, too."""
    store = create_store(str(tmp_path / "s"))
    for n in range(4):
        streams = [noise_stream("ECG", 100, [(0, 10_000)], seed=n)]
        streams += [noise_stream("EEG", 100, [(0, 10_000)], seed=9 + n)] if n < 2 else []
        put(store, {f"a/p{n}": Recording(tuple(streams), (interval(0, 60, "rest"), interval(60, 40, "task")))})
    return store


def define(**changes):
    fields = {"name": "m", "windows": {"length": "10s"}, "label": {"column": "condition"}, "split": BY_PERSON}
    return parse_definition(fields | changes)


STEPS = [
    (
        {"label": {"column": "condition", "keep": ["rest"]}},
        "unlabelled",
        40,
        16,
        "16 of 40 windows are left out without a label",
    ),
    ({"pairs": {"sensors": ["EEG", "ECG"]}}, "unpaired", 40, 20, "20 of 40 windows are left out without pairs"),
    # 5 s on either side of the border at 50 s: the windows from 40 s and from 50 s reach into it.
    ({"split": BLOCKS}, "unsplit", 40, 8, "8 of 40 windows are left out without a split"),
]


@pytest.mark.parametrize(("change", "by", "windows", "dropped", "said"), STEPS, ids=[step[1] for step in STEPS])
def test_each_step_tells_how_many_windows_it_leaves_out(stored, change, by, windows, dropped, said):
    built = build_manifest(stored, define(**change))
    lines = [(line["by"], line["windows"], line["dropped"]) for line in built.dropped]
    assert lines == [(by, windows, dropped)]
    assert built.rows.height == windows - dropped
    printed = CliRunner().invoke(app, ["manifest", "show", "m", "--store", stored.url], env={"COLUMNS": "200"})
    assert said in printed.output
    told = CliRunner().invoke(app, ["manifest", "show", "m", "--json", "--store", stored.url])
    assert [line["by"] for line in json.loads(told.output)["dropped"]] == [by]


def test_a_manifest_that_keeps_every_window_says_nothing(stored):
    assert build_manifest(stored, define()).dropped == ()


def test_a_threshold_on_a_sensor_type_that_no_window_has_is_refused_before_windows_are_judged(stored):
    rule = {"sensor": "PPG", "measure": "flat_v1", "at_most": 0.5}
    with pytest.raises(ManifestError, match="has PPG"):
        build_manifest(stored, define(quality=[rule]))
    assert not [name for name in stored.tables.names() if name.startswith("quality")]


def test_a_split_without_a_window_of_some_class_is_told(stored):
    """Of blocks of 50 s with 5 s of guard, the first has rest alone, and the last, from 55 s on, task alone."""
    built = build_manifest(stored, define(split=BLOCKS))
    assert built.one_sided == {"train": ["task"], "test": ["rest"]}
    printed = CliRunner().invoke(app, ["manifest", "show", "m", "--store", stored.url], env={"COLUMNS": "200"})
    assert "Not every split has every class: train has no task; test has no rest." in printed.output
    assert build_manifest(stored, define()).one_sided == {}

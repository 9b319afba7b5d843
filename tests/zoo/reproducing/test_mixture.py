"""A paper's pre-training, from files of its corpora to weights, on twins: figures mean nothing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from biocurate.curate.views.schema import find_view
from biocurate.errors import ModelError, UsageError
from biocurate.recipes import load_recipe
from biocurate.testing.twins import WRITERS
from zoo.cli import app
from zoo.reproducing.mixing import config_of, definition_of
from zoo.reproducing.mixture import load_mixture, mixtures
from zoo.runs.parent import load_parent

SMALL = """
title: Two corpora
paper: none
model: panluna
manifest: panluna-pretraining
change: {windows: {edges: true}, split: {method: kfold, folds: 5}}
corpora:
  - {corpus: tueg, view: panluna-tcp, sensors: [EEG], hours: 10, persons: 5, source: somewhere}
  - {corpus: pulsedb, view: panluna, sensors: [ECG, PPG], hours: 20, persons: 6, source: elsewhere}
twin:
  persons: 6
  model: test-panluna
  pretraining: {steps: 2, batch_size: 4, evaluate: 2, fit_windows: 8, val_images: 8, draws: 10, val_share: 0.3}
"""


def test_the_mixture_of_the_paper_is_declared_with_what_it_published():
    """Notes on the model, section 3.1: five corpora, 39,682 hours."""
    found = load_mixture(mixtures()["panluna/pretraining"])
    assert found.names == ("tueg", "siena", "mimic-iv-ecg", "code-15", "pulsedb")
    assert sum(share.hours for share in found.corpora) == pytest.approx(39_682, abs=1)
    assert set(found.names) <= set(WRITERS)
    for share in found.corpora:
        assert load_recipe(share.corpus).name == share.corpus
        find_view(share.view)
        definition = definition_of(found, share)
        assert (definition.window_rule.corpora, definition.window_rule.view) == ((share.corpus,), share.view)
        assert definition.name == f"panluna-pretraining-{share.corpus}"
    names = {share.corpus: definition_of(found, share).name for share in found.corpora}
    whole, twin = config_of(found, names), config_of(found.as_twin(), names)
    assert (whole.model, whole.pretraining.batch_size, whole.pretraining.betas) == ("panluna", 4096, (0.9, 0.98))
    assert (twin.model, twin.pretraining.device) == ("test-panluna", "cpu")


def test_on_twins_it_goes_from_files_to_weights_once(tmp_path, monkeypatch):
    (tmp_path / "family").mkdir()
    (tmp_path / "family" / "small.yaml").write_text(SMALL)
    monkeypatch.setattr("zoo.reproducing.mixture.SHIPPED", tmp_path)
    asked = ["reproduce", "family/small", "--twin", "--out", str(tmp_path / "out"), "--workers", "0"]
    told = json.loads(CliRunner().invoke(app, [*asked, "--json"], catch_exceptions=False).stdout)
    assert told["notes"][0] == "twin: figures mean nothing"
    rows = {row["corpus"]: row for row in told["rows"]}
    assert {name: (row["published hours"], row["published persons"]) for name, row in rows.items()} == {
        "tueg": (10, 5),
        "pulsedb": (20, 6),
    }
    # A minute of EEG a person, and two segments of 10 s; two of six persons are held out.
    assert rows["tueg"]["hours"] == pytest.approx(rows["tueg"]["persons"] * 60 / 3600)
    assert rows["pulsedb"]["hours"] == pytest.approx(rows["pulsedb"]["persons"] * 20 / 3600)
    weights = load_parent(tmp_path / "out" / "runs" / "pretraining")
    assert weights.checkpoint.about["model"] == "test-panluna"
    assert len(weights.persons) == 12
    before = (tmp_path / "out" / "runs" / "pretraining" / "pretraining.json").stat().st_mtime_ns
    again = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert "(twin: figures mean nothing)" in " ".join(again.stdout.split())
    assert (tmp_path / "out" / "runs" / "pretraining" / "pretraining.json").stat().st_mtime_ns == before


def test_what_does_not_fit_is_told(tmp_path):
    for more in (["--weights", str(tmp_path)], ["--only", "x"]):
        with pytest.raises(UsageError, match="it has no rows"):
            CliRunner().invoke(app, ["reproduce", "panluna/pretraining", "--twin", *more], catch_exceptions=False)
    (tmp_path / "wrong.yaml").write_text(SMALL.replace("sensors: [EEG]", "sensors: []"))
    with pytest.raises(ModelError, match="mixture is not valid"):
        load_mixture(tmp_path / "wrong.yaml")
    with pytest.raises(UsageError, match="no folder tueg"):
        asked = ["reproduce", "panluna/pretraining", "--root", str(tmp_path), "--out", str(tmp_path / "o")]
        CliRunner().invoke(app, [*asked, "--workers", "0"], catch_exceptions=False)


def test_the_list_names_it():
    listed = json.loads(CliRunner().invoke(app, ["reproduce", "--list", "--json"], catch_exceptions=False).stdout)
    (mine,) = [row for row in listed if row["experiment"] == "panluna/pretraining"]
    assert mine["corpora"] == "tueg, siena, mimic-iv-ecg, code-15, pulsedb"

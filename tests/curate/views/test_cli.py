"""`biocurate preprocess`, and windows of what it made, as they are typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.errors import BiocurateError, ViewError
from biocurate.recording import Recording
from biocurate.testing.memory import noise_stream, put

VIEW = """
name: mine
chains:
  EEG:
    - {step: band, low_hz: 2, high_hz: 75}
    - {step: notch}
    - {step: resample, rate_hz: 64}
    - {step: normalise, scope: subject}
"""


@pytest.fixture
def run(store):
    put(store, {f"a/{number}": Recording((noise_stream("EEG", 100, [(0, 4000)], seed=number),)) for number in range(3)})

    def typed(*words):
        result = CliRunner().invoke(app, [*words, "--store", store.url])
        if isinstance(result.exception, BiocurateError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return typed


def test_preprocess_says_what_was_left_out_and_what_is_transductive(run, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(VIEW)
    told = run("preprocess", str(file), "--workers", "0")
    assert "mine: 3 streams" in told
    assert "left out of 3 streams: low-pass 75 Hz at 100 Hz." in told
    assert "left out of 3 streams: notch: no mains frequency is declared." in told
    assert "EEG is normalised over the subject: transductive" in told
    assert "nothing to do; 3 streams are derived" in run("preprocess", str(file), "--workers", "0")
    facts = json.loads(run("preprocess", str(file), "--workers", "0", "--json"))
    assert (facts["there_before"], facts["derived"], facts["transductive"]) == (3, 0, {"EEG": "subject"})
    made = json.loads(run("windows", "build", "w", "--length", "4s", "--view", "mine", "--json"))
    edges = json.loads(run("windows", "build", "e", "--length", "4s", "--view", "mine", "--edges", "--json"))
    assert edges["windows"] == 30 > made["windows"] > 0
    query = "SELECT view, transductive, count(*) n FROM derived_streams GROUP BY view, transductive"
    assert json.loads(run("query", query, "--format", "json")) == [{"view": "mine", "transductive": True, "n": 3}]


def test_a_view_of_nothing_in_the_store_is_an_error(run):
    with pytest.raises(BiocurateError, match="has no ECG and PPG"):
        run("preprocess", "biox-wesad", "--workers", "0")


def test_a_name_that_is_no_view_is_an_error(run):
    with pytest.raises(ViewError, match="no view 'panlunar'"):
        run("preprocess", "panlunar", "--workers", "0")


def test_manifest_and_splits_show_say_that_a_subject_was_normalised_over_itself(run, tmp_path):
    view, manifest = tmp_path / "mine.yaml", tmp_path / "m.yaml"
    view.write_text(VIEW)
    run("preprocess", str(view), "--workers", "0")
    manifest.write_text("{name: m, windows: {length: 4s, view: mine}, split: {method: kfold, folds: 3}}")
    said = "TRANSDUCTIVE: EEG is normalised over the whole subject"
    assert said in " ".join(run("manifest", "build", str(manifest), "--workers", "0").split())
    assert said in " ".join(run("manifest", "show", "m").split())
    assert said in " ".join(run("splits", "show", "m").split())
    assert said in json.loads(run("manifest", "show", "m", "--json"))["normalisation"][0]

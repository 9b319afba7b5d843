"""`explain`: what it says of a small corpus whose recipe corrects a gain, of views, labels and manifests."""

from __future__ import annotations

import hashlib
import json

import edfio
import numpy as np
import pytest
from typer.testing import CliRunner

from biocurate import read_windows
from biocurate.cli.main import app
from biocurate.curate.explain.explain import explain
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.errors import StaleError, UsageError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import Recording
from biocurate.testing.memory import noise_stream, put

CORRECTION = """
corrections:
  - {channels: ECG, field: gain, value: 0.0002, reason: the header's gain is half of the truth, source: the errata}
"""


@pytest.fixture
def taken(store, corpus):
    """The tiny corpus with a corrected ECG, cut into windows of 2 s with their condition."""
    corpus.recipe.write_text(corpus.recipe.read_text() + CORRECTION)
    ingest(make_plan(load_recipe(str(corpus.recipe)), corpus.root, store), InProcess(), store)
    build_windows(store, "w2", length_s=2, labels=["condition"])
    return store


def test_files_samples_scale_and_corrections_are_told(taken, corpus):
    told = explain(taken, "w2/3", root=str(corpus.root))
    path = corpus.root / "s00_rest.edf"
    assert [(file["path"], file["format"]) for file in told["files"]] == [("s00_rest.edf", "edf")]
    assert told["files"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    eeg, ecg = told["streams"]
    assert (eeg["samples"]["first"], eeg["samples"]["count"]) == (6 * 256, 2 * 256)
    assert (ecg["samples"]["first"], ecg["samples"]["count"]) == (6 * 500, 2 * 500)
    assert eeg["corrections"] == []
    assert [(each["field"], each["value"], each["source"]) for each in ecg["corrections"]] == [
        ("gain", 0.0002, "the errata")
    ]
    assert ecg["channels"][0]["unit_status"] == "corrected"
    assert "half of the truth" in ecg["channels"][0]["reason"]
    raw = edfio.read_edf(path).get_signal("ECG").digital[3000:4000]
    row = taken.windows("w2").collect()[3]
    np.testing.assert_array_equal(read_windows(taken, row, "ECG", digital=True)[0, 0], raw)


def test_a_corrected_gain_is_in_the_lines_too(taken, corpus):
    told = explain(taken, "w2/3", root=str(corpus.root))
    names: dict[str, object] = {}
    exec("\n".join(told["streams"][1]["lines"]), names)
    ours = read_windows(taken, taken.windows("w2").collect()[3], "ECG")[0]
    np.testing.assert_array_equal(np.asarray(names["x"]).astype(np.float32), ours)


def test_a_label_names_its_rule_its_annotations_and_the_recipe(taken):
    label = explain(taken, "w2", 0)["labels"][0]
    assert (label["column"], label["value"], label["kind"]) == ("condition", "rest", "condition")
    assert "more than 0.5 of the window" in label["rule"]
    assert label["annotations"] == [{"value": "rest", "onset_s": 0.0, "duration_s": 8.0, "covers_s": 2.0}]
    assert "group run of the file's name" in label["source"]


def test_a_window_of_a_view_names_the_chain_and_the_raw_samples(taken, corpus):
    view = parse_view({"name": "slow", "chains": {"EEG": [{"step": "resample", "rate_hz": 128}]}})
    preprocess(taken, view)
    build_windows(taken, "seen", length_s=2, view="slow", edges=True)
    told = explain(taken, "seen/1")["streams"][0]
    assert told["samples"]["first"] == 512  # of the raw 256 Hz, at 2 s
    assert told["view"]["rate_hz"] == 128
    assert told["view"]["view_id"].startswith("slow")
    assert "resample" in json.dumps(told["view"]["chain"])


def test_a_manifests_window_has_its_split(taken):
    split = {"method": "kfold", "folds": 3}
    fields = {"name": "m", "windows": {"set": "w2"}, "label": {"column": "condition"}, "split": split}
    definition = parse_definition(fields)
    built = build_manifest(taken, definition)
    first = built.rows.row(0, named=True)
    told = explain(taken, f"m/{first['window_id']}")
    assert told["manifest"]["split"] == first["split"]
    assert told["manifest"]["hash"] == built.hash
    assert told["labels"][0]["annotations"]


def test_a_window_that_is_none_is_an_error_with_what_there_is(taken):
    with pytest.raises(UsageError, match="numbered from 0 to 47"):
        explain(taken, "w2/48")
    with pytest.raises(UsageError, match="Did you mean 'w2'"):
        explain(taken, "w22/0")
    with pytest.raises(UsageError, match="names no window"):
        explain(taken, "w2")


def test_a_stale_window_is_refused(taken, corpus):
    corpus.write("s00_rest", seed=99)
    ingest(make_plan(load_recipe(str(corpus.recipe)), corpus.root, taken), InProcess(), taken)
    with pytest.raises(StaleError):
        explain(taken, "w2/0")


def test_a_store_without_the_recipes_text_says_so_and_tells_the_rest(store):
    put(store, {"a/p": Recording((noise_stream("EEG", 50, [(0, 500)], ["Fp1"]),))})
    build_windows(store, "w2", length_s=2)
    told = explain(store, "w2/1")["streams"][0]
    assert told["samples"]["first"] == 100
    assert told["lines"] == []
    assert "keeps no recipe" in told["note"]


def test_the_command_prints_and_gives_json(taken, corpus):
    typed = ["explain", "w2/3", "--root", str(corpus.root), "--store", taken.url]
    shown = CliRunner().invoke(app, typed)
    assert shown.exit_code == 0, shown.output
    assert "mne.io.read_raw_edf" in shown.output
    assert "Corrected: gain of ECG is 0.0002" in shown.output
    told = json.loads(CliRunner().invoke(app, [*typed, "--json"]).stdout)
    assert told == explain(taken, "w2/3", root=str(corpus.root))

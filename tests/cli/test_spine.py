"""The commands, one after the other, as a new user types them."""

from __future__ import annotations

import json

import pytest

MANIFEST = """
name: tiny-condition
title: Rest against task
windows: {corpora: [tiny], length: 2s, require: [EEG, ECG]}
label: {column: condition, keep: [rest, task]}
split: {method: kfold, folds: 3}
"""


@pytest.fixture
def store(cli, corpus, tmp_path):
    """A store of the tiny corpus, made by commands."""
    url = tmp_path / "store"
    assert cli("init", url).code == 0
    done = cli("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0)
    assert done.code == 0, done.err
    assert "12 recordings" in done.out
    return url


def test_every_command_has_help_with_an_example(cli):
    for command in (
        *("init", "ingest", "status", "verify", "snapshots", "vacuum", "export", "query", "demo"),
        *(("recipes", "list"), ("recipes", "show"), ("recipes", "check"), ("windows", "build"), ("windows", "list")),
        *(("manifest", "build"), ("manifest", "list"), ("manifest", "show")),
        *(("images", "generate"), ("images", "show"), ("zoo", "list"), ("zoo", "finetune"), ("zoo", "evaluate")),
        *(("bench", name) for name in ("codecs", "edf", "wfdb", "csv", "again", "size", "reads")),
    ):
        words = (command,) if isinstance(command, str) else command
        done = cli(*words, "--help")
        assert done.code == 0
        assert f"biocurate {' '.join(words)}" in done.out, words


def test_status_verify_and_snapshots(cli, store, corpus):
    status = json.loads(cli("status", "--store", store, "--json").out)
    assert status["corpora"][0]["recordings"] == 12
    assert {row["sensor_type"] for row in status["sensors"]} == {"EEG", "ECG"}
    assert cli("verify", "--store", store).code == 0
    deep = cli("verify", "--store", store, "--deep", "--root", f"tiny={corpus.root}")
    assert deep.code == 0, "the recipe is no shipped one; the store keeps its text"
    assert "12 recordings, 48 channels" in deep.out
    assert json.loads(cli("snapshots", "--store", store, "--json").out)[0]["snapshot_id"] == 1


def test_a_second_ingest_says_that_there_is_nothing_to_do(cli, store, corpus):
    done = cli("ingest", corpus.recipe, "--root", corpus.root, "--store", store)
    assert done.code == 0
    assert "nothing to do; 12 recordings are in the store" in done.out


def test_dry_run_writes_nothing(cli, corpus, tmp_path):
    url = tmp_path / "s"
    cli("init", url)
    done = cli("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--dry-run", "--json")
    assert json.loads(done.out)["to read"] == 12
    assert json.loads(cli("status", "--store", url, "--json").out)["corpora"] == []


def test_queries_of_the_issue(cli, store, tmp_path):
    """Recordings and hours by corpus and sensor type; windows that have EEG and ECG; labelled windows per subject."""
    hours = cli(
        "query",
        "SELECT corpus, sensor_type, count(DISTINCT recording_id) AS recordings, "
        "sum(n_samples / rate_hz) / 3600 AS hours FROM streams GROUP BY corpus, sensor_type ORDER BY sensor_type",
        *("--store", store, "--format", "json"),
    )
    rows = json.loads(hours.out)
    assert [(row["sensor_type"], row["recordings"]) for row in rows] == [("ECG", 12), ("EEG", 12)]
    assert rows[0]["hours"] == pytest.approx(12 * 8 / 3600)
    assert cli("windows", "build", "w2", "--length", "2s", "--label", "condition", "--store", store).code == 0
    both = (
        "SELECT count(*) AS n FROM windows_w2 "
        "WHERE array_contains(sensor_types, 'EEG') AND array_contains(sensor_types, 'ECG')"
    )
    assert json.loads(cli("query", both, "--store", store, "--format", "json").out) == [{"n": 48}]
    each = "SELECT subject, count(*) AS n FROM windows_w2 WHERE condition = 'task' GROUP BY subject ORDER BY subject"
    assert [row["n"] for row in json.loads(cli("query", each, "--store", store, "--format", "json").out)] == [4] * 6


def test_the_store_can_be_asked_as_it_was(cli, store, corpus):
    corpus.write("s09_rest", seed=90)
    assert cli("ingest", corpus.recipe, "--root", corpus.root, "--store", store, "--workers", 0).code == 0
    count = ("query", "SELECT count(*) AS n FROM recordings", "--store", store, "--format", "json")
    assert json.loads(cli(*count).out) == [{"n": 13}]
    assert json.loads(cli(*count, "--at", 1).out) == [{"n": 12}]


def test_from_manifest_to_an_evaluated_model(cli, store, tmp_path):
    pytest.importorskip("lightning")
    (tmp_path / "m.yaml").write_text(MANIFEST)
    assert cli("manifest", "build", tmp_path / "m.yaml", "--store", store).code == 0
    again = cli("manifest", "build", tmp_path / "m.yaml", "--store", store)
    assert again.code == 0
    run = tmp_path / "run"
    done = cli("zoo", "finetune", "features-logreg", "--manifest", "tiny-condition", "--run", run, "--store", store)
    assert done.code == 0, done.err
    assert "balanced_accuracy" in done.out
    assert json.loads((run / "metrics.json").read_text())
    assert cli("zoo", "evaluate", run).code == 0


def test_vacuum_touches_nothing_young(cli, store):
    (store / "signals" / "orphan.zarr").mkdir()
    (store / "signals" / "orphan.zarr" / "zarr.json").write_text("{}")
    facts = json.loads(cli("vacuum", "--store", store, "--yes", "--json").out)
    assert (facts["parts removed"], facts["unreferenced but younger than 24 h"]) == (0, 1)

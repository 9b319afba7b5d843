"""`biocurate compact | forget | merge | check duplicates`, and `vacuum` and `ingest --prune` as they are typed."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture
def store(cli, corpus, tmp_path):
    """A store that was filled in two runs."""
    url = tmp_path / "store"
    cli("init", url)
    for limit in (6, 12):
        ingest = ("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0, "--limit", limit)
        assert cli(*ingest).code == 0
    return url


def test_each_has_help_with_an_example(cli):
    for words in (("compact",), ("forget",), ("merge",), ("check", "duplicates")):
        done = cli(*words, "--help")
        assert done.code == 0
        assert f"biocurate {' '.join(words)}" in done.out


def test_compact(cli, store):
    said = json.loads(cli("compact", "--dry-run", "--store", store, "--json").out)
    assert (said["parts_before"], said["parts_after"]) == (4, 2)
    done = cli("compact", "--store", store)
    assert done.code == 0
    assert "parts after" in done.out
    assert json.loads(cli("compact", "--store", store, "--json").out)["repacked"] == 0
    assert cli("verify", "--store", store).code == 0


def test_forget_asks_first(cli, store, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = cli("forget", "--subject", "tiny/03", "--store", store)
    assert refused.code == 1
    assert "2 recordings of 1 person: tiny/s03_rest, tiny/s03_task" in refused.err
    count = ("query", "SELECT count(*) AS n FROM recordings", "--store", store, "--format", "json")
    assert json.loads(cli(*count).out) == [{"n": 12}]
    done = cli("forget", "--subject", "tiny/03", "--store", store, "--yes")
    assert done.code == 0
    assert "Forgotten" in done.out
    assert json.loads(cli(*count).out) == [{"n": 10}]
    assert cli("verify", "--store", store).code == 0
    unknown = cli("forget", "--subject", "tiny/03x", "--store", store, "--yes")
    assert unknown.code == 1
    assert "Traceback" not in unknown.err


def test_an_ingest_says_who_was_left_out_what_is_gone_and_what_is_twice(cli, store, corpus):
    ingest = ("ingest", corpus.recipe, "--root", corpus.root, "--store", store, "--workers", 0)
    cli("forget", "--subject", "tiny/03", "--store", store, "--yes")
    shutil.copy2(corpus.root / "s00_rest.edf", corpus.root / "s08_rest.edf")
    (corpus.root / "s01_rest.edf").unlink()
    done = cli(*ingest)
    assert "2 recordings are of persons whom the store has forgotten" in done.out
    assert "--prune removes them" in done.out
    assert "such as tiny/s00_rest = tiny/s08_rest" in done.out
    assert "1 recordings without a file below the root were removed" in cli(*ingest, "--prune").out
    assert cli(*ingest, "--prune", "--limit", 3).code == 2


def test_check_duplicates(cli, store, corpus):
    check = ("check", "duplicates", "--store", store)
    assert cli(*check).code == 0
    shutil.copy2(corpus.root / "s00_rest.edf", corpus.root / "s08_rest.edf")
    cli("ingest", corpus.recipe, "--root", corpus.root, "--store", store, "--workers", 0)
    found = cli(*check, "--json")
    assert found.code == 1
    assert json.loads(found.out)[0]["recordings"] == ["tiny/s00_rest", "tiny/s08_rest"]


def test_merge(cli, store, corpus, tmp_path):
    other = tmp_path / "other"
    cli("init", other)
    corpus.write("s09_rest", seed=90)
    cli("ingest", corpus.recipe, "--root", corpus.root, "--store", other, "--workers", 0)
    done = cli("merge", other, "--store", store)
    assert done.code == 0, done.err
    assert json.loads(cli("merge", other, "--store", store, "--json").out)["there_before"] == 13
    assert cli("merge", other, "--store", store, "--prefer", "ours").code == 2


def test_vacuum_drops_snapshots(cli, store):
    facts = json.loads(cli("vacuum", "--keep-snapshots", 1, "--store", store, "--json").out)
    assert facts["snapshots to drop"] == 1
    cli("vacuum", "--keep-snapshots", 1, "--store", store, "--yes")
    assert len(json.loads(cli("snapshots", "--store", store, "--json").out)) == 1
    assert cli("vacuum", "--drop-snapshots-before", "soon", "--store", store).code == 2

"""`biocurate verify --deep`, and what an ingest tells of files whose names the store does not hold."""

from __future__ import annotations

import json

import pytest

from biocurate.store.store import open_store


@pytest.fixture
def store(cli, corpus, tmp_path):
    """A store of the tiny corpus."""
    url = tmp_path / "store"
    cli("init", url)
    assert cli("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0).code == 0
    return url


def deep(cli, store, corpus, *options):
    return cli("verify", "--deep", "--root", f"tiny={corpus.root}", "--store", store, *options)


def test_the_recipe_is_the_given_file_or_else_the_text_in_the_store(cli, store, corpus):
    given = deep(cli, store, corpus, "--recipe", corpus.recipe)
    assert given.code == 0, given.err
    text = corpus.recipe.read_text()
    corpus.recipe.unlink()
    kept = deep(cli, store, corpus)
    assert kept.code == 0, kept.err
    assert kept.out == given.out
    corpus.recipe.write_text(text.replace("_(?P<run>rest|task)", "_(?P<run>rest)"))
    other = deep(cli, store, corpus, "--recipe", corpus.recipe)
    assert other.code == 1, "by this recipe half of the recordings have no files"
    assert "tiny/s00_task: its files are not below" in other.out.replace("\n", "")


def test_a_recipe_that_no_root_is_for_is_refused(cli, store, corpus):
    corpus.recipe.write_text(corpus.recipe.read_text().replace("name: tiny", "name: small"))
    done = deep(cli, store, corpus, "--recipe", corpus.recipe)
    assert done.code == 2
    assert "is of small, which no --root names" in done.err.replace("\n", " ")


def test_files_that_fail_are_named_on_the_terminal_where_the_store_has_hashes(cli, corpus, tmp_path):
    corpus.recipe.write_text(corpus.recipe.read_text().replace("reader: edf", "reader: edf\n  hash_names: true"))
    path = corpus.root / "s02_task.edf"
    path.write_bytes(path.read_bytes()[:-700])
    url = tmp_path / "hashed"
    cli("init", url)
    ingest = ("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0)
    assert "s02_task.edf" in cli(*ingest, "--dry-run").out
    done = cli(*ingest)
    assert done.code == 1
    assert "s02_task.edf  record" in done.out
    assert "s02_task" not in str(open_store(str(url)).failures.collect().to_dicts())
    assert "s02_task" not in cli("status", "--store", url).out
    retried = cli(*ingest, "--retry-failed", "--json").out
    assert "s02_task" not in retried
    assert json.loads(retried)["failures"][0]["error"] == "IncompleteError"
    assert deep(cli, url, corpus).code == 0

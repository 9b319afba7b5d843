"""docs/query.md runs as written; `--explain` knows every relation; manifests and licences are queried like the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.pairs.build import build_pairs
from biocurate.curate.quality.build import score_set
from biocurate.curate.query import describe
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.errors import QueryError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A store with a relation of every family."""
    from tests.conftest import RECIPE, Corpus

    folder = tmp_path_factory.mktemp("query")
    (folder / "raw").mkdir()
    corpus = Corpus(folder / "raw", folder / "tiny.yaml")
    corpus.recipe.write_text(RECIPE)
    for person in range(3):
        for run in ("rest", "task"):
            corpus.write(f"s{person:02d}_{run}", seed=person * 2 + (run == "task"), seconds=20)
    store = create_store(str(folder / "store"))
    ingest(make_plan(load_recipe(str(corpus.recipe)), corpus.root, store), InProcess(), store)
    build_windows(store, "w10", length_s=10, labels=["condition"])
    build_pairs(store, "w10", ["EEG", "ECG"])
    score_set(store, "w10")
    preprocess(store, parse_view({"name": "slow", "chains": {"EEG": [{"step": "resample", "rate_hz": 128}]}}))
    fields = {"name": "rest-task", "windows": {"set": "w10"}, "label": {"column": "condition"}}
    build_manifest(store, parse_definition(fields | {"split": {"method": "kfold", "folds": 3}}))
    return store


@pytest.mark.parametrize("sql", [text for kind, text in BLOCKS if kind == "sql"])
def test_the_examples_of_the_page_run_and_find_something(full, sql):
    answer = full.sql(sql)
    assert answer.height or "unit_status <> 'declared'" in sql


def test_the_commands_of_the_page_run(full, tmp_path, monkeypatch):
    import shlex

    monkeypatch.chdir(tmp_path)
    commands = next(text for kind, text in BLOCKS if not kind).strip().splitlines()
    for line in commands:
        words = shlex.split(line.partition("  #")[0])
        done = CliRunner().invoke(app, [*words[1:], "--store", full.url])
        assert done.exit_code == 0, f"{line}\n{done.output}{done.exception}"
    assert (tmp_path / "windows.parquet").stat().st_size


def test_the_tables_are_the_same_from_duckdb(full):
    pytest.importorskip("duckdb", reason="DuckDB is not installed; biocurate does not need it")
    python = next(text for kind, text in BLOCKS if kind == "python")
    names = {"STORE": full.url}
    exec(python, names)
    assert names["answer"].rows() == [("CC0-1.0", 12)]


def test_a_query_by_licence_finds_what_the_corpus_is_under(full):
    sql = "SELECT count(*) AS n FROM windows_w10 JOIN recordings USING (recording_id) WHERE licence = {}"
    assert full.sql(sql.format("'CC0-1.0'")).item() == 12
    assert full.sql(sql.format("'MIT'")).item() == 0


def test_a_manifest_is_a_relation_of_its_own_name(full):
    rows = full.manifest("rest-task").rows
    sql = "SELECT split, count(*) AS n FROM manifests_rest_task GROUP BY split ORDER BY split"
    assert full.sql(sql).rows() == sorted(rows.group_by("split").len().rows())


def test_explain_gives_every_column_of_every_relation_a_meaning(full):
    told = describe(full)
    families = {"pairs_w10", "quality_w10", "derived_streams", "manifests_rest_task", "windows_w10", "manifests"}
    assert families <= set(told["relation"])
    assert told.filter(told["meaning"] == "").rows() == []
    measure = told.filter((told["relation"] == "quality_w10") & (told["column"] == "usable_v1"))
    assert measure["meaning"].item() == "measure: docs/quality.md"


def test_explain_of_one_relation_as_json(full):
    typed = ["query", "--explain", "manifests_rest_task", "--json", "--store", full.url]
    told = {row["column"]: row for row in json.loads(CliRunner().invoke(app, typed).stdout)}
    assert "definition" in told["label"]["meaning"]
    assert "person" in told["split"]["meaning"]


def test_a_text_without_quotes_is_told_apart_from_a_misspelt_column(full):
    with pytest.raises(QueryError, match="Text stands in single quotes: 'eegmat'"):
        full.sql("SELECT * FROM recordings WHERE corpus = eegmat")
    with pytest.raises(QueryError, match="Did you mean 'subject'") as error:
        full.sql("SELECT subjct FROM recordings")
    assert "single quotes" not in str(error.value)

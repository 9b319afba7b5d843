"""`biocurate windows`, `manifest` and `query`, as they are typed."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.errors import BiocurateError, QueryError, UsageError
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture
def run(store):
    """Type a command on a small store; errors come out as they are."""
    put(
        store,
        {
            f"a/p{person}": Recording(
                (
                    noise_stream("EEG", 50, [(0, 1500)], ["Fp1", "Fp2"], seed=person),
                    noise_stream("ECG", 50, [(0, 750)]),
                ),
                (interval(0, 15, "rest"), interval(15, 15, "task")),
            )
            for person in range(6)
        },
    )

    def typed(*words):
        result = CliRunner().invoke(app, [*words, "--store", store.url])
        if isinstance(result.exception, BiocurateError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return typed


def test_windows_build_and_list(run):
    made = json.loads(run("windows", "build", "w5", "--length", "5s", "--label", "condition", "--json"))
    assert made["windows"] == 36
    assert {row["sensor_types"]: row["windows"] for row in made["combinations"]} == {"EEG": 18, "ECG+EEG": 18}
    both = json.loads(
        run("windows", "build", "both", "--length", "5s", "--hop", "2500ms", "--require", "ECG, eeg", "--json")
    )
    assert both["windows"] == 6 * 5
    listed = json.loads(run("windows", "list", "--json"))
    assert [(row["set"], row["windows"]) for row in listed] == [("both", 30), ("w5", 36)]
    assert "ECG+EEG" in run("windows", "build", "w5", "--length", "5s", "--overwrite")


def test_a_length_without_a_unit_is_refused(run):
    with pytest.raises(UsageError, match=r"length: '5' is no length of time.*10s"):
        run("windows", "build", "w5", "--length", "5")


def test_manifest_build_list_and_show(run, tmp_path):
    file = tmp_path / "m.yaml"
    file.write_text(
        "name: m\nwindows: {length: 5s}\nlabel: {column: condition}\nsplit: {method: kfold, folds: 3}\n",
        encoding="utf-8",
    )
    made = json.loads(run("manifest", "build", str(file), "--json"))
    assert made["classes"] == ["rest", "task"]
    assert sum(row["windows"] for row in made["balance"]) == made["windows"] == 36
    assert json.loads(run("manifest", "list", "--json"))[0]["hash"] == made["hash"]
    assert json.loads(run("manifest", "show", "m", "--json")) == made
    assert made["hash"] in run("manifest", "show", "m")


@pytest.fixture
def ask(run):
    run("windows", "build", "w5", "--length", "5s")
    return lambda *words: run("query", *words)


def test_query_prints_a_table_csv_or_json(ask):
    sql = "SELECT corpus, count(*) AS n FROM windows_w5 GROUP BY corpus"
    assert "36" in ask(sql)
    assert ask(sql, "--format", "csv") == "corpus,n\na,36\n"
    assert json.loads(ask(sql, "--json")) == json.loads(ask(sql, "--format", "json")) == [{"corpus": "a", "n": 36}]


def test_query_writes_files_by_their_ending(ask, tmp_path):
    sql = "SELECT * FROM windows_w5 ORDER BY window_id"
    ask(sql, "-o", str(tmp_path / "w.parquet"))
    ask(sql, "-o", str(tmp_path / "w.csv"))
    ask(sql, "-o", str(tmp_path / "w.json"))
    whole, flat = pl.read_parquet(tmp_path / "w.parquet"), pl.read_csv(tmp_path / "w.csv")
    assert whole.height == flat.height == 36
    assert json.loads(flat["streams"][0]) == whole["streams"][0].to_list()
    assert json.loads((tmp_path / "w.json").read_text())[0]["streams"] == whole["streams"][0].to_list()
    with pytest.raises(UsageError, match="does not tell a format"):
        ask(sql, "-o", str(tmp_path / "w.xls"))
    with pytest.raises(UsageError, match="cannot be written"):
        ask(sql, "-o", str(tmp_path / "nowhere" / "w.csv"))


def test_query_reads_the_store_as_it_was(ask):
    with pytest.raises(QueryError, match="no relation 'windows_w5'"):
        ask("SELECT * FROM windows_w5", "--at", "1")
    assert json.loads(ask("SELECT count(*) AS n FROM recordings", "--at", "1", "--json")) == [{"n": 6}]


def test_query_explains_relations_and_columns(ask):
    every = json.loads(ask("--explain", "--json"))
    assert {"recordings", "streams", "channels", "annotations", "windows_w5"} <= {row["relation"] for row in every}
    assert all(row["meaning"] for row in every), [row for row in every if not row["meaning"]]
    some = json.loads(ask("SELECT count(*) FROM windows_w5", "--explain", "--json"))
    assert {row["relation"] for row in some} == {"windows_w5"}
    assert {"relation": "windows_w5", "column": "t0_ns", "type": "whole number"}.items() <= some[6].items()


def test_query_without_a_query_says_what_to_write(ask):
    with pytest.raises(UsageError, match="--explain lists"):
        ask()
    with pytest.raises(QueryError, match="this is no SELECT"):
        ask("DROP TABLE recordings")

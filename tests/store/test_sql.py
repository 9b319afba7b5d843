"""The guard of SQL: it reads relations of the store, and nothing else."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.errors import QueryError
from biocurate.store.sql import check_select, nearest, relations_of, run

WINDOWS = pl.DataFrame(
    {
        "window_id": [0, 1, 2],
        "recording_id": ["a/1", "a/1", "b/1"],
        "sensor_types": [["ECG", "EEG"], ["EEG"], ["ECG", "PPG"]],
        "t0_ns": [0, 10_000_000_000, 0],
        "condition": ["rest", None, "task"],
    }
)
RECORDINGS = pl.DataFrame({"recording_id": ["a/1", "b/1"], "corpus": ["a", "b"], "age": [30.0, None]})


@pytest.fixture
def relations():
    return {"windows_w10": lambda: WINDOWS.lazy(), "recordings": lambda: RECORDINGS.lazy()}


@pytest.fixture
def secret(tmp_path):
    """A file outside the store that no query may show."""
    file = tmp_path / "secret.csv"
    file.write_text("password\nhunter2\n")
    return file


WRITES = [
    "DROP TABLE recordings",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TABLE x AS SELECT * FROM recordings",
    "DELETE FROM recordings",
    "TRUNCATE TABLE recordings",
    "INSERT INTO recordings VALUES (1)",
    "UPDATE recordings SET corpus = 'x'",
    "ALTER TABLE recordings ADD COLUMN x INT",
    "COPY recordings TO '/tmp/x.csv'",
    "MERGE INTO recordings USING x ON true WHEN MATCHED THEN DELETE",
    "SELECT * INTO copied FROM recordings",
    "WITH gone AS (DELETE FROM recordings) SELECT * FROM gone",
    "SELECT * FROM (WITH a AS (SELECT 1) INSERT INTO recordings SELECT 2) x",
]
OTHERS = [
    "",
    "   ",
    "-- only a comment",
    "SHOW TABLES",
    "EXPLAIN SELECT 1",
    "DESCRIBE recordings",
    "VALUES (1)",
    "TABLE recordings",
    "FROM recordings",
    "PRAGMA version",
    "ATTACH 'x.db'",
    "SET x = 1",
    "USE x",
    "BEGIN",
    "CALL x()",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE recordings",
    "SELECT * FROM recordings WHERE corpus = 'a'; DELETE FROM recordings; --",
    "selec * from recordings",
]
OPENERS = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM READ_CSV('{file}')",
    "SELECT * FROM \"read_csv\"('{file}')",
    "SELECT * FROM read_csv /* */ ('{file}')",
    "SELECT * FROM read_csv\n('{file}') AS t",
    "SELECT * FROM recordings, read_csv('{file}')",
    "SELECT * FROM recordings JOIN read_csv('{file}') ON true",
    "SELECT * FROM (SELECT * FROM read_csv('{file}'))",
    "SELECT (SELECT max(password) FROM read_csv('{file}'))",
    "SELECT * FROM recordings WHERE corpus IN (SELECT password FROM read_csv('{file}'))",
    "SELECT * FROM recordings WHERE EXISTS (SELECT 1 FROM read_csv('{file}'))",
    "WITH a AS (SELECT * FROM read_csv('{file}')) SELECT * FROM a",
    "SELECT corpus FROM recordings UNION SELECT password FROM read_csv('{file}')",
    "SELECT '\\' , password FROM read_csv('{file}') --'",
    "SELECT $$a$$ , password FROM read_csv('{file}')",
    "SELECT E'\\'' , password FROM read_csv('{file}') --'",
    "SELECT 1 /* /* */ , password FROM read_csv('{file}') */",
    "SELECT 1 -- \n , password FROM read_csv('{file}')",
    "SELECT * FROM U&\"\\0072ead_csv\"('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM read_ipc('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_ndjson('{file}')",
    "SELECT * FROM scan_csv('{file}')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM main.recordings",
]


@pytest.mark.parametrize("sql", WRITES + OTHERS)
def test_only_one_select_is_taken(sql, relations):
    with pytest.raises(QueryError):
        check_select(sql)
    with pytest.raises(QueryError):
        run(sql, relations)
    assert RECORDINGS.height == 2


@pytest.mark.parametrize("sql", OPENERS)
def test_no_file_is_opened(sql, relations, secret):
    attack = sql.replace("{file}", str(secret))
    with pytest.raises(QueryError) as caught:
        run(attack, relations)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("sql", OPENERS)
def test_the_parser_alone_lets_no_file_be_opened_either(sql, relations, secret, monkeypatch):
    monkeypatch.setattr("biocurate.store.sql._OPENS_FILES", re.compile("(?!)"))
    try:
        answer = run(sql.replace("{file}", str(secret)), relations)
    except QueryError:
        return
    assert "hunter2" not in str(answer)


def test_polars_alone_would_open_it(secret):
    """Why there is a guard."""
    assert pl.SQLContext().execute(f"SELECT * FROM read_csv('{secret}')", eager=True).item() == "hunter2"


@given(st.text(alphabet="'\"`\\/*-$;()E, \nread_csvSELECTFROM1", max_size=60))
def test_no_text_raises_anything_but_a_query_error(text):
    try:
        answer = run(f"SELECT {text}", {"recordings": lambda: RECORDINGS.lazy()})
    except QueryError:
        return
    assert answer.width > 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "(SELECT * FROM recordings)",
        "select * from recordings;",
        "SELECT * FROM recordings; -- the end",
        "WITH a AS (SELECT * FROM recordings) SELECT * FROM a",
        "WITH recordings AS (SELECT * FROM recordings WHERE corpus = 'a') SELECT * FROM recordings",
        "SELECT corpus FROM recordings UNION ALL SELECT condition FROM windows_w10",
        "SELECT * FROM Recordings",
        "SELECT * FROM (VALUES (1, 2)) AS v(a, b)",
        "SELECT * FROM recordings WHERE corpus <> 'DROP TABLE recordings; --'",
    ],
)
def test_a_select_is_answered(sql, relations):
    check_select(sql)
    assert run(sql, relations).height > 0


def test_windows_that_have_eeg_and_ecg(relations):
    for condition in (
        "array_contains(sensor_types, 'EEG') AND array_contains(sensor_types, 'ECG')",
        "'EEG' = ANY(sensor_types) AND 'ECG' = ANY(sensor_types)",
    ):
        assert run(f"SELECT window_id FROM windows_w10 WHERE {condition}", relations).rows() == [(0,)]
    combined = (
        "SELECT array_to_string(sensor_types, '+') AS types, count(*) AS n FROM windows_w10 GROUP BY types ORDER BY 1"
    )
    assert run(combined, relations).rows() == [("ECG+EEG", 1), ("ECG+PPG", 1), ("EEG", 1)]
    one_by_one = "SELECT window_id, unnest(sensor_types) AS sensor FROM windows_w10"
    assert run(one_by_one, relations).height == 5


def test_joins_and_subqueries_say_what_sql_says(relations):
    joined = """
        SELECT r.corpus, count(*) AS n, sum(w.t0_ns) / 1e9 AS s
        FROM windows_w10 w JOIN recordings r ON w.recording_id = r.recording_id GROUP BY r.corpus ORDER BY r.corpus
    """
    assert run(joined, relations).rows() == [("a", 2, 10.0), ("b", 1, 0.0)]
    correlated = """
        SELECT corpus FROM recordings r WHERE EXISTS
        (SELECT 1 FROM windows_w10 w WHERE w.recording_id = r.recording_id AND w.condition = 'task')
    """
    assert run(correlated, relations).rows() == [("b",)]


def test_only_relations_that_are_named_are_opened():
    def never():
        raise AssertionError("opened")

    relations = {"recordings": lambda: RECORDINGS.lazy(), "windows_w10": never}
    assert run("SELECT count(*) AS n FROM recordings", relations).item() == 2
    assert relations_of("SELECT * FROM windows_w10 JOIN recordings USING (recording_id)") == [
        "recordings",
        "windows_w10",
    ]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT * FROM windows_w1", "no relation 'windows_w1'. Did you mean 'windows_w10'"),
        ("SELECT corpsu FROM recordings", "no column 'corpsu'. Did you mean 'corpus'.*age, corpus, recording_id"),
        ("SELECT r.corpsu FROM recordings r", "no column 'corpsu'. Did you mean 'corpus'"),
        ("SELECT * FROM recordings WHERE Corpus = 'a'", "no column 'Corpus'. Did you mean 'corpus'"),
        ("SELECT * FROM recordings ORDER BY nosuch", "no column 'nosuch'"),
        ('SELECT * FROM recordings WHERE corpus = "a"', "single quotes: 'a'"),
        (
            "SELECT ages FROM windows_w10 w JOIN recordings r ON w.recording_id = r.recording_id",
            "no column 'ages'. Did you mean 'age'.*recordings has: .*windows_w10 has: ",
        ),
        (
            "SELECT list_contains(sensor_types, 'ECG') FROM windows_w10",
            "'list_contains'. Here it is called array_contains",
        ),
        ("SELECT nosuch(corpus) FROM recordings", "no function 'nosuch'"),
        ("SELECT * FROM windows-w10", "'-'.*underscores: windows_w_10"),
        ("SELECT * FROM recordings WHERE (corpus = 'a'", "line 1.*expecting"),
        ("SELECT 'a", "not closed"),
        ("SELECT corpus, age FROM recordings GROUP BY corpus", "'age' should participate in the GROUP BY"),
    ],
)
def test_a_wrong_query_is_explained_in_one_paragraph(sql, says, relations):
    with pytest.raises(QueryError, match=says) as caught:
        run(sql, relations)
    assert "\n" not in str(caught.value)


def test_the_nearest_name_ignores_case():
    assert nearest("EEGMAT", ["eegmat", "ludb"]) == "Did you mean 'eegmat'? There are: eegmat, ludb."
    assert nearest("zzz", ["eegmat"]) == "There are: eegmat."
    assert nearest("x", []) == "There are none."

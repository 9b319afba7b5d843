"""Columns that are called like words of SQL: the error says to quote them."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.errors import QueryError
from biocurate.store.sql import run


def answer(sql):
    frame = pl.LazyFrame({"b": [1], "view": ["v"], "offset": [2.0], "end": [3], "group": ["g"]})
    return run(sql, {"t": lambda: frame})


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("SELECT b, view FROM t", "view"),
        ("SELECT b, offset FROM t", "offset"),
        ("SELECT offset, count(*) AS n FROM t GROUP BY offset", "offset"),
        ("SELECT b, end FROM t", "end"),
        ("SELECT b, group FROM t ORDER BY b", "group"),
    ],
)
def test_a_bare_word_of_sql_is_to_be_quoted(sql, word):
    with pytest.raises(QueryError) as caught:
        answer(sql)
    assert f'double quotes: "{word}".' in caught.value.mend
    answer(
        sql.replace(f", {word} F", f', "{word}" F')
        .replace("BY offset", 'BY "offset"')
        .replace("T offset", 'T "offset"')
    )


@pytest.mark.parametrize("sql", ["SELECT b FROM t GROUP BY b LIMIT", "SELECT b FROM t ORDER BY b LIMIT 'a' OFF"])
def test_other_errors_say_nothing_of_quotes(sql):
    with pytest.raises(QueryError) as caught:
        answer(sql)
    assert "double quotes" not in caught.value.mend

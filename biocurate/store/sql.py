"""Read-only SQL over the relations of a store.

A query is one SELECT, or a WITH that ends in one. It is parsed before polars sees it, because polars' own SQL also
opens files (``read_csv('...')``) and takes DROP, CREATE and DELETE. Relations are opened only when a query names them.

Idioms of polars' dialect:

- windows that have EEG and ECG: ``WHERE array_contains(sensor_types, 'EEG') AND array_contains(sensor_types, 'ECG')``;
  ``'ECG' = ANY(sensor_types)`` says the same;
- windows by combination: ``SELECT array_to_string(sensor_types, '+') AS types, count(*) AS n ... GROUP BY types``;
- one row a list element: ``SELECT window_id, unnest(sensor_types) AS sensor_type FROM ...``;
- the table ``windows/w-10`` is ``windows_w_10``: dashes and slashes are underscores;
- ``/`` always divides to a float, lists count from 1, names of columns are case-sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from biocurate.errors import QueryError
from biocurate.store.damage import as_damage

if TYPE_CHECKING:
    import polars as pl
    from sqlglot import exp

Relations = Mapping[str, Callable[[], "pl.LazyFrame"]]
"""Name of each relation, and how to open it."""

DIALECT = "duckdb"
"""The dialect of sqlglot that comes nearest to polars' SQL."""

# A second guard beside the parser: should sqlglot and polars ever read a text differently (quotes, comments,
# escapes), polars still finds none of its table functions in it.
_OPENS_FILES = re.compile(r"read_(csv|ipc|json|ndjson|parquet)", re.IGNORECASE)

_OTHER_NAMES = {
    "list_contains": "array_contains",
    "list_has": "array_contains",
    "has": "array_contains",
    "len": "array_length",
    "list_length": "array_length",
    "cardinality": "array_length",
    "array_join": "array_to_string",
    "list": "array_agg",
}
"""Functions of other dialects, by what polars calls them."""

_WORDS = ("view", "offset", "end", "group", "order", "table", "limit", "union", "case", "when", "from", "to", "on")
"""Words of SQL that a column can be called; bare, polars takes some of them for what they mean elsewhere."""

_OURS = {"view", "offset"}
"""Of these, what columns of a store are called."""

_NO_COLUMN = (
    re.compile(r'unable to find column "(?P<name>[^"]*)"'),
    re.compile(r"no column named '(?P<name>[^']*)' found"),
    re.compile(r"^(?P<name>\w+)$"),
)


def check_select(sql: str) -> None:
    """Refuse everything that is not one SELECT over named relations.

    Raises
    ------
    QueryError
        For another statement, several statements, a table function such as ``read_csv()``, or a syntax error.
    """
    _parse(sql)


def condition(text: str) -> str:
    """A condition in brackets, to stand behind WHERE or beside AND.

    Raises
    ------
    QueryError
        Where it is no whole condition by itself: ``1=1) OR (1=1`` would be one only between two brackets.
    """
    _parse(f"SELECT * FROM recordings WHERE {text}\n")
    # The line break ends a comment that the condition may end with.
    return f"({text}\n)"


def relations_of(sql: str) -> list[str]:
    """Names of the relations that a query reads, sorted; names of its own WITH parts may be among them.

    Raises
    ------
    QueryError
        As `check_select`.
    """
    return _tables(_parse(sql))


def run(sql: str, relations: Relations) -> pl.DataFrame:
    """Answer a query.

    Parameters
    ----------
    sql : str
        One SELECT or WITH statement.
    relations : mapping of str to callable
        Every relation that can be named; only those that the query names are opened.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    QueryError
        For anything else than one SELECT, and for names of relations, columns or functions that do not exist.
    DamageError
        Where a file of a relation's table cannot be read.
    """
    import polars as pl

    frames = _open(_parse(sql), relations)
    try:
        # Streaming groups millions of windows in less memory (`biocurate bench windows`).
        answer = pl.SQLContext(frames=frames).execute(sql, eager=False).collect(engine="streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise as_damage(error) or _explain(error, sql, frames) from error
    except OSError as error:
        raise as_damage(error) or error from error
    if not answer.width:
        raise QueryError("it selects nothing.", where=_place(sql), mend="Name a relation: SELECT * FROM recordings.")
    return answer


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which name was probably meant, and list those that there are.

    The text is the mend of an error: ``Did you mean 'corpus'? There are: corpus, subject.``
    """
    known = sorted(names)
    lowered = {each.lower(): each for each in known}
    guess = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    hint = f"Did you mean {lowered[guess[0]]!r}? " if guess else ""
    return f"{hint}There are: {', '.join(known)}." if known else f"{hint}There are none."


def _parse(sql: str) -> exp.Query:
    import sqlglot
    from sqlglot import TokenType, exp
    from sqlglot.errors import SqlglotError

    only = "A query is one SELECT, or one WITH ... SELECT; it only reads."
    opens = _OPENS_FILES.search(sql)
    if opens:
        raise QueryError(f"{opens[0]} opens files, which a query may not.", where=_place(sql), mend=only)
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
        if not tokens or tokens[0].token_type not in {TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN}:
            raise QueryError("this is no SELECT.", where=_place(sql), mend=only)
        parsed = sqlglot.parse(sql, read=DIALECT)
    except SqlglotError as error:
        raise QueryError(_syntax(error), where=_place(sql), mend=_syntax_mend(sql)) from error
    # What follows the last semicolon may be a comment, which is a statement to sqlglot.
    statements = [each for each in parsed if each is not None and not isinstance(each, exp.Semicolon)]
    if len(statements) != 1:
        raise QueryError(f"these are {len(statements)} statements.", where=_place(sql), mend=only)
    query = statements[0]
    if isinstance(query, exp.Subquery):
        query = query.unnest()
    if not isinstance(query, exp.Query):
        raise QueryError("this is no SELECT.", where=_place(sql), mend=only)
    _refuse(query, sql, only)
    return query


def _refuse(query: exp.Query, sql: str, only: str) -> None:
    """Refuse what writes, and every table that is no plain name."""
    from sqlglot import exp

    writing = query.find(exp.DML, exp.DDL, exp.Command, exp.Copy, exp.Into, exp.Drop, exp.Alter)
    if writing is not None and not isinstance(writing, exp.Query):
        raise QueryError(f"{writing.key.upper()} changes things, which a query may not.", where=_place(sql), mend=only)
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            name = table.this.sql(dialect=DIALECT).split("(")[0].lower()
            raise QueryError(f"{name}() is a table function, which a query may not call.", where=_place(sql), mend=only)


def _tables(query: exp.Query) -> list[str]:
    from sqlglot import exp

    # Qualified names ("main.recordings") stay whole, so that they are reported as unknown.
    return sorted({".".join(part.name for part in table.parts) for table in query.find_all(exp.Table)})


def _open(query: exp.Query, relations: Relations) -> dict[str, pl.LazyFrame]:
    from sqlglot import exp

    own = {part.alias.lower() for part in query.find_all(exp.CTE)}
    lowered = {name.lower(): name for name in relations}
    frames = {}
    for name in _tables(query):
        known = name if name in relations else lowered.get(name.lower())
        if known is not None:
            frames[known] = relations[known]()
        elif name.lower() not in own:
            raise QueryError(f"there is no relation {name!r}.", mend=nearest(name, relations))
    return frames


def _explain(error: BaseException, sql: str, frames: Mapping[str, pl.LazyFrame]) -> QueryError:
    """Turn polars' message into one paragraph."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0].removeprefix("sql parser error: ")
    first = re.split(r",? (found )?(Compound)?Identifier\(", first)[0]
    column = next((match["name"] for pattern in _NO_COLUMN if (match := pattern.search(first))), None)
    columns_there = {each for frame in frames.values() for each in frame.collect_schema().names()}
    reserved = _quote(sql, columns_there)
    if column is not None and not (reserved and column in columns_there):
        columns = _columns(column, frames)
        # Neither quoted as a name nor near one: 'corpus = eegmat' means a text.
        meant = f'"{column}"' in sql or not columns.startswith("Did you mean")
        quoted = f"Text stands in single quotes: '{column}'. " if meant else ""
        return QueryError(f"there is no column {column!r}.", where=_place(sql), mend=quoted + columns)
    function = re.search(r"unsupported function '(\w+)'", first)
    if function:
        known = _OTHER_NAMES.get(function[1].lower())
        mend = f"Here it is called {known}." if known else "The functions are those of polars' SQL."
        return QueryError(f"there is no function {function[1]!r}.", where=_place(sql), mend=mend)
    what = f"{first[:1].lower()}{first[1:].rstrip('.')}."
    return QueryError(what, where=_place(sql), mend=reserved or _syntax_mend(sql))


def _columns(column: str, frames: Mapping[str, pl.LazyFrame]) -> str:
    columns = {name: frame.collect_schema().names() for name, frame in frames.items()}
    if len(columns) == 1:
        return nearest(column, next(iter(columns.values())))
    hint = nearest(column, {each for names in columns.values() for each in names}).partition("There are")[0]
    return hint + " ".join(f"{name} has: {', '.join(names)}." for name, names in columns.items())


def _syntax(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return "a quote or a comment is not closed."
    first = details[0]
    near = f" near {first['highlight']!r}" if first.get("highlight") else ""
    text = re.split(r" but got <Token| for <class", str(first.get("description", "")))[0].rstrip(".")
    return f"line {first.get('line')}, column {first.get('col')}{near}: {text[:1].lower()}{text[1:]}."


def _quote(sql: str, columns: Iterable[str]) -> str:
    """Say which columns are words of SQL and stand bare in a query."""
    bare = [
        word
        for word in _WORDS
        if word in columns and re.search(rf"""(?<!["'\w.]){word}\b(?!\s+by\b|["'])""", sql, re.IGNORECASE)
    ]
    named = " and ".join(f'"{word}"' for word in bare)
    return f"A column that is called like a word of SQL stands in double quotes: {named}." if bare else ""


def _syntax_mend(sql: str) -> str:
    if reserved := _quote(sql, _OURS):
        return reserved
    if re.search(r"(?i)\b(from|join)\s+[\w/]+[-/]\w", sql):
        return "In SQL the dashes and slashes of a table's name are underscores: windows_w_10."
    return "Names stand in double quotes, text in single ones." if "`" in sql else ""


def _place(sql: str) -> str:
    """Give the query itself, shortened to a line."""
    line = " ".join(sql.split())
    return f"query `{line if len(line) <= 120 else line[:117] + '...'}`"

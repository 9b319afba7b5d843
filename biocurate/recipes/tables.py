"""Sidecar tables: found below the root, read once a process, joined on a declared key."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import RecipeError
from biocurate.formats.source import Source
from biocurate.recipes.labelling import Column, Key, Keyed
from biocurate.recipes.typos import nearest

KEPT = 64
"""Tables that a process keeps in memory."""


@lru_cache(maxsize=KEPT)
def table_source(root: Path, virtual: str) -> Source:
    """A table below the root, on disk or inside a zip archive.

    Raises
    ------
    RecipeError
        There is none, or a link in its path leads out of the root.
    """
    real = root.resolve()
    parts = virtual.split("/")
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length])
        place = root / path
        if not place.is_file():
            continue
        if not place.resolve().is_relative_to(real):
            raise RecipeError("the file is a link that leads out of the corpus' root.", where=f"{root}, {virtual}")
        if length == len(parts):
            return Source(root, path)
        return Source(root, path, "/".join(parts[length:]))
    raise RecipeError(
        "the table that the recipe names is not there.",
        where=f"{root}, {virtual}",
        mend="Is --root the corpus' own folder, and is the copy complete?",
    )


def is_there(root: Path, keyed: Keyed) -> bool:
    """Whether a table can be read: one that a corpus may be without is not missed.

    Raises
    ------
    RecipeError
        As `table_source`, for a table that must be there.
    """
    try:
        table_source(root, keyed.file)
    except RecipeError:
        if keyed.optional and not (root / keyed.file).exists():
            return False
        raise
    return True


def read_rows(source: Source, separator: str | None = None) -> pl.DataFrame:
    """Read a table with a header row; every cell is text without blanks around it, or null where it is empty.

    A table is read once a process, as long as it does not change.
    """
    return _read_rows(source, separator, source.mtime_ns)


@lru_cache(maxsize=KEPT)
def _read_rows(source: Source, separator: str | None, mtime_ns: int) -> pl.DataFrame:
    with source.open() as file:
        return parse_rows(file.read(), source, separator)


def parse_rows(
    data: bytes,
    source: Source,
    separator: str | None = None,
    *,
    header: bool = True,
    skip: int = 0,
    columns: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Read a table's bytes as text cells, stripped; empty cells are null.

    Parameters
    ----------
    data : bytes
    source : Source
        Where they are from.
    separator : str, optional
        Between cells; a tab in ``.tsv``, else a comma.
    header : bool
        Whether the first row that is not skipped names the columns.
    skip : int
        Lines to skip first.
    columns : sequence of int, optional
        Places of the columns to read; all where it is left out.
    """
    data = b"".join(data.split(b"\n", skip)[skip:]) if skip else data
    if not data.strip():
        return pl.DataFrame()
    separator = separator or ("\t" if source.virtual.lower().endswith(".tsv") else ",")
    try:
        rows = pl.read_csv(
            io.BytesIO(data), has_header=header, infer_schema=False, separator=separator, columns=columns
        )
    except pl.exceptions.PolarsError as error:
        raise RecipeError(
            f"the table cannot be read: {str(error).splitlines()[0]}",
            where=source.virtual,
            mend="It must be UTF-8 text with as many cells in each row as in the first.",
        ) from None
    if columns is not None:
        rows.columns = [f"{_PLACE}{place}" for place in columns]
    rows = rows.rename({name: name.strip() for name in rows.columns})
    return rows.with_columns(pl.all().str.strip_chars().replace("", None))


def column_of(rows: pl.DataFrame, column: Column | tuple[Column, ...], source: Source) -> str:
    """Name of a column given by name or place; of several the first that is there.

    Raises
    ------
    RecipeError
        The table has no such column.
    """
    for each in column if isinstance(column, tuple) else (column,):
        if isinstance(each, int) and f"{_PLACE}{each}" in rows.columns:  # where only some were read
            return f"{_PLACE}{each}"
        if isinstance(each, int) and 0 <= each < rows.width:
            return rows.columns[each]
        if isinstance(each, str) and each in rows.columns:
            return each
    raise RecipeError(
        f"the table has no column {column!r}.",
        where=source.virtual,
        mend=nearest(column, rows.columns) if isinstance(column, str) else f"It has {', '.join(rows.columns)}.",
    )


def keys_of(rows: pl.DataFrame, key: Key, source: Source) -> pl.Series:
    """The key of each row as recordings spell it; null where the row joins nothing."""
    cells = rows.get_column(column_of(rows, key.column, source))
    if key.normalise is not None:
        pattern = key.normalise
        spelled = {cell: pattern.fullmatch(cell) for cell in cells.unique().drop_nulls()}
        plain = {cell: match[1] if pattern.groups else match[0] for cell, match in spelled.items() if match}
        cells = cells.replace_strict(plain, default=None, return_dtype=pl.String)
    if key.zero_fill is not None:
        cells = cells.str.zfill(key.zero_fill)
    return cells


def rows_by_key(root: Path, keyed: Keyed) -> Mapping[str, pl.DataFrame]:
    """Rows of a table by key; a table is taken apart once a process, as long as it does not change."""
    if not is_there(root, keyed):
        return {}
    source = table_source(root, keyed.file)
    return _rows_by_key(source, keyed.separator, keyed.key, source.mtime_ns)


def cells_of(root: Path, keyed: Keyed, column: Column, key: str) -> list[str] | None:
    """Cells of one column in the rows of a key, without the empty ones; None where no row has the key."""
    if not is_there(root, keyed):
        return None
    source = table_source(root, keyed.file)
    rows = _read_rows(source, keyed.separator, source.mtime_ns)
    if keyed.optional and column not in rows.columns:
        return None
    keys, places = _index(source, keyed.separator, keyed.key, source.mtime_ns)
    first, last = (np.searchsorted(keys, key.encode(), side) for side in ("left", "right"))
    if first == last:
        return None
    cells = rows.get_column(column_of(rows, column, source))
    # One by one: there are few, and an expression costs more than they do.
    return [cell for place in places[first:last].tolist() if (cell := cells[place]) is not None]


@lru_cache(maxsize=KEPT)
def _index(
    source: Source, separator: str | None, key: Key, mtime_ns: int
) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """Keys of a table in order, and the row of each; a dict of lists would be gigabytes for a table of 800,000 rows."""
    keys = keys_of(_read_rows(source, separator, mtime_ns), key, source)
    places = keys.is_not_null().arg_true().to_numpy().astype(np.int64)
    texts = np.array([text.encode() for text in keys.drop_nulls()], dtype=np.bytes_)
    order = np.argsort(texts, kind="stable")
    return texts[order], places[order]


@lru_cache(maxsize=KEPT)
def _rows_by_key(source: Source, separator: str | None, key: Key, mtime_ns: int) -> Mapping[str, pl.DataFrame]:
    rows = _read_rows(source, separator, mtime_ns)
    keys = keys_of(rows, key, source)
    parts = rows.with_columns(keys.alias(_KEY)).drop_nulls(_KEY).partition_by(_KEY, as_dict=True, include_key=False)
    return {str(name): part for (name,), part in parts.items()}


_KEY = "\x00key"
_PLACE = "\x00place "

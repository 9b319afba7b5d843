"""Sidecar tables: found below the root, read once a process; what their rows are called (`keyed` joins them)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl

from biocurate.errors import RecipeError
from biocurate.formats.source import Source
from biocurate.recipes.fields import whole
from biocurate.recipes.labelling import Column, Key, Keyed
from biocurate.recipes.typos import nearest

KEPT = 64
"""Tables that a process keeps in memory."""
LARGE = 2**24
"""Bytes of a table of which only the columns that are needed are held."""


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


def read_rows(
    source: Source, separator: str | None = None, columns: tuple[Column | tuple[Column, ...], ...] = ()
) -> pl.DataFrame:
    """Read a table with a header row; every cell is text without blanks around it, or null where it is empty.

    A table is read once a process, as long as it does not change.

    Parameters
    ----------
    source : Source
    separator : str, optional
        Between cells; a tab in ``.tsv``, else a comma.
    columns : tuple, optional
        Those that are needed, as `column_of` takes them: of a table of more than `LARGE` bytes no others are held,
        where each has a name.
    """
    size, mtime_ns = source.stamp
    return _read_rows(source, separator, columns if size > LARGE else (), mtime_ns)


@lru_cache(maxsize=KEPT)
def _read_rows(
    source: Source, separator: str | None, columns: tuple[Column | tuple[Column, ...], ...], mtime_ns: int
) -> pl.DataFrame:
    with source.open() as file:
        data = file.read()
    if not columns:
        return parse_rows(data, source, separator)
    head = parse_rows(data.partition(b"\n")[0] + b"\n", source, separator)
    names = {each for column in columns for each in (column if isinstance(column, tuple) else (column,))}
    if any(isinstance(name, int) for name in names):
        return parse_rows(data, source, separator)
    places = [place for place, name in enumerate(head.columns) if name in names]
    rows = parse_rows(data, source, separator, columns=places)
    return rows.rename({f"{_PLACE}{place}": head.columns[place] for place in places}) if places else head


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
    if not data or data.isspace():
        return pl.DataFrame()
    separator = separator or ("\t" if source.virtual.lower().endswith(".tsv") else ",")
    try:
        rows = pl.read_csv(data, has_header=header, infer_schema=False, separator=separator, columns=columns)
    except pl.exceptions.PolarsError as error:
        raise RecipeError(
            f"the table cannot be read: {str(error).splitlines()[0]}",
            where=source.virtual,
            mend="It must be UTF-8 text with as many cells in each row as in the first.",
        ) from None
    if columns is not None:
        rows.columns = [f"{_PLACE}{place}" for place in columns]
    rows.columns = [name.strip() for name in rows.columns]
    bare = pl.all().str.strip_chars()
    return rows.select(pl.when(bare != "").then(bare))


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
        spelled = {cell: whole(pattern, cell) for cell in cells.unique().drop_nulls()}
        plain = {cell: match[1] if pattern.groups else match[0] for cell, match in spelled.items() if match}
        cells = cells.replace_strict(plain, default=None, return_dtype=pl.String)
    if key.zero_fill is not None:
        cells = cells.str.zfill(key.zero_fill)
    return cells


_PLACE = "\x00place "

"""`biocurate query`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

if TYPE_CHECKING:
    import polars as pl


class Format(StrEnum):
    """What an answer is written as."""

    TABLE = "table"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


def query(
    store: StoreOption,
    sql: Annotated[
        str | None,
        typer.Argument(help="One SELECT or WITH statement; with --explain also a relation's name.", show_default=False),
    ] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="By the ending of -o where left out, else a table.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write to.", parser=path_of, metavar="FILE")
    ] = None,
    at: At = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="List relations and columns instead: all, or those of the query.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the store's tables a question in SQL; nothing can be changed by it.

    biocurate query "SELECT corpus, count(*) AS n FROM recordings GROUP BY corpus" --store ~/store

    biocurate query "SELECT * FROM windows_w10 WHERE array_contains(sensor_types, 'EEG')" -o eeg.parquet

    biocurate query --explain

    biocurate query --explain streams
    """
    from biocurate.curate.query import describe
    from biocurate.errors import UsageError
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    kind = Format.JSON if as_json else format_ or _by_ending(output)
    if explain:
        answer = describe(opened, sql)
        _write(answer, kind, output, most=answer.height)
        return
    if sql is None:
        raise UsageError(
            "there is no query.", mend='Write one: biocurate query "SELECT ..."; --explain lists what there is.'
        )
    _write(opened.sql(sql), kind, output)


def _by_ending(output: Path | None) -> Format:
    from biocurate.errors import UsageError

    if output is None:
        return Format.TABLE
    ending = output.suffix.lower().removeprefix(".")
    if ending not in {"csv", "parquet", "json"}:
        raise UsageError(
            f"{output.name!r} does not tell a format.", mend="End it in .csv, .parquet or .json, or give --format."
        )
    return Format(ending)


def _write(answer: pl.DataFrame, kind: Format, output: Path | None, most: int | None = None) -> None:
    """Print an answer, or write it to a file in one go."""
    import sys

    from biocurate.cli.output import SHOWN, console, show, writing
    from biocurate.errors import UsageError

    if output is None and kind in {Format.TABLE, Format.JSON}:
        show(answer if kind is Format.JSON else _brief(answer), kind is Format.JSON, most=most or SHOWN)
        return
    if kind is Format.TABLE:
        raise UsageError("a table is for people; a file is csv, parquet or json.", mend="Give --format or an ending.")
    if output is None:
        if kind is Format.PARQUET and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal.", mend="Name a file: -o answer.parquet")
        sys.stdout.buffer.write(_as_bytes(answer, kind))
        return
    with writing(output):
        output.write_bytes(_as_bytes(answer, kind))
    console().print(f"{answer.height:,} rows are in {output}.", markup=False)


def _as_bytes(answer: pl.DataFrame, kind: Format) -> bytes:
    """Give a whole answer as a file's bytes."""
    import io

    from biocurate.cli.output import to_json

    if kind is Format.JSON:
        return (to_json(answer.to_dicts()) + "\n").encode()
    buffer = io.BytesIO()
    if kind is Format.PARQUET:
        answer.write_parquet(buffer)
    else:
        _flat(answer).write_csv(buffer)
    return buffer.getvalue()


def _brief(answer: pl.DataFrame) -> pl.DataFrame:
    """Count nested structures, which have no place in a table's cell; JSON and Parquet hold them."""
    import polars as pl

    structures = [
        name
        for name, dtype in answer.schema.items()
        if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)
    ]
    return answer.with_columns(pl.format("{} items", pl.col(name).list.len()).alias(name) for name in structures)


def _flat(answer: pl.DataFrame) -> pl.DataFrame:
    """Write lists and structures as JSON, for which CSV has no place."""
    import polars as pl

    from biocurate.cli.output import to_json

    nested = [name for name, dtype in answer.schema.items() if dtype.is_nested()]
    return answer.with_columns(
        pl.Series(
            name,
            [None if value is None else to_json(value, indent=None) for value in answer[name].to_list()],
            pl.String,
        )
        for name in nested
    )

"""A table of labels that are added to a corpus later, checked in whole before any of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from biocurate.errors import UsageError
from biocurate.ingest.label_checks import faults_of, numbered
from biocurate.recipes.naming import hashed
from biocurate.recipes.typos import nearest

IDS = ("recording_id", "recording", "subject")
"""Columns that say whose a label is: an id, a recording's name, or a subject with all its recordings."""
COLUMNS = (*IDS, "onset_s", "duration_s", "kind", "value", "number", "channel")
SHOWN = 8
"""Faults, or ids, that a message lists."""
LONGEST_HEAD = 65_536
"""Letters of a first row."""
KEY = ("recording_id", "onset_ns", "duration_ns", "kind", "value", "number", "channel")
"""Columns of ``labels`` that a file gives."""


@dataclass(frozen=True)
class Labels:
    """Labels of a file that fit recordings of the store."""

    rows: pl.DataFrame
    """`KEY`, each row once, sorted."""
    unknown: list[str] = field(default_factory=list)
    """Ids in the file that the corpus has not."""
    unlabelled: list[str] = field(default_factory=list)
    """Recordings of the corpus that the file does not name."""


def read_labels(path: Path, corpus: str, recordings: pl.DataFrame, kind: str | None = None) -> Labels:
    """Read a CSV or TSV file of labels.

    Parameters
    ----------
    path : Path
        With a header row: one of `IDS`, ``value`` or ``number`` or both, and where wanted ``onset_s``, ``duration_s``
        (from the recording's start; without an onset the label is of the whole recording, without a duration an
        instant), ``kind`` and ``channel``.
    corpus : str
    recordings : DataFrame
        recording_id, subject, duration_ns and streams of the corpus.
    kind : str, optional
        Of every row, where the file has no column ``kind``.

    Raises
    ------
    UsageError
        The file cannot be used as it is: every fault is told with its line, and nothing of it is taken.
    """
    table = numbered(_table(path, kind))
    whose = next(name for name in IDS if name in table.columns)
    joined, unknown = _joined(table, whose, corpus, recordings)
    if joined.is_empty():
        ids = ", ".join(recordings["recording_id"].head(3))
        raise UsageError(
            f"none of its {table.height:,} rows is of a recording of {corpus}.",
            where=str(path),
            mend=f"Recordings are called {ids}." if ids else f"The store has no recording of {corpus}.",
        )
    if faults := faults_of(table, joined):
        listed = "; ".join(faults[:SHOWN]) + (f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else "")
        raise UsageError(
            f"{len(faults)} of its rows cannot be used: {listed}.", where=str(path), mend="Mend them; none was taken."
        )
    named = set(joined["recording_id"])
    return Labels(
        joined.select(KEY).unique().sort(KEY, nulls_last=False),
        unknown,
        [name for name in recordings["recording_id"].sort() if name not in named],
    )


def _table(path: Path, kind: str | None) -> pl.DataFrame:
    """Read a file as text, with the line that each row stands on and every column that it may have."""
    try:
        separator = _separator(path)
        table = pl.read_csv(path, separator=separator, infer_schema=False, truncate_ragged_lines=False)
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise UsageError(
            "cannot be read as a table.", where=str(path), mend="Give a CSV file with a header row, in UTF-8."
        ) from error
    _check_columns(table.columns, path, kind)
    trimmed = table.with_columns(pl.col(pl.String).str.strip_chars().replace("", None)).with_row_index("line", 2)
    absent = [pl.lit(kind if name == "kind" else None, pl.String).alias(name) for name in COLUMNS if name not in table]
    return trimmed.with_columns(each for each in absent if each.meta.output_name() not in IDS)


def _separator(path: Path) -> str:
    """The sign between the columns' names: spreadsheets write ``;`` where a comma is the decimal point."""
    with path.open(encoding="utf-8-sig") as stream:
        names = stream.readline(LONGEST_HEAD)
    return max(",;\t", key=names.count)


def _check_columns(columns: Sequence[str], path: Path, kind: str | None) -> None:
    def refuse(what: str, mend: str) -> UsageError:
        return UsageError(what, where=f"{path}, line 1", mend=mend)

    for name in columns:
        if name not in COLUMNS:
            raise refuse(f"there is a column {name!r}.", f"{nearest(name, COLUMNS)} It may have {', '.join(COLUMNS)}.")
    if sum(name in columns for name in IDS) != 1:
        raise refuse("it must say in one column whose labels they are.", f"That is one of {', '.join(IDS)}.")
    if "value" not in columns and "number" not in columns:
        raise refuse("it has neither values nor numbers.", "Add a column `value`, `number`, or both.")
    if ("kind" in columns) == (kind is not None):
        what = "it has a column `kind`, and --kind is given" if kind else "it does not say what kind of label they are"
        raise refuse(f"{what}.", "Leave one of the two out." if kind else "Add a column `kind`, or give --kind NAME.")


def _joined(table: pl.DataFrame, whose: str, corpus: str, recordings: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Rows with the recording that each is of; a subject's rows once for each of its recordings."""
    name = pl.col("recording_id").str.strip_prefix(f"{corpus}/")
    names = pl.element().struct.field("channels").explode().struct.field("name")
    known = recordings.with_columns(channels=pl.col("streams").list.eval(names)).drop("streams")
    spelled = {"recording_id": pl.col("recording_id"), "recording": name, "subject": pl.col("subject")}
    right = known.with_columns(spelled[whose].alias("_whose"))
    stored = set(right["_whose"])
    given = table[whose].drop_nulls().unique()
    # Where a recipe hashes names, the file may still have the names themselves.
    as_stored = {text: found for text in given if (found := _as_stored(text, stored, corpus)) is not None}
    left = table.with_columns(
        pl.col(whose).replace_strict(as_stored, default=None, return_dtype=pl.String).alias("_whose")
    )
    unknown = sorted(str(text) for text in given if text not in as_stored)
    nameless = left.filter(pl.col(whose).is_null())
    if nameless.height:
        unknown.append(f"(empty, line {nameless['line'][0]})")
    joined = left.drop(whose).join(right, on="_whose", how="inner", suffix="_stored", maintain_order="left")
    return joined.drop("_whose"), unknown


def _as_stored(text: str, stored: set[str], corpus: str) -> str | None:
    prefix, slash, name = text.rpartition("/") if text.startswith(f"{corpus}/") else ("", "", text)
    spelled = (text, f"{prefix}{slash}{hashed(name)}")
    return next((each for each in spelled if each in stored), None)

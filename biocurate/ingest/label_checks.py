"""What can be wrong with a row of a table of labels."""

from __future__ import annotations

import polars as pl

from biocurate.recording import NS

KIND = r"^[A-Za-z][A-Za-z0-9_]*$"
"""As a recipe's labels are called: window sets have columns of these names."""
LONGEST_S = 9e9
"""Seconds that 64 bits of nanoseconds hold."""
EDGE_NS = 1_000
"""By so much a span may pass the recording's end: seconds in a table are rounded."""


def numbered(table: pl.DataFrame) -> pl.DataFrame:
    """Add `onset_ns`, `duration_ns` and the number to rows of text; null where a cell is none.

    A value that reads as a number gives the number where no column does. Where only the number is given, it is the
    value as well.

    Parameters
    ----------
    table : DataFrame
        line, and text in onset_s, duration_s, value and number.
    """
    onset, length = _nanoseconds("onset_s"), _nanoseconds("duration_s")
    number, read = (pl.col(name).cast(pl.Float64, strict=False) for name in ("number", "value"))
    return table.with_columns(
        onset_ns=onset,
        duration_ns=pl.when(pl.col("onset_s").is_not_null()).then(
            pl.when(pl.col("duration_s").is_null()).then(0).otherwise(length)
        ),
        said=pl.col("number"),
        number=pl.coalesce(number, pl.when(read.is_finite()).then(read)),
        value=pl.coalesce("value", "number"),
    )


def faults_of(table: pl.DataFrame, joined: pl.DataFrame) -> list[str]:
    """Every fault with its line, in the order of the file.

    Parameters
    ----------
    table : DataFrame
        All rows, `numbered`.
    joined : DataFrame
        Those of recordings of the store, with ``duration_ns_stored`` and ``channels`` of each.
    """
    end, said = pl.col("onset_ns") + pl.col("duration_ns"), pl.col("said").cast(pl.Float64, strict=False)
    elsewhere = ~pl.col("channels").list.contains(pl.col("channel"))
    by_itself = {
        "{onset_s!r} is no onset in seconds": _is_none("onset_s", _nanoseconds("onset_s")),
        "{duration_s!r} is no duration in seconds": _is_none("duration_s", _nanoseconds("duration_s")),
        "{said!r} is no number": _is_none("said", pl.when(said.is_finite()).then(said)),
        "it has a duration and no onset": pl.col("duration_s").is_not_null() & pl.col("onset_s").is_null(),
        "it has neither value nor number": pl.col("value").is_null(),
        "{kind!r} is no kind of label: letters, digits and _": ~pl.col("kind").str.contains(KIND).fill_null(False),
        "its onset or duration is negative": (pl.col("onset_ns") < 0) | (pl.col("duration_ns") < 0),
    }
    in_place = {
        "it ends after its recording": end > pl.col("duration_ns_stored") + EDGE_NS,
        "its recording has no channel {channel!r}": pl.col("channel").is_not_null() & elsewhere,
    }
    found: dict[int, str] = {}
    for rows, tests in ((table, by_itself), (joined, in_place)):
        for fault, is_wrong in tests.items():
            for row in rows.filter(is_wrong.fill_null(False)).iter_rows(named=True):
                found.setdefault(row["line"], fault.format(**row))
    return [f"line {line}: {found[line]}" for line in sorted(found)]


def _nanoseconds(name: str) -> pl.Expr:
    seconds = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(seconds.abs() < LONGEST_S).then((seconds * NS).round()).cast(pl.Int64)


def _is_none(name: str, read: pl.Expr) -> pl.Expr:
    """Whether something stands in a cell, and nothing could be read there."""
    return pl.col(name).is_not_null() & read.is_null()

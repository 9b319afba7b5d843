"""Rows that are instants or intervals -> annotations; all rows of a recording at once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import polars as pl

from biocurate.errors import RecipeError
from biocurate.formats.source import Source
from biocurate.recipes.day_clock import day_ns, since
from biocurate.recipes.labelling import Column, EventLabel, Spans
from biocurate.recipes.tables import column_of, parse_rows
from biocurate.recipes.words import is_unknown, label_of
from biocurate.recording import NS, Annotation, Recording

_NS_PER = {"s": NS, "ms": 10**6, "us": 10**3, "ns": 1}
_EXACT = pl.Decimal(38, 9)
"""Unix seconds to the nanosecond: a float64 resolves them to 240 ns only."""


def read_events(source: Source, label: EventLabel) -> tuple[pl.DataFrame, int]:
    """Read an event file.

    Returns
    -------
    DataFrame
        Text cells.
    int
        Unix time of the file's first cell in nanoseconds, where the onsets count from it; else 0.
    """
    with source.open() as file:
        data = file.read()
    counted = label.onset.clock == "file"
    places = None if label.header else _places(label)
    rows = parse_rows(data, source, label.separator, header=label.header, skip=int(counted), columns=places)
    if not counted or not data.strip():
        return rows, 0
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace").split(label.separator or ",")[0].strip()
    try:
        return rows, int(Decimal(first) * NS)
    except InvalidOperation:
        raise RecipeError(
            "its first cell is no time, but its onsets should count from it (`clock: file`).", where=source.virtual
        ) from None


def _places(label: EventLabel) -> list[int] | None:
    """The columns that are read of a table without a header; None for all. Samples may lie beside the labels."""
    spoken = (label.onset.column, label.duration, label.end, label.number, label.column)
    places = [column for column in spoken if isinstance(column, int)]
    named = any(isinstance(column, str | tuple) for column in spoken)
    return None if named or not places else sorted(set(places))


def spans_of(
    kind: str, spans: Spans, rows: pl.DataFrame, source: Source, recording: Recording, origin_ns: int = 0
) -> tuple[list[Annotation], list[str]]:
    """Annotations from rows, in order of onset, cut to the recording.

    Parameters
    ----------
    kind : str
        Kind of the annotations.
    spans : Spans
        Which column is what.
    rows : DataFrame
        Text cells.
    source : Source
        Where they are from.
    recording : Recording
        Whose clock they go on.
    origin_ns : int
        Unix time that onsets of ``clock: file`` count from.

    Returns
    -------
    list of Annotation
    list of str
        Warnings; they hold no text from the rows.
    """
    if rows.is_empty():
        return [], []
    if spans.onset.clock in ("unix", "file"):
        if recording.start_unix_ns is None:
            return [], [f"{kind}: the recording states no start time, so labels on the unix clock are left out"]
        origin_ns -= recording.start_unix_ns
    timed = _timed(spans, rows, source, origin_ns)
    warnings = _unreadable(kind, spans, rows, timed, source)
    if spans.missing_duration == "instant":
        timed = timed.with_columns(pl.col("length").fill_null(0))
    timed = timed.drop_nulls(["onset", "length"]).sort("onset", maintain_order=True)
    if spans.every_s is not None:
        timed = _merged(timed, round(spans.every_s * NS))
    timed = timed.drop_nulls("value")
    inside = _inside(timed, recording.duration_ns)
    if lost := timed.height - inside.height:
        warnings.append(f"{kind}: {lost} of {timed.height} lie outside the recording and are left out")
    made = inside.select("onset", "length", "value", "number").iter_rows()
    return [Annotation(onset, length, kind, value, number) for onset, length, value, number in made], warnings


def label_column(spans: Spans, rows: pl.DataFrame) -> Column | tuple[Column, ...] | None:
    """Column of the label; None where every row has the label that the recipe gives."""
    named = isinstance(spans.column, tuple) and not any(column in rows.columns for column in spans.column)
    return None if named and spans.value is not None else spans.column


def _timed(spans: Spans, rows: pl.DataFrame, source: Source, origin_ns: int) -> pl.DataFrame:
    """Onset and length in nanoseconds on the recording's clock, label and number of each row."""

    def cells(column: Column | tuple[Column, ...]) -> pl.Series:
        return rows.get_column(column_of(rows, column, source))

    column = label_column(spans, rows)
    onset = _onset(spans, rows, cells)
    length = _length(spans, onset, cells)
    number: pl.Series | None = None
    if spans.number is not None:
        number = cells(spans.number).cast(pl.Float64, strict=False)
    return pl.DataFrame(
        {
            "onset": onset + origin_ns,
            "length": length.clip(lower_bound=0),
            "value": _labels(spans, cells(column)) if column is not None else None,
            "number": number,
        },
        schema={"onset": pl.Int64, "length": pl.Int64, "value": pl.String, "number": pl.Float64},
    ).with_columns(pl.col("value") if column is not None else pl.lit(spans.value).alias("value"))


Cells = Callable[[Column], pl.Series]
"""Gives a column."""


def _onset(spans: Spans, rows: pl.DataFrame, cells: Cells) -> pl.Series:
    """When each row begins, in nanoseconds on its clock."""
    if spans.onset.column is None:
        assert spans.every_s is not None
        return pl.int_range(rows.height, dtype=pl.Int64, eager=True) * round(spans.every_s * NS)
    if spans.onset.origin is None:
        return _nanoseconds(cells(spans.onset.column), spans.onset.unit)
    return since(day_ns(cells(spans.onset.column)), day_ns(cells(spans.onset.origin)))


def _length(spans: Spans, onset: pl.Series, cells: Cells) -> pl.Series:
    """How long each row lasts, in nanoseconds; null where that cannot be read, or is longer than anything."""
    if spans.every_s is not None:
        return pl.Series([round(spans.every_s * NS)], dtype=pl.Int64).new_from_index(0, len(onset))
    if spans.duration is not None:
        length = _nanoseconds(cells(spans.duration), spans.onset.unit)
    elif spans.end is None:
        return pl.zeros(len(onset), pl.Int64, eager=True)
    elif spans.onset.origin is not None:
        assert spans.onset.column is not None
        length = since(day_ns(cells(spans.end)), day_ns(cells(spans.onset.column)))
    else:
        length = _nanoseconds(cells(spans.end), spans.onset.unit) - onset
    return length if spans.longest_s is None else _at_most(length, round(spans.longest_s * NS))


def _at_most(length: pl.Series, longest_ns: int) -> pl.Series:
    return length.to_frame("length").select(pl.when(pl.col("length") <= longest_ns).then("length")).to_series()


def _nanoseconds(cells: pl.Series, unit: str) -> pl.Series:
    return (cells.cast(_EXACT, strict=False) * _NS_PER[unit]).cast(pl.Int64, strict=False)


def _labels(spans: Spans, cells: pl.Series) -> pl.Series:
    said = {text: label_of(text, spans) for text in cells.unique().drop_nulls()}
    return cells.replace_strict(said, default=None, return_dtype=pl.String)


def _merged(timed: pl.DataFrame, every_ns: int) -> pl.DataFrame:
    """Rows of equal label that follow on each other as one interval; half a step of jitter is no gap."""
    begins = timed.get_column("value").ne_missing(timed.get_column("value").shift()) | (
        timed.get_column("onset").diff().fill_null(0) > every_ns + every_ns // 2
    )
    return (
        timed.with_columns(begins.cum_sum().alias("run"))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("onset").first(),
            (pl.col("onset").last() - pl.col("onset").first() + every_ns).alias("length"),
            pl.col("value").first(),
            pl.col("number").first(),
        )
    )


def _inside(timed: pl.DataFrame, duration_ns: int) -> pl.DataFrame:
    """What lies in the recording, cut to it; an instant may lie on its end."""
    begin, end = pl.col("onset"), pl.col("onset") + pl.col("length")
    touches = ((end > 0) & (begin < duration_ns)) | ((pl.col("length") == 0) & begin.is_between(0, duration_ns))
    cut = begin.clip(lower_bound=0)
    return timed.filter(touches).with_columns(
        cut.alias("onset"), (end.clip(upper_bound=duration_ns) - cut).alias("length")
    )


def _unreadable(kind: str, spans: Spans, rows: pl.DataFrame, timed: pl.DataFrame, source: Source) -> list[str]:
    """Warnings for times and labels that say nothing."""
    warnings = []
    endless = timed.filter(pl.col("onset").is_not_null() & pl.col("length").is_null()).height
    lost = timed.get_column("onset").null_count()
    if spans.missing_duration == "drop":
        lost, endless = lost + endless, 0
    # Where a length is left out on purpose, as BIDS' n/a, an instant is what is meant; a time that is none is a slip.
    if endless and spans.duration is None:
        warnings.append(f"{kind}: {endless} of {rows.height} rows have no plausible end and are kept as instants")
    if lost:
        warnings.append(f"{kind}: {lost} of {rows.height} rows have no readable time and are left out")
    if (column := label_column(spans, rows)) is not None:
        cells = rows.get_column(column_of(rows, column, source))
        unknown = [text for text in cells.unique().drop_nulls() if is_unknown(text, spans)]
        if unknown:
            count = cells.is_in(unknown).sum()
            warnings.append(f"{kind}: {count} of {rows.height} rows have a value that the recipe does not know")
    return warnings

"""Rows that are instants or intervals -> annotations; all rows of a recording at once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from itertools import repeat

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import RecipeError
from biocurate.formats.source import Source
from biocurate.recipes.day_clock import day_ns, since
from biocurate.recipes.labelling import Column, EventLabel, Spans
from biocurate.recipes.tables import column_of, parse_rows
from biocurate.recipes.timed import Timed, Times, coded, numbers_at
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

    def cells(column: Column | tuple[Column, ...]) -> pl.Series:
        return rows.get_column(column_of(rows, column, source))

    onset = _onset(spans, rows.height, cells)
    length = _length(spans, onset, cells)
    column = label_column(spans, rows)
    names = [] if spans.value is None else [spans.value]
    code = np.zeros(rows.height, np.int32)
    warnings = _unreadable(kind, spans, onset, length)
    if column is not None:
        code, names, unknown = _labels(spans, cells(column))
        if unknown:
            warnings.append(f"{kind}: {unknown} of {rows.height} rows have a value that the recipe does not know")
    known = onset.known if spans.missing_duration == "instant" else onset.known & length.known
    row = np.flatnonzero(known)
    lasting = np.where(length.known, np.maximum(length.ns, 0), 0)
    timed = Timed(row, onset.ns[row] + origin_ns, lasting[row], code[row]).in_order()
    if spans.every_s is not None:
        timed = timed.merged(round(spans.every_s * NS))
    timed = timed.labelled()
    inside = timed.inside(recording.duration_ns)
    if lost := len(timed) - len(inside):
        warnings.append(f"{kind}: {lost} of {len(timed)} lie outside the recording and are left out")
    numbers = repeat(None, len(inside)) if spans.number is None else numbers_at(cells(spans.number), inside.row)
    made = zip(inside.onset.tolist(), inside.length.tolist(), inside.code.tolist(), numbers, strict=True)
    return [Annotation(begin, lasts, kind, names[code], number) for begin, lasts, code, number in made], warnings


def label_column(spans: Spans, rows: pl.DataFrame) -> Column | tuple[Column, ...] | None:
    """Column of the label; None where every row has the label that the recipe gives."""
    named = isinstance(spans.column, tuple) and not any(column in rows.columns for column in spans.column)
    return None if named and spans.value is not None else spans.column


Cells = Callable[[Column], pl.Series]
"""Gives a column."""


def _onset(spans: Spans, n_rows: int, cells: Cells) -> Times:
    """When each row begins, in nanoseconds on its clock."""
    if spans.onset.column is None:
        assert spans.every_s is not None
        begins = np.arange(n_rows, dtype=np.int64) * round(spans.every_s * NS)
        return Times(begins, np.ones(n_rows, np.bool_))
    if spans.onset.origin is None:
        return Times.of(_nanoseconds(cells(spans.onset.column), spans.onset.unit))
    return Times.of(since(day_ns(cells(spans.onset.column)), day_ns(cells(spans.onset.origin))))


def _length(spans: Spans, onset: Times, cells: Cells) -> Times:
    """How long each row lasts, in nanoseconds; not known where that cannot be read, or is longer than anything."""
    if spans.every_s is not None:
        return Times.all(len(onset.ns), round(spans.every_s * NS))
    if spans.duration is not None:
        length = Times.of(_nanoseconds(cells(spans.duration), spans.onset.unit))
    elif spans.end is None:
        return Times.all(len(onset.ns), 0)
    elif spans.onset.origin is not None:
        assert spans.onset.column is not None
        length = Times.of(since(day_ns(cells(spans.end)), day_ns(cells(spans.onset.column))))
    else:
        end = Times.of(_nanoseconds(cells(spans.end), spans.onset.unit))
        length = Times(end.ns - onset.ns, end.known & onset.known)
    return length if spans.longest_s is None else length.at_most(round(spans.longest_s * NS))


def _nanoseconds(cells: pl.Series, unit: str) -> pl.Series:
    return (cells.cast(_EXACT, strict=False) * _NS_PER[unit]).cast(pl.Int64, strict=False)


def _labels(spans: Spans, cells: pl.Series) -> tuple[NDArray[np.int32], list[str], int]:
    """Code of each row's label, the labels, and how many rows have a value that the recipe does not know."""
    texts = cells.unique().drop_nulls().to_list()
    code, names = coded(cells, {text: label_of(text, spans) for text in texts})
    unknown = [text for text in texts if is_unknown(text, spans)]
    return code, names, int(cells.is_in(unknown).sum()) if unknown else 0


def _unreadable(kind: str, spans: Spans, onset: Times, length: Times) -> list[str]:
    """Warnings for times that say nothing."""
    warnings = []
    n_rows = len(onset.ns)
    endless = int(np.count_nonzero(onset.known & ~length.known))
    lost = n_rows - int(np.count_nonzero(onset.known))
    if spans.missing_duration == "drop":
        lost, endless = lost + endless, 0
    # Where a length is left out on purpose, as BIDS' n/a, an instant is what is meant; a time that is none is a slip.
    if endless and spans.duration is None:
        warnings.append(f"{kind}: {endless} of {n_rows} rows have no plausible end and are kept as instants")
    if lost:
        warnings.append(f"{kind}: {lost} of {n_rows} rows have no readable time and are left out")
    return warnings

"""Where the columns of a CSV file lie, what they are called, and where its data begin: from its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath

from biocurate.errors import SourceError
from biocurate.formats.csv.clock import LATEST
from biocurate.formats.csv.options import CsvOptions, Dtype
from biocurate.formats.csv.text import Lines, cells
from biocurate.formats.header import is_number
from biocurate.formats.source import Source
from biocurate.recording import NS

# unit and type of number of an Empatica E4's files: Empatica's info.txt, which each export has
_E4: dict[str, tuple[str, Dtype]] = {
    "EDA": ("uS", "float64"),
    "TEMP": ("degC", "float64"),
    "BVP": ("NU", "float64"),
    "HR": ("bpm", "float64"),
    "ACC": ("1/64 g", "int16"),
}


@dataclass(frozen=True)
class Column:
    """One column of samples."""

    label: str
    place: int
    """In the row, from 0."""
    unit: str
    dtype: Dtype
    rate_hz: float | None = None
    """As declared, by the recipe or in the file; None where only the times tell."""
    start_ns: int | None = None
    """Unix time of the first row, where the file's first rows state it."""


@dataclass(frozen=True)
class CsvLayout:
    """What the first rows and the options come to."""

    separator: str
    decimal: str
    first_row: int
    """Lines above the data."""
    names: tuple[str, ...]
    """Of all columns, read or not."""
    signals: tuple[Column, ...]
    time: int | None
    """Place of the column of times."""

    @property
    def columns(self) -> dict[str, int]:
        """Places of the columns of samples, by label."""
        return {column.label: column.place for column in self.signals}


def read_layout(lines: Lines, source: Source, options: CsvOptions) -> CsvLayout:
    """Take the first rows of a file, so that its data come next.

    Raises
    ------
    SourceError
        The file has no rows under its header, or its columns are not those that the options name.
    """
    n_head = 2 if options.layout == "e4" else options.header_rows
    head = [cells(row, options.separator, source.virtual) for row in lines.head(n_head)]
    lines.skip_comments()
    width = len(cells(lines.peek(), options.separator, source.virtual))
    if len(head) < n_head or not lines.peek():
        raise SourceError(
            "has no rows under its header.",
            where=source.virtual,
            mend="Leave the file out of the recipe's pattern.",
            unfinished=True,
        )
    if options.layout == "e4":
        names, signals = _e4(head, width, source, options)
    else:
        names, signals = _table(head, width, source, options)
    time = None if options.time is None else _place(options.time.column, names, source)
    signals = [column for column in signals if column.place != time]
    if not signals:
        raise SourceError(
            "has no column of samples besides its times.", where=source.virtual, mend="Check `columns` and `separator`."
        )
    return CsvLayout(
        separator=options.separator,
        decimal=options.decimal,
        first_row=lines.line_no,
        names=names,
        signals=tuple(signals),
        time=time,
    )


def _e4(head: list[list[str]], width: int, source: Source, options: CsvOptions) -> tuple[tuple[str, ...], list[Column]]:
    stem = PurePosixPath(source.name).stem
    unit, dtype = _E4.get(stem.upper(), ("", "float64"))
    axes = ("x", "y", "z") if width == 3 else tuple(str(i + 1) for i in range(width))
    given = [name or f"column {i}" for i, name in enumerate(options.columns or [])]
    names = tuple(given or ([stem] if width == 1 else [f"{stem} {axis}" for axis in axes]))
    _refuse_other_width(names, width, source)
    try:
        starts = [int((Decimal(cell) * NS).to_integral_value()) for cell in head[0] if is_number(cell)]
        rates = [float(cell) for cell in head[1] if is_number(cell)]
    except InvalidOperation:
        starts, rates = [], []
    plausible = all(0 < rate < 1e6 for rate in rates) and all(abs(start) <= LATEST for start in starts)
    if len(starts) != width or len(rates) != width or not plausible:
        raise SourceError(
            "does not begin with a row of start times and a row of rates.",
            where=source.virtual,
            mend="Check the recipe: `layout: e4` is for ACC, BVP, EDA, HR and TEMP, not for IBI or tags.",
        )
    if options.unit:
        unit = ""
    if "dtype" in options.model_fields_set:
        dtype = "float64"
    columns = _columns(names, [unit] * width, options, range(width), dtype, source)
    return names, [
        Column(column.label, column.place, column.unit, column.dtype, rates[column.place], starts[column.place])
        for column in columns
    ]


def _table(
    head: list[list[str]], width: int, source: Source, options: CsvOptions
) -> tuple[tuple[str, ...], list[Column]]:
    if not head:
        return _unnamed(width, source, options)
    row = head[options.names_row - 1]
    if row and all(_is_number(cell) for cell in row):
        raise SourceError(
            f"has numbers where its columns' names should be (header row {options.names_row}).",
            where=source.virtual,
            mend="Set `header_rows: 0` and name the `columns` in the recipe.",
        )
    names = tuple(cell or f"column {i}" for i, cell in enumerate(row))
    _refuse_other_width(names, width, source)
    units = [""] * width
    if options.units_row is not None:
        units = (head[options.units_row - 1] + units)[:width]
    if options.columns is None:
        places = list(range(width))
    else:
        places = [_place(name, names, source) for name in options.columns if name is not None]
    return names, _columns(names, units, options, places, "float64", source)


def _unnamed(width: int, source: Source, options: CsvOptions) -> tuple[tuple[str, ...], list[Column]]:
    stem = PurePosixPath(source.name).stem
    given = options.columns or ([stem] if width == 1 else [f"{stem} {i + 1}" for i in range(width)])
    _refuse_other_width(given, width, source)
    names = tuple(name or f"column {i}" for i, name in enumerate(given))
    places = [i for i, name in enumerate(given) if name is not None]
    return names, _columns(names, [""] * width, options, places, "float64", source)


def _columns(
    names: tuple[str, ...],
    units: list[str],
    options: CsvOptions,
    places: Sequence[int],
    dtype: Dtype,
    source: Source,
) -> list[Column]:
    by_name = {**(options.unit if isinstance(options.unit, dict) else {})}
    dtypes = {**(options.dtype if isinstance(options.dtype, dict) else {})}
    for name in [*by_name, *dtypes]:
        _place(name, names, source)
    every = "" if isinstance(options.unit, dict) else options.unit
    if isinstance(options.dtype, str) and options.dtype != "float64":
        dtype = options.dtype
    return [
        Column(
            label=names[place],
            place=place,
            unit=by_name.get(names[place], every or units[place]),
            dtype=dtypes.get(names[place], dtype),
            rate_hz=options.rate_hz,
        )
        for place in places
    ]


def _place(name: str | int, names: tuple[str, ...], source: Source) -> int:
    if isinstance(name, int):
        if 0 <= name < len(names):
            return name
        raise SourceError(
            f"has no column {name}; it has {len(names)}, counted from 0.", where=source.virtual, mend="Mend the recipe."
        )
    if names.count(name) == 1:
        return names.index(name)
    what = f"has {names.count(name)} columns called {name!r}" if name in names else f"has no column {name!r}"
    # The names themselves stay out: a first row may hold a person's.
    raise SourceError(
        f"{what}, of {len(names)}.",
        where=source.virtual,
        mend="Compare the recipe's columns with the file's first row.",
    )


def _refuse_other_width(names: Sequence[object], width: int, source: Source) -> None:
    if len(names) != width:
        raise SourceError(
            f"has {width} columns in its first data row where {len(names)} are named.",
            where=source.virtual,
            mend="Check `columns`, `separator` and `header_rows` in the recipe.",
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

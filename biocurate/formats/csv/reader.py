"""CSV files: columns of samples under a declared rate, a column of times, or the first two rows of an Empatica E4.

Text is parsed in blocks from the file, or straight out of its archive (`csv.text`). A recording begins with its first
row. There is no way to jump into text, so that samples and times are held: in memory, or in a temporary file where they
are many (`csv.spool`). `on_clock: resample` interpolates as samples are asked for (`csv.grid`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from biocurate.errors import SourceError
from biocurate.formats import register
from biocurate.formats.csv.clock import Clock
from biocurate.formats.csv.layout import Column, CsvLayout, read_layout
from biocurate.formats.csv.options import CsvOptions, Dtype
from biocurate.formats.csv.outline import outlined
from biocurate.formats.csv.table import Table
from biocurate.formats.csv.text import BLOCK, Lines
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.outline import Held
from biocurate.formats.source import Source
from biocurate.recording import Channel, Recording, RowsOf, Segment, Stream
from biocurate.sensors import Identity, SensorType, canonical_unit, identify_all

HEAD = 2**16
"""Bytes of text that a header is read from, whose rows may have to tell the rate."""
SHORT_HEAD = 2**14
"""The same, where the rate is known."""


def layout_of(source: Source, options: CsvOptions) -> CsvLayout:
    """Find the columns of a file and where its data begin; reads its first rows."""
    with source.open() as stream:
        return read_layout(Lines(stream, source.virtual, options.comment, HEAD), source, options)


@register("csv")
class CsvReader:
    """Reads one CSV file."""

    version = 1
    Options = CsvOptions

    def companions(self, source: Source, options: CsvOptions) -> list[Source]:
        """Give the file itself: the format has no other."""
        return [source]

    def latecomers(self, source: Source, options: CsvOptions) -> list[Source]:
        """Name none: it is read alone."""
        return []

    def read_header(self, source: Source, options: CsvOptions) -> Header:
        """Read names, units and rate from the first rows.

        How many samples there are is not known, and a rate that no one declares is that of the rows seen. The start is
        the first row's time, also where a line through all times begins some milliseconds beside it: a line through
        the rows seen would begin elsewhere with every number of rows.

        Raises
        ------
        SourceError
            There are no rows, or the first ones do not fit the options.
        """
        table, _ = _table(source, options, HEAD if options.time else SHORT_HEAD, 1)
        clock = table.clock() if table.layout.time is not None and options.rate_hz is None else None
        return Header(
            signals=tuple(
                SignalHeader(column.label, column.unit, _rate(column, clock), None) for column in table.layout.signals
            ),
            n_bytes=source.size,
            start_unix_ns=_start(table, None),
        )

    def read(self, source: Source, options: CsvOptions) -> Recording:
        """Make streams by sampling rate, type of number and sensor type, in the order of the columns.

        Raises
        ------
        SourceError
            A row has too few or too many cells or a cell that is no number, a column of integers has another value, or
            the times are not steady; each names its line.
        """
        table, noted = _table(source, options, BLOCK, None)
        clock = table.clock() if table.layout.time is not None else None
        return Recording(
            streams=tuple(_streams(table, clock)),
            warnings=(*noted, *table.missing(), *(clock.told() if clock else ())),
            start_unix_ns=_start(table, clock),
        )

    def outline(self, source: Source, options: CsvOptions, held: Mapping[str, Held]) -> Recording:
        """Read the first rows; how the others went is known.

        Raises
        ------
        SourceError
            A line through all times says when the recording starts, and no other file does.
        """
        table, _ = _table(source, options, HEAD, 1)
        signals = table.layout.signals
        start = _start(table, None)
        if start is not None and options.on_clock == "robust-line":
            known = [held[column.label].start_unix_ns for column in signals if column.label in held]
            start = next((each for each in known if each is not None), None)
            if start is None:
                raise SourceError("only all of its times say when it starts.", where=source.virtual)
        identities = identify_all([(column.label, column.unit) for column in signals])
        channels = [
            (identity.sensor_type, _channel(column, identity))
            for column, identity in zip(signals, identities, strict=True)
        ]
        return Recording(outlined(signals, channels, held, source.virtual), start_unix_ns=start)


def _table(source: Source, options: CsvOptions, block: int, n_blocks: int | None) -> tuple[Table, list[str]]:
    """Read all blocks of a file, or its first ones; what is unusual about its lines, as far as they were read."""
    with source.open() as stream:
        lines = Lines(stream, source.virtual, options.comment, block)
        table = Table(source.virtual, read_layout(lines, source, options), options)
        for each in islice(lines.blocks(), n_blocks):
            table.add(each)
    if not table.n_rows:
        raise SourceError(
            "has no rows under its header.",
            where=source.virtual,
            mend="Leave the file out of the recipe's pattern.",
            unfinished=True,
        )
    return table, lines.ends.warnings()


def _start(table: Table, clock: Clock | None) -> int | None:
    """Unix time of the first sample, where the file tells it."""
    starts = [column.start_ns for column in table.layout.signals if column.start_ns is not None]
    if starts:
        return min(starts)
    time = table.options.time
    if time is None or table.first_time_ns is None or not (time.unit == "iso" or time.unit.startswith("unix")):
        return None
    return table.first_time_ns + (clock.shift_ns if clock else 0)


def _rate(column: Column, clock: Clock | None) -> float:
    if column.rate_hz is not None:
        return column.rate_hz
    assert clock is not None
    return clock.rate_hz


def _streams(table: Table, clock: Clock | None) -> Iterator[Stream]:
    signals = table.layout.signals
    identities = identify_all([(column.label, column.unit) for column in signals])
    start = min((column.start_ns or 0 for column in signals), default=0)
    groups: dict[tuple[float, int, Dtype, SensorType], list[int]] = {}
    for index, (column, identity) in enumerate(zip(signals, identities, strict=True)):
        key = (_rate(column, clock), (column.start_ns or 0) - start, column.dtype, identity.sensor_type)
        groups.setdefault(key, []).append(index)
    arrays = {dtype: (members, table.samples(dtype)) for dtype, members in table.by_dtype().items()}
    for (rate_hz, t0_ns, dtype, sensor_type), members in groups.items():
        held, samples = arrays[dtype]
        rows = [held.index(index) for index in members]
        yield Stream(
            sensor_type=sensor_type,
            rate_hz=rate_hz,
            channels=tuple(_channel(signals[index], identities[index]) for index in members),
            segments=clock.segments if clock else (Segment(t0_ns, table.n_rows),),
            samples=samples if rows == list(range(len(held))) else RowsOf(samples, tuple(rows)),
        )


def _channel(column: Column, identity: Identity) -> Channel:
    return Channel(
        label=column.label,
        name=identity.name,
        unit=column.unit,
        reference=identity.reference,
        unit_status="declared" if canonical_unit(column.unit, identity.sensor_type) else "unknown",
    )

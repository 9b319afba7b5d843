"""CSV tables whose columns are recordings of one signal: a trial a column, filled up to the longest with empty cells.

Such a table is read once and kept; what fills a column up at its end is no sample, a missing cell before it is NaN.
"""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from biocurate.errors import SourceError
from biocurate.formats import register
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import canonical_unit, identify_all

MAX_BYTES = 2**28
"""Largest table that is read: it is held in memory."""
KEPT = 8
"""Tables that a process keeps: of one recording, the signals lie in as many."""


class TrialOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate_hz: PositiveFloat
    label: str = Field(min_length=1)
    """Of the one channel that each column is."""
    unit: str = ""
    separator: str = Field(default=",", min_length=1, max_length=1)
    missing: tuple[str, ...] = ("NA", "N/A", "NaN", "nan", "null", "None")
    """Cells that stand for no sample, besides empty ones."""


@register("trials")
class TrialsReader:
    """Reads one column of a table."""

    version = 1
    Options = TrialOptions

    def companions(self, source: Source, options: TrialOptions) -> list[Source]:
        """Give the file itself."""
        return [source]

    def latecomers(self, source: Source, options: TrialOptions) -> list[Source]:
        """Name none: it is read alone."""
        return []

    def members(self, source: Source, options: TrialOptions) -> list[str]:
        """Names of the columns.

        Raises
        ------
        SourceError
            It is no table, some column has no name, or two have the same.
        """
        return _table(source, options).columns

    def read_header(self, source: Source, options: TrialOptions) -> Header:
        """Give what the options say: the file states nothing about its samples."""
        self._column(source, options)
        return Header(signals=(SignalHeader(options.label, options.unit, options.rate_hz, None),), n_bytes=source.share)

    def read(self, source: Source, options: TrialOptions) -> Recording:
        """Make the one channel of a trial.

        Raises
        ------
        SourceError
            The column holds no number, or something else than numbers.
        """
        values = self._column(source, options)
        (identity,) = identify_all([(options.label, options.unit)])
        channel = Channel(
            label=options.label,
            name=identity.name,
            unit=options.unit,
            unit_status="declared" if canonical_unit(options.unit, identity.sensor_type) else "unknown",
        )
        missing = int(np.isnan(values).sum())
        return Recording(
            streams=(
                Stream(
                    sensor_type=identity.sensor_type,
                    rate_hz=options.rate_hz,
                    channels=(channel,),
                    segments=(Segment(0, len(values)),),
                    samples=ArraySamples(values[None, :]),
                ),
            ),
            warnings=(f"column {options.label!r}: {missing} samples are missing",) if missing else (),
        )

    def _column(self, source: Source, options: TrialOptions) -> NDArray[np.float64]:
        if source.record is None:
            raise SourceError("holds many recordings.", where=source.virtual, mend="Read one of its members.")
        cells = _table(source, options).to_series(source.record.place).str.strip_chars().replace("", None)
        cells = cells.replace(dict.fromkeys(options.missing))
        values = cells.cast(pl.Float64, strict=False)
        if wrong := values.null_count() - cells.null_count():
            raise SourceError(
                f"has a column with {wrong} cells that are no number.",
                where=source.virtual,
                mend="Say in `missing` what stands for no sample, or download it again.",
            )
        array = values.to_numpy().astype(np.float64)
        filled = np.flatnonzero(~np.isnan(array))
        if not len(filled):
            raise SourceError("has a column without a sample.", where=source.virtual, mend="Leave the file out.")
        return array[: filled[-1] + 1]


def _table(source: Source, options: TrialOptions) -> pl.DataFrame:
    return _read(replace(source, record=None), options.separator, source.mtime_ns)


@lru_cache(maxsize=KEPT)
def _read(source: Source, separator: str, _mtime_ns: int) -> pl.DataFrame:
    size = source.size
    if size > MAX_BYTES:
        raise SourceError(
            f"is too large for a table of trials ({size:,} bytes).", where=source.virtual, mend="Read it as `csv`."
        )
    with source.open() as stream:
        data = stream.read()
    refuse_impostor(data[:1024], source.virtual)
    try:
        table = pl.read_csv(io.BytesIO(data), has_header=False, infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError:
        raise SourceError(
            "is no table of UTF-8 text with as many cells in each row.", where=source.virtual, mend="Download it again."
        ) from None
    head = [(cell or "").strip() for cell in table.row(0)]
    if "" in head or len(set(head)) < len(head):
        raise SourceError(
            "has columns without names of their own, so that its trials cannot be told apart.",
            where=source.virtual,
            mend="Name each column in the first row.",
        )
    table = table.slice(1)
    table.columns = head
    return table

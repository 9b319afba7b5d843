"""What a recipe says about its CSV files."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

Dtype = Literal["float64", "int16", "int32"]
TimeUnit = Literal["s", "ms", "us", "unix_s", "unix_ms", "unix_us", "iso"]


class TimeColumn(BaseModel):
    """The column that says when each row was sampled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | int
    """Its name, or its place from 0."""
    unit: TimeUnit = "s"
    """``s``, ``ms``, ``us`` count from any moment, ``unix_*`` from 1970; ``iso`` is ISO 8601, UTC without a zone."""


class CsvOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: Literal["table", "e4"] = "table"
    """``e4``: Empatica E4's export: row 1 the start in Unix seconds, row 2 the rate, and no names."""
    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    comment: str | None = Field(default=None, min_length=1)
    """Lines that begin with this are left out."""
    header_rows: int = Field(default=1, ge=0)
    """Rows above the data."""
    names_row: int = Field(default=1, ge=1)
    """The header row, from 1, that has the columns' names."""
    units_row: int | None = Field(default=None, ge=1)
    """The header row, from 1, that has the columns' units, if one does."""
    columns: list[str | None] | None = None
    """With header rows, the columns to read. Without, a name for each column in order; null leaves one out."""
    unit: str | dict[str, str] = ""
    """Of every column, or by column."""
    dtype: Dtype | dict[str, Dtype] = "float64"
    """Of every column, or by column. An integer type is checked, never rounded to."""
    missing: list[str] = ["NA", "N/A", "NaN", "nan", "null", "None"]
    """Cells that stand for no sample, besides empty ones."""
    rate_hz: PositiveFloat | None = None
    time: TimeColumn | None = None
    on_clock: Literal["refuse", "arrival-order"] = "refuse"
    """Where times jitter or run backwards: refuse the file, or take its rows as they came, at `rate_hz`."""

    @model_validator(mode="after")
    def _has_a_clock(self) -> Self:
        if self.layout == "table" and self.rate_hz is None and self.time is None:
            raise ValueError("says neither `rate_hz` nor `time`, so that the rows have no sampling rate")
        if self.layout == "e4" and (self.rate_hz is not None or self.time is not None):
            raise ValueError("`layout: e4` has start and rate in the file; leave `rate_hz` and `time` out")
        if self.on_clock == "arrival-order" and self.rate_hz is None:
            raise ValueError("`on_clock: arrival-order` needs `rate_hz`")
        return self

    @model_validator(mode="after")
    def _rows_and_marks_agree(self) -> Self:
        if self.separator == self.decimal:
            raise ValueError(f"`separator` and `decimal` are both {self.decimal!r}")
        if self.header_rows and max(self.names_row, self.units_row or 1) > self.header_rows:
            raise ValueError(f"`names_row` and `units_row` must be among the {self.header_rows} `header_rows`")
        if not self.header_rows and self.units_row is not None:
            raise ValueError("`units_row` needs `header_rows`")
        return self

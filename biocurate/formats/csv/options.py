"""What a recipe says about its CSV files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self
from zoneinfo import available_timezones

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
    zone: str | None = None
    """Time zone of ``iso`` times that state none, by its IANA name such as ``Europe/Dublin``. An hour that the clocks
    repeat in autumn is its first; a time that they skip in spring is none."""

    @model_validator(mode="after")
    def _zone_is_known(self) -> Self:
        if self.zone is not None and self.unit != "iso":
            raise ValueError("`zone` goes with `unit: iso`; other times count seconds")
        if self.zone is not None and self.zone not in available_timezones():
            raise ValueError(f"{self.zone!r} is no IANA time zone, such as Europe/Dublin")
        return self


def _named(dtype: Dtype | dict[str, Dtype]) -> Iterable[str]:
    return dtype.values() if isinstance(dtype, dict) else (dtype,)


class CsvOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: Literal["table", "e4"] = "table"
    """``e4``: Empatica E4's export: row 1 the start in Unix seconds, row 2 the rate, and no names."""
    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    """Of samples, and of times that count; dates may have either."""
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
    on_clock: Literal["refuse", "arrival-order", "robust-line", "trust-stamps", "resample"] = "refuse"
    """Where times jitter, drift or run backwards: ``refuse`` the file; take its rows as they came, at `rate_hz`
    (``arrival-order``) or on a line through their times that outliers do not bend (``robust-line``); begin a segment at
    each time that is out of its place (``trust-stamps``); or interpolate onto a grid of `rate_hz` (``resample``)."""

    @property
    def labels_by_file_name(self) -> bool:
        """Whether columns are called after the file, as neither it nor the recipe names them."""
        return not self.columns and (self.layout == "e4" or not self.header_rows)

    @model_validator(mode="after")
    def _has_a_clock(self) -> Self:
        if self.layout == "table" and self.rate_hz is None and self.time is None:
            raise ValueError(
                "says neither `rate_hz` nor `time`, so that the rows have no sampling rate. Add the one that is true."
            )
        if self.layout == "e4" and (self.rate_hz is not None or self.time is not None):
            raise ValueError("`layout: e4` has start and rate in the file; leave `rate_hz` and `time` out")
        if self.on_clock in ("arrival-order", "trust-stamps", "resample") and self.rate_hz is None:
            raise ValueError(f"`on_clock: {self.on_clock}` needs `rate_hz`")
        if self.on_clock == "robust-line" and self.rate_hz is not None:
            raise ValueError("`on_clock: robust-line` finds the rate itself; leave `rate_hz` out")
        if self.on_clock != "refuse" and self.time is None:
            raise ValueError(f"`on_clock: {self.on_clock}` needs a column of times: `time`")
        if self.on_clock == "resample" and {"int16", "int32"} & set(_named(self.dtype)):
            raise ValueError("`on_clock: resample` makes values between those of the file: `dtype` must be float64")
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

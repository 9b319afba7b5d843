"""Columns of times: exact nanoseconds, the sampling rate that they keep, and where they leave gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.options import TimeUnit
from biocurate.recording import NS, Segment

GAP = 1.5
"""A step of more than so many sample periods is a gap."""
SLACK = 0.5
"""A time may lie so many sample periods from where the rate puts it."""

_DIGITS = {"s": 9, "unix_s": 9, "ms": 6, "unix_ms": 6, "us": 3, "unix_us": 3}
LATEST = 2**62
"""Nanoseconds; a time further from its origin is none, and its sums would not fit 64 bits."""
_DECIMAL = r"^([+-]?)(\d+)(?:\.(\d*))?$"


def nanoseconds(text: pl.Series, unit: TimeUnit, zone: str | None = None) -> pl.Series:
    """Read times without passing through a float.

    Parameters
    ----------
    text : Series of str
    unit : str
    zone : str, optional
        Time zone of dates that state none.

    Returns
    -------
    Series of int64
        Nanoseconds, null where a cell is missing, is no time or one beyond `LATEST`.
    """
    text = text.str.strip_chars()
    if unit == "iso":
        return _iso(text) if zone is None else _local(text, zone)
    found = _counted(text, unit)
    return _only(found, found.abs() <= LATEST)


def _counted(text: pl.Series, unit: TimeUnit) -> pl.Series:
    parts = text.str.extract_groups(_DECIMAL).struct.unnest()
    digits = _DIGITS[unit]
    fraction = parts["3"].fill_null("").str.pad_end(digits, "0").str.slice(0, digits)
    units = parts["2"].cast(pl.Int64, strict=False)
    # A product that 64 bits cannot hold would wrap.
    whole = _only(units, units <= LATEST // 10**digits) * 10**digits + fraction.cast(pl.Int64, strict=False)
    signed = pl.select(pl.when(parts["1"] == "-").then(-whole).otherwise(whole)).to_series()
    if signed.null_count() == 0:
        return signed
    rounded = (text.cast(pl.Float64, strict=False) * 10**digits).round().cast(pl.Int64, strict=False)
    return signed.fill_null(rounded)


def _only(found: pl.Series, sound: pl.Series) -> pl.Series:
    """Null where it is not sound."""
    return pl.select(pl.when(sound).then(found)).to_series()


def _iso(text: pl.Series) -> pl.Series:
    return _dates(text, "UTC").cast(pl.Int64)


def _local(text: pl.Series, zone: str) -> pl.Series:
    """Times of a place's own clock; those that state an offset keep it."""
    if text.str.contains(r"(Z|[+-]\d\d:?\d\d)$").any():
        return _iso(text)
    naive = _dates(text, None)
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ns")


def _dates(text: pl.Series, zone: str | None) -> pl.Series:
    """Dates to the nanosecond; null beyond the years 1678 to 2261, which polars wraps into them."""
    try:
        exact, coarse = (text.str.to_datetime(time_unit=unit, time_zone=zone, strict=False) for unit in ("ns", "ms"))
    except pl.exceptions.ComputeError:
        return pl.Series([None] * len(text), dtype=pl.Datetime("ns", zone))
    return _only(exact, (exact.cast(pl.Int64) // 10**6 - coarse.cast(pl.Int64)).abs() <= 1)


@dataclass(frozen=True)
class Clock:
    """What the times of a file come to."""

    rate_hz: float
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()
    shift_ns: int = 0
    """Of the first sample, from the first row's time."""


def steady_clock(
    times_ns: NDArray[np.int64],
    line: Callable[[int], int],
    where: str,
    rate_hz: float | None = None,
    in_order: bool = False,
) -> Clock:
    """Find the rate that times keep, and part them where they leave a gap.

    Parameters
    ----------
    times_ns : array, shape (rows,)
    line : callable
        Row to line number, for messages.
    where : str
        File, for messages.
    rate_hz : float, optional
        The declared rate; else it is derived: of the rates that fit, the one with the fewest decimals.
    in_order : bool
        Take rows as they came where the times are not steady, with a warning.

    Raises
    ------
    SourceError
        Times run backwards, or lie further than `SLACK` periods from where the rate puts them.
    """
    if len(times_ns) < 2 and rate_hz is None:
        raise SourceError(
            "has one row, which gives no sampling rate.",
            where=where,
            mend="Set `rate_hz` in the recipe, or leave it out.",
        )
    found = _Steps.of(times_ns, rate_hz)
    fault = found.fault()
    if fault is None:
        starts = [*found.starts, len(times_ns)]
        segments = (Segment(int(times_ns[a] - times_ns[0]), b - a) for a, b in pairwise(starts))
        return Clock(found.rate_hz, tuple(segments))
    row, what = fault
    if not in_order:
        raise SourceError(
            f"line {line(row)}: {what}.",
            where=where,
            mend="Say in the recipe what its times are worth. With the true `rate_hz`: `on_clock: arrival-order` takes "
            "the rows as they came, `trust-stamps` begins anew at each time out of place, `resample` makes a new grid. "
            "`robust-line` finds the rate itself.",
        )
    note = f"Its times are not steady: at line {line(row)}, {what} ({found.n_faults} rows in all); rows as they came."
    return Clock(found.rate_hz, (Segment(0, len(times_ns)),), (note,))


@dataclass(frozen=True)
class _Steps:
    """Times against a steady rate."""

    times_ns: NDArray[np.int64]
    rate_hz: float
    starts: list[int]
    """First row of each stretch without a gap."""

    @classmethod
    def of(cls, times_ns: NDArray[np.int64], rate_hz: float | None) -> _Steps:
        """Take the declared rate, or the likely one that the times keep best."""
        steps = np.diff(times_ns)
        forward = steps[steps > 0]
        period = NS / rate_hz if rate_hz else float(np.median(forward)) if forward.size else float(NS)
        starts = [0, *(np.flatnonzero(steps > GAP * period) + 1).tolist()]
        rates = [rate_hz] if rate_hz else _likely(times_ns, starts, period)
        return min((cls(times_ns, rate, starts) for rate in rates), key=lambda found: found.n_faults)

    @property
    def _residuals(self) -> NDArray[np.float64]:
        """How far each row lies from its place in its stretch, in sample periods."""
        lengths = np.diff([*self.starts, len(self.times_ns)])
        first = np.repeat(self.starts, lengths)
        rows = np.arange(len(self.times_ns)) - first
        places: NDArray[np.float64] = (self.times_ns - self.times_ns[first]) * (self.rate_hz / NS) - rows
        return places

    @property
    def _backwards(self) -> NDArray[np.bool_]:
        return np.diff(self.times_ns, prepend=self.times_ns[:1]) < 0

    @property
    def _faulty(self) -> NDArray[np.bool_]:
        return self._backwards | (np.abs(self._residuals) > SLACK + 1e-6)

    @property
    def n_faults(self) -> int:
        """Rows out of their place."""
        return int(self._faulty.sum())

    def fault(self) -> tuple[int, str] | None:
        """First row that runs back, else the first that is out of its place, and what is wrong with it."""
        backwards = np.flatnonzero(self._backwards)
        faulty = np.flatnonzero(self._faulty)
        if not faulty.size:
            return None
        row = int(backwards[0] if backwards.size else faulty[0])
        if backwards.size:
            return row, f"the clock runs back by {(self.times_ns[row - 1] - self.times_ns[row]) / 1e6:g} ms"
        late = float(self._residuals[row]) * 1000 / self.rate_hz
        return (
            row,
            f"the time is {abs(late):.3g} ms {'after' if late > 0 else 'before'} its place at {self.rate_hz:g} Hz",
        )


def _likely(times_ns: NDArray[np.int64], starts: list[int], period: float) -> list[float]:
    """Rates to try: by the ends of the longest stretch, against rounding, and by its sound steps, against faults.

    Each with as few decimals as the times can tell apart: within a quarter sample over that stretch.
    """
    first, last = max(pairwise([*starts, len(times_ns)]), key=lambda edge: edge[1] - edge[0])
    steps = np.diff(times_ns[first:last])
    sound = steps[(steps > 0.5 * period) & (steps <= GAP * period)]
    rates = [len(some) * NS / int(some.sum()) for some in (steps, sound) if some.sum() > 0]
    return [simplest_rate(rate, min(1e-3, 0.25 / len(steps))) for rate in rates] or [NS / period]


def simplest_rate(rate: float, tolerance: float) -> float:
    """The rate with the fewest decimals within a relative tolerance."""
    candidates = (round(rate, digits) for digits in range(10))
    return next((each for each in candidates if abs(each - rate) <= tolerance * rate), rate)

"""Columns of times: exact nanoseconds, the sampling rate that they keep, and where they leave gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.options import TimeUnit
from biocurate.formats.csv.ranks import median
from biocurate.formats.csv.times import Times
from biocurate.formats.timeline import gaps_told
from biocurate.recording import NS, Segment

GAP = 1.5
"""A step of more than so many sample periods is a gap."""
SLACK = 0.5
"""A time may lie so many sample periods from where the rate puts it."""
LEAST_STEPS = 3
"""From row to row, that tell a strange rate from gaps."""
MOST_GAPS = 0.5
"""Where more than this share of steps are gaps, rows are no neighbours: rate or unit of time is another one."""

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
        text = text.str.replace(",", ".", literal=True)  # ISO 8601-1:2019, 5.3.1.4: comma or point
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

    def told(self) -> tuple[str, ...]:
        """Its warnings, and how much its gaps leave out."""
        return (*self.warnings, *gaps_told(self.segments, self.rate_hz))


def steady_clock(
    times: Times,
    line: Callable[[int], int],
    where: str,
    rate_hz: float | None = None,
    in_order: bool = False,
) -> Clock:
    """Find the rate that times keep, and part them where they leave a gap.

    Parameters
    ----------
    times : Times
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
        Times run backwards, or lie further than `SLACK` periods from where the rate puts them, or rows lie so far
        apart that the declared rate is none of theirs.
    """
    if len(times) < 2 and rate_hz is None:
        raise SourceError(
            "has one row, which gives no sampling rate.",
            where=where,
            mend="Set `rate_hz` in the recipe, or leave it out.",
        )
    found = _Steps.of(times, rate_hz)
    strange = found.strange_rate()
    if strange and not in_order:
        raise SourceError(
            f"{strange}.",
            where=where,
            mend="Check the unit of `time`, and `rate_hz`: where it is left out, the times give the rate. For rows "
            "that are sparse indeed, ask for a grid with `on_clock: resample`.",
        )
    if strange:
        note = f"Its times do not fit: {strange}; rows as they came."
        return Clock(found.rate_hz, (Segment(0, len(times)),), (note,))
    if not found.n_faults:
        rows = pairwise([*found.starts.tolist(), len(times)])
        at = (found.starts_ns - found.starts_ns[0]).tolist()
        segments = tuple(Segment(t0_ns, b - a) for t0_ns, (a, b) in zip(at, rows, strict=True))
        return Clock(found.rate_hz, segments)
    row, what = found.fault()
    if not in_order:
        raise SourceError(f"line {line(row)}: {what}.", where=where, mend=_ways(times))
    note = f"Its times are not steady: at line {line(row)}, {what} ({found.n_faults} rows in all); rows as they came."
    return Clock(found.rate_hz, (Segment(0, len(times)),), (note,))


def _ways(times: Times) -> str:
    """What a recipe can say of times that are not steady; two of the ways need times that advance."""
    advance = all(bool((steps > 0).all()) for _, steps in times.steps())
    others = "`trust-stamps` begins anew at each time out of place, `resample` makes a new grid"
    return (
        "Say in the recipe what its times are worth. With the true `rate_hz`: `on_clock: arrival-order` takes the rows "
        f"as they came{', ' + others if advance else ''}. `robust-line` finds the rate itself."
    )


@dataclass(frozen=True)
class _Steps:
    """Times against a steady rate."""

    times: Times
    rate_hz: float
    starts: NDArray[np.int64]
    """First row of each stretch without a gap."""
    starts_ns: NDArray[np.int64]
    """Its time."""

    @classmethod
    def of(cls, times: Times, rate_hz: float | None) -> _Steps:
        """Take the declared rate, or the likely one that the times keep best."""
        period = NS / rate_hz if rate_hz else median(lambda: (steps[steps > 0] for _, steps in times.steps()))
        period = float(NS) if period is None else period
        gaps = [row + np.flatnonzero(steps > GAP * period) for row, steps in times.steps()]
        starts = np.concatenate([np.zeros(1, np.int64), *gaps])
        rates = [rate_hz] if rate_hz else _likely(times, starts, period)
        starts_ns = np.concatenate([block[_within(starts, row, len(block))] for row, block in times.blocks()])
        return min((cls(times, rate, starts, starts_ns) for rate in rates), key=lambda found: found.n_faults)

    @cached_property
    def n_faults(self) -> int:
        """Rows out of their place."""
        return sum(int(faulty.sum()) for _, _, faulty in self._looked_at())

    def fault(self) -> tuple[int, str]:
        """First row that runs back, else the first that is out of its place, and what is wrong with it."""
        first: tuple[int, float] | None = None
        for row, residuals, faulty in self._looked_at():
            if first is None and faulty.any():
                place = int(faulty.argmax())
                first = row + place, float(residuals[place])
        back = next((row + int((steps < 0).argmax()) for row, steps in self.times.steps() if (steps < 0).any()), None)
        if back is not None:
            return back, f"the clock runs back by {_span(self.times.at(back - 1) - self.times.at(back))}"
        assert first is not None
        late = first[1] * 1000 / self.rate_hz
        side = "after" if late > 0 else "before"
        return first[0], f"the time is {abs(late):.3g} ms {side} its place at {self.rate_hz:g} Hz"

    def strange_rate(self) -> str | None:
        """What speaks against the rate where most rows are no neighbours at it."""
        n_steps = len(self.times) - 1
        if len(self.starts) - 1 <= MOST_GAPS * n_steps or n_steps < LEAST_STEPS:
            return None
        step = median(lambda: (steps for _, steps in self.times.steps())) or 0.0
        return (
            f"half of its rows come {_span(step)} or more after the one before; at {self.rate_hz:g} Hz they come "
            f"{_span(NS / self.rate_hz)} apart"
        )

    def _looked_at(self) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_]]]:
        """First row of each block, how far its rows lie from their places in sample periods, and which are at fault."""
        before: int | None = None
        for row, block in self.times.blocks():
            rows = np.arange(row, row + len(block))
            stretch = np.searchsorted(self.starts, rows, side="right") - 1
            places = rows - self.starts[stretch]
            residuals = (block - self.starts_ns[stretch]) * (self.rate_hz / NS) - places
            backwards = np.diff(block, prepend=block[0] if before is None else before) < 0
            yield row, residuals, backwards | (np.abs(residuals) > SLACK + 1e-6)
            before = int(block[-1])


def _span(ns: float) -> str:
    """A time in the unit that it is told best in."""
    return f"{ns / NS:,.6g} s" if ns >= NS else f"{ns / 1e6:.6g} ms"


def _within(starts: NDArray[np.int64], row: int, n_rows: int) -> NDArray[np.int64]:
    """Those of some rows that lie in a block, from its first one."""
    first, stop = np.searchsorted(starts, [row, row + n_rows])
    return starts[first:stop] - row


def _likely(times: Times, starts: NDArray[np.int64], period: float) -> list[float]:
    """Rates to try: by the ends of the longest stretch, against rounding, and by its sound steps, against faults.

    Each with as few decimals as the times can tell apart: within a quarter sample over that stretch.
    """
    ends = np.append(starts[1:], len(times))
    longest = int((ends - starts).argmax())
    first, last = int(starts[longest]), int(ends[longest])
    n_sound = sound_ns = 0
    for _, steps in times.steps(first, last):
        sound = steps[(steps > 0.5 * period) & (steps <= GAP * period)]
        n_sound, sound_ns = n_sound + len(sound), sound_ns + int(sound.sum())
    n_steps, all_ns = last - first - 1, times.at(last - 1) - times.at(first)
    rates = [n * NS / total for n, total in ((n_steps, all_ns), (n_sound, sound_ns)) if total > 0]
    return [simplest_rate(rate, min(1e-3, 0.25 / n_steps)) for rate in rates] or [NS / period]


def simplest_rate(rate: float, tolerance: float) -> float:
    """The rate with the fewest decimals within a relative tolerance."""
    candidates = (round(rate, digits) for digits in range(10))
    return next((each for each in candidates if abs(each - rate) <= tolerance * rate), rate)

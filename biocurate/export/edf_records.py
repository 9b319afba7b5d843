"""How long the data records of an EDF file last, when each begins, and which annotations lie in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, inf, isqrt, log

from biocurate.errors import ExportError
from biocurate.export.clocks import Clock
from biocurate.export.edf_limits import eight
from biocurate.recording import NS

RECORD_BYTES = 61440
"""A record should not be longer, where it can be shorter than a second: EDF 1992."""
LONGEST_BYTES = 10 * 1024 * 1024
"""A record that EDFlib still reads, and that fits into memory."""
MOST_RECORDS = 99_999_999
"""Eight characters."""


@dataclass(frozen=True)
class Grid:
    """The data records of a file."""

    ticks: int
    """Of the clock, in a record."""
    duration: str
    """Seconds of a record, as the header has them."""
    stretches: tuple[tuple[int, int], ...]
    """Start in nanoseconds from the recording's start, and number of records, of each stretch without a gap."""
    rates_hz: tuple[float, ...]
    """Of each stream, as a reader computes them."""

    @property
    def n_records(self) -> int:
        """In the whole file."""
        return sum(count for _, count in self.stretches)

    def onsets_ns(self, start_ns: int) -> Iterator[int]:
        """When each record begins, from a moment of the recording; exactly a record after the one before it."""
        length = int(Fraction(self.duration) * NS)
        for t0_ns, count in self.stretches:
            yield from range(t0_ns - start_ns, t0_ns - start_ns + count * length, length)


def grid_of(clock: Clock, width: int) -> Grid:
    """Choose a record that holds whole samples of every stream and divides every segment without a rest.

    Of all such records that is taken whose duration, in eight characters, gives back every rate; then one within
    `RECORD_BYTES`, of whole seconds, and near one second.

    Parameters
    ----------
    clock : Clock
    width : int
        Bytes of a sample.

    Raises
    ------
    ExportError
        No record's duration has eight characters that keep the signals' time to half a sample.
    """
    whole = gcd(*(segment.n_samples for segment in clock.ticks))
    total = sum(segment.n_samples for segment in clock.ticks)
    longest = max(segment.n_samples for segment in clock.ticks)
    fastest = max(clock.per_tick)
    best: Grid | None = None
    best_cost: tuple[bool | float, ...] = (True, inf)
    for ticks in _divisors(whole):
        n_bytes = ticks * clock.samples_per_tick * width
        seconds = ticks / clock.tick_hz
        if n_bytes > LONGEST_BYTES or total // ticks > MOST_RECORDS or not (text := _text(seconds)):
            continue
        rates = tuple(float(ticks * per_tick / Fraction(text)) for per_tick in clock.per_tick)
        equal = all(rate == stream.rate_hz for rate, stream in zip(rates, clock.streams, strict=True))
        off = abs(Fraction(text) / seconds - 1)
        if off * longest * fastest > Fraction(1, 2):
            continue
        cost = (
            not equal,
            0.0 if equal else float(off),
            n_bytes > RECORD_BYTES,
            Fraction(text).denominator > 1,
            abs(log(seconds)),
        )
        if best is None or cost < best_cost:
            stretches = tuple((segment.t0_ns, segment.n_samples // ticks) for segment in clock.ticks)
            best, best_cost = Grid(ticks, text, stretches, rates), cost
    if best is None:
        rates_said = ", ".join(f"{stream.rate_hz:g} Hz" for stream in clock.streams)
        raise ExportError(
            f"no data record's duration fits EDF's eight characters for {rates_said} and this length.",
            mend="Export it as WFDB.",
        )
    return best


def _text(seconds: Fraction) -> str:
    """Duration in eight characters; nothing where they would say 0 or are too few."""
    try:
        text = eight(seconds)
    except ValueError:
        return ""
    return text if Fraction(text) else ""


def _divisors(number: int) -> list[int]:
    small = [each for each in range(1, isqrt(number) + 1) if number % each == 0]
    return small + [number // each for each in reversed(small) if each * each != number]


def seconds_text(ns: int) -> bytes:
    """Nanoseconds as decimal seconds with a sign, exactly: EDF+ section 2.2.2."""
    whole, rest = divmod(abs(ns), NS)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{'-' if ns < 0 else '+'}{whole}{fraction}".encode()


def annotation_list(onset_ns: int, duration_ns: int, text: str) -> bytes:
    """One time-stamped annotation list with one text: EDF+ section 2.2.2."""
    duration = b"\x15" + seconds_text(duration_ns)[1:] if duration_ns else b""
    return seconds_text(onset_ns) + duration + b"\x14" + text.encode() + b"\x14\x00"


def annotation_blocks(onsets_ns: Iterator[int], lists: Sequence[bytes], n_bytes: int) -> Iterator[bytes]:
    """Fill the annotation signal: each record says when it begins, and then holds the next lists that fit."""
    waiting = iter(lists)
    pending = next(waiting, None)
    for onset in onsets_ns:
        block = seconds_text(onset) + b"\x14\x14\x00"
        while pending is not None and len(block) + len(pending) <= n_bytes:
            block += pending
            pending = next(waiting, None)
        yield block.ljust(n_bytes, b"\x00")
    if pending is not None:
        raise AssertionError("annotation_bytes gave too few")


def annotation_bytes(grid: Grid, start_ns: int, lists: Sequence[bytes], width: int) -> int:
    """Bytes of the annotation signal in a record, a multiple of a sample's, such that every list finds a place."""
    ends = [t0_ns - start_ns + count * int(Fraction(grid.duration) * NS) for t0_ns, count in grid.stretches]
    # The longest onset is that with the most decimals: of a record late in any stretch.
    keeping = max(len(seconds_text(onset)) for onset in _longest(grid, start_ns, ends)) + 3
    longest = max(map(len, lists), default=0)
    share = -(-sum(map(len, lists)) // max(grid.n_records, 1))
    return -(-(keeping + (longest + share if lists else 0)) // width) * width


def _longest(grid: Grid, start_ns: int, ends: Sequence[int]) -> Iterator[int]:
    """Onsets that no onset of the file is longer than: all nine decimals at the latest time, where any are used."""
    length = int(Fraction(grid.duration) * NS)
    for (t0_ns, _), end in zip(grid.stretches, ends, strict=True):
        step = gcd(t0_ns - start_ns, length, NS)
        yield end // NS * NS + (NS - step if step < NS else 0)

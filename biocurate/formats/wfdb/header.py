"""WFDB header files: what a record's signals are and where their samples lie.

Parsed here and not by `wfdb.rdheader`, which spends 1.3 ms on a 12-lead header (pandas look-ups for every field; this
takes 0.13 ms) and reads the date of ``A0001 12 500 7500 05-Feb-2020 11:39:16`` as a time of five seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from biocurate.errors import SourceError
from biocurate.formats.header import is_digits, is_number, is_whole
from biocurate.recording import NS

DEFAULT_RATE = 250.0
"""Sampling rate of a record whose header states none; header(5), "sampling frequency"."""
DEFAULT_GAIN = 200.0
"""ADC units per physical unit of an uncalibrated signal; header(5), "ADC gain"."""
DEFAULT_UNIT = "mV"
"""Unit of a calibrated signal whose header states none; header(5), "units"."""

_FORMAT = re.compile(r"(?P<fmt>\d+)(?:x(?P<spf>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?", re.ASCII)
_GAIN = re.compile(
    r"(?P<gain>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\((?P<baseline>-?\d+)\))?(?:/(?P<unit>\S+))?",
    re.ASCII,
)
_USUAL = re.compile(
    r"(?P<file>[^ ]+) +"
    r"(?P<fmt>[0-9]{1,9})(?:x(?P<spf>[0-9]{1,9}))?(?::(?P<skew>[0-9]{1,9}))?(?:\+(?P<offset>[0-9]{1,9}))?"
    r" +(?P<gain>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"(?:\((?P<baseline>-?[0-9]{1,9})\))?(?:/(?P<unit>\S+))?"
    r" +[-+]?[0-9]{1,9} +(?P<zero>[-+]?[0-9]{1,9}) +(?P<initial>[-+]?[0-9]{1,9}) +(?P<checksum>[-+]?[0-9]{1,9})"
    r" +[-+]?[0-9]{1,9} +(?P<label>\S.*)"
)
"""A signal line with all its fields, by one match instead of one a field: planning reads every header of a corpus."""
_AGE = re.compile(r"\bage>?\s*[:=]\s*(\d{1,3}(?:\.\d+)?)(?![\d/.-])", re.IGNORECASE)
_SEX = re.compile(r"\b(?:sex|gender)>?\s*[:=]\s*(male|female|m|f)\b", re.IGNORECASE)

T = TypeVar("T")


@dataclass(frozen=True)
class SignalLine:
    """One signal as its header line gives it."""

    file: str
    """Signal file beside the header; ``~`` where the record has no samples of it."""
    fmt: int
    samples_per_frame: int = 1
    skew: int = 0
    """Frames that precede time 0."""
    byte_offset: int = 0
    gain: float = DEFAULT_GAIN
    """ADC units per physical unit."""
    baseline: int = 0
    """Digital value of physical zero."""
    unit: str = ""
    calibrated: bool = False
    """Whether the header states a gain other than zero."""
    initial: int | None = None
    checksum: int | None = None
    label: str = ""


@dataclass(frozen=True)
class RecordHeader:
    """A record's header; either `signals` or `segments` is filled."""

    name: str
    rate_hz: float
    """Frames a second."""
    n_frames: int | None
    """None where the header does not say."""
    start: datetime | None = None
    signals: tuple[SignalLine, ...] = ()
    segments: tuple[tuple[str, int], ...] = ()
    """Name and length in frames; ``~`` is a gap."""
    multi_segment: bool = False
    comments: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def variable_layout(self) -> bool:
        """Whether the first segment is a layout, which lists the signals and holds no samples."""
        return bool(self.segments) and self.segments[0][1] == 0

    @property
    def start_unix_ns(self) -> int | None:
        """Start as if the header's clock were UTC; None without a date."""
        if self.start is None:
            return None
        since = self.start.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return since // timedelta(microseconds=1) * 1000

    @property
    def age(self) -> float | None:
        """Age in years from a comment such as ``<age>: 51`` or ``# Age: 74``."""
        found = _first(_AGE, self.comments)
        return float(found) if found else None

    @property
    def sex(self) -> str | None:
        """``F`` or ``M`` from a comment such as ``<sex>: F`` or ``#Sex: Male``."""
        found = _first(_SEX, self.comments)
        return found[0].upper() if found else None


def parse_header(raw: bytes, where: str) -> RecordHeader:
    """Parse the bytes of a ``.hea`` file.

    Parameters
    ----------
    raw : bytes
    where : str
        Name of the file, for messages.

    Raises
    ------
    SourceError
        Where a line is not what header(5) of the WFDB Applications Guide allows.
    """
    if b"\0" in raw:
        raise SourceError("the header has zero bytes, which no text has.", where=where, mend="Get the header again.")
    lines, comments = _lines(raw)
    if not lines:
        raise SourceError(
            "the header holds no record line.",
            where=where,
            mend="The file may be empty; get it again.",
            unfinished=True,
        )
    number, text = lines[0]
    head = _Line(where, number, text)
    name, _, segment_count = head.take("record name", str, required=True).partition("/")
    n_signals = head.take("number of signals", _integer, required=True)
    rate = head.take("sampling frequency", _rate, default=DEFAULT_RATE)
    n_frames: int | None = head.take("number of samples", _count, default=None)
    start, warnings = _start(head.rest().split())
    if segment_count:
        segments = tuple(_segment(_Line(where, *line)) for line in lines[1:])
        announced = segment_count if is_digits(segment_count) else "an unreadable number of"
        head.require(segment_count == str(len(segments)), f"{announced} segments announced, {len(segments)} listed")
        if n_frames is None:
            n_frames = sum(length for _, length in segments)
        return RecordHeader(name, rate, n_frames, start, (), segments, True, comments, warnings)
    head.require(n_signals == len(lines) - 1, f"{n_signals} signals announced, {len(lines) - 1} listed")
    signals = tuple(
        _usual_signal(text) or _signal(_Line(where, number, text), index)
        for index, (number, text) in enumerate(lines[1:])
    )
    # A length of 0 means "unknown" unless the header is a layout, all of whose signals have no file.
    if n_frames == 0 and any(signal.file != "~" for signal in signals):
        n_frames = None
    return RecordHeader(name, rate, n_frames, start, signals, comments=comments, warnings=warnings)


class _Line:
    """Takes the whitespace-separated fields of one line, in order, with its place for messages."""

    def __init__(self, where: str, number: int, text: str) -> None:
        self.where = where
        self.number = number
        self._rest = text

    def take(self, what: str, parse: Callable[[str], T], default: T | None = None, required: bool = False) -> T:
        """Take the next field; the default where the line has ended."""
        word, _, rest = self._rest.partition(" ")
        if not word:
            self.require(not required, f"no {what}")
            return default  # type: ignore[return-value]
        try:
            value = parse(word)
        except ValueError:
            self.require(False, f"the {what} is none that header(5) allows")
        self._rest = rest.lstrip()
        return value

    def rest(self) -> str:
        """Return what no field has taken."""
        return self._rest

    def require(self, true: bool, otherwise: str) -> None:
        """Refuse the line."""
        if not true:
            raise SourceError(
                # No word of the line is quoted: it may be a date or a name.
                f"line {self.number}: {otherwise}.",
                where=self.where,
                mend="The header is no WFDB header or is damaged; compare it with the corpus' original.",
            )


def _lines(raw: bytes) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """Numbered lines that are no comments, and the comments without their ``#``."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = [(number, line.replace("\t", " ").strip()) for number, line in enumerate(text.split("\n"), start=1)]
    comments = tuple(comment for _, line in lines if line.startswith("#") and (comment := line.strip("# ")))
    return [(number, line) for number, line in lines if line and not line.startswith("#")], comments


def _signal(line: _Line, index: int) -> SignalLine:
    """Parse a signal line; header(5), "signal specification lines"."""
    file = line.take("file name", str, required=True)
    line.require(_plain(file), "the signal file lies outside the record's folder")
    coding = line.take("format", _matched(_FORMAT), required=True)
    samples_per_frame = int(coding["spf"] or 1)
    line.require(samples_per_frame > 0, "0 samples a frame")
    scale = line.take("ADC gain", _matched(_GAIN), default=None)
    line.take("ADC resolution", _integer, default=None)
    zero = line.take("ADC zero", _integer, default=0)
    initial = line.take("initial value", _integer, default=None)
    checksum = line.take("checksum", _integer, default=None)
    line.take("block size", _integer, default=None)
    gain = float(scale["gain"]) if scale else 0.0
    line.require(gain == 0 or 1e-300 < abs(gain) < 1e300, "the ADC gain gives no scale")
    baseline = int(scale["baseline"]) if scale and scale["baseline"] else zero
    return SignalLine(
        file=file,
        fmt=int(coding["fmt"]),
        samples_per_frame=samples_per_frame,
        skew=int(coding["skew"] or 0),
        byte_offset=int(coding["offset"] or 0),
        gain=gain or DEFAULT_GAIN,
        baseline=baseline,
        unit=(scale["unit"] or "") if scale else "",
        calibrated=gain != 0.0,
        initial=initial,
        checksum=checksum,
        label=line.rest() or f"signal {index}",
    )


def _usual_signal(text: str) -> SignalLine | None:
    """As `_signal`, of a line that has all fields; None where one is missing or none that header(5) allows."""
    found = _USUAL.fullmatch(text)
    if found is None:
        return None
    file, fmt, spf, skew, offset, written, baseline, unit, zero, initial, checksum, label = found.groups()
    gain, samples_per_frame = float(written), int(spf or 1)
    if not _plain(file) or not samples_per_frame or not (gain == 0 or 1e-300 < abs(gain) < 1e300):
        return None
    return SignalLine(
        file,
        int(fmt),
        samples_per_frame,
        int(skew or 0),
        int(offset or 0),
        gain or DEFAULT_GAIN,
        int(baseline or zero),
        unit or "",
        gain != 0.0,
        int(initial),
        int(checksum),
        label,
    )


def _segment(line: _Line) -> tuple[str, int]:
    """Parse a segment line; header(5), "segment specification lines"."""
    name = line.take("segment name", str, required=True)
    line.require(_plain(name), "the segment lies outside the record's folder")
    return name, line.take("segment length", _count, required=True)


def _plain(name: str) -> bool:
    """Whether a name stays in its folder."""
    return not any(mark in name for mark in ("/", "\\", "\0")) and name not in (".", "..")


def _matched(pattern: re.Pattern[str]) -> Callable[[str], re.Match[str]]:
    """Make a parser that refuses what the pattern does not match whole."""

    def parse(word: str) -> re.Match[str]:
        match = pattern.fullmatch(word)
        if match is None:
            raise ValueError(word)
        return match

    return parse


def _rate(word: str) -> float:
    """Parse a sampling frequency, without the counter frequency and base that may follow it."""
    number = word.partition("/")[0].partition("(")[0]
    rate = float(number) if is_number(number) else 0.0
    if not 0 < rate < NS:
        raise ValueError(word)
    return rate


def _integer(word: str) -> int:
    """Parse a whole number, in ASCII digits only."""
    if not is_whole(word):
        raise ValueError(word)
    return int(word)


def _count(word: str) -> int:
    """Parse a number that cannot be negative."""
    if not is_digits(word):
        raise ValueError(word)
    return int(word)


def _start(words: list[str]) -> tuple[datetime | None, tuple[str, ...]]:
    """Parse base time and date, in either order, with a warning where they are none; None without a date."""
    days = [_day(word) for word in words if ":" not in word]
    clocks = [_clock(word) for word in words if ":" in word]
    if None in days or None in clocks or len(days) > 1 or len(clocks) > 1:
        return None, ("the start time or date in the header is none; the recording has no start time",)
    day, clock = next(iter(days), None), next(iter(clocks), None)
    return (datetime.combine(day, clock or time()) if day else None), ()


def _clock(word: str) -> time | None:
    """``8:26:04``, ``31:51.982`` (minutes and seconds), ``17:27:45``."""
    *whole, seconds = word.split(":")
    try:
        hours, minutes = ([0, 0] + [int(part) for part in whole])[-2:]
        return time(hours, minutes, int(float(seconds)), round(float(seconds) % 1 * 1_000_000) % 1_000_000)
    except (ValueError, OverflowError):
        return None


def _day(word: str) -> date | None:
    """``15/08/1994`` as header(5) has it, or ``05-Feb-2020`` as in the CinC Challenge 2020."""
    for form in ("%d/%m/%Y", "%d-%b-%Y"):
        try:
            return datetime.strptime(word, form).date()
        except ValueError:
            continue
    return None


def _first(pattern: re.Pattern[str], comments: tuple[str, ...]) -> str | None:
    """First group of the first comment that matches."""
    return next((match[1] for comment in comments if (match := pattern.search(comment))), None)

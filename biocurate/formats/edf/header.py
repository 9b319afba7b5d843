"""The header of EDF, EDF+, BDF and BDF+ files.

Sources: Kemp et al. 1992, https://www.edfplus.info/specs/edf.html; Kemp & Olivan 2003,
https://www.edfplus.info/specs/edfplus.html; https://www.biosemi.com/faq/file_format.htm. Why edfio's own parser is not
used: docs/decisions/edf-reader.md.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property, lru_cache

from biocurate.errors import SourceError
from biocurate.formats.header import is_digits, is_number, is_whole
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source
from biocurate.recording import NS

_AGAIN = "Download the file again, or leave it out of the recipe's pattern."

# widths in bytes: EDF, "The header record"
_FILE_FIELDS = {
    "version": 8, "patient": 80, "recording": 80, "date": 8, "time": 8, "header_bytes": 8, "reserved": 44,
    "n_records": 8, "record_s": 8, "n_signals": 4,
}  # fmt: skip
_SIGNAL_FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8, "digital_min": 8,
    "digital_max": 8, "prefilter": 80, "per_record": 8, "reserved": 32,
}  # fmt: skip
USUAL_BYTES = 2**13
"""What is read at first: the header of up to 31 signals."""
MOST_SECONDS = 10**7
"""Of a data record: what is longer is damage."""
MOST_HZ = 10**9
"""Of a signal; times are counted in nanoseconds."""
_CONTROLS = bytes([*range(32), 127])
_CLOCK = re.compile(r"\s*(\d{1,2})[.:/\- ](\d{1,2})[.:/\- ](\d{1,2})\s*")
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


@dataclass(frozen=True)
class EdfSignal:
    """One signal's header fields, as text where they are free text."""

    label: str
    unit: str
    physical_min: str
    physical_max: str
    digital_min: str
    digital_max: str
    prefilter: str
    per_record: int
    column: int
    """First sample of this signal in a data record."""

    @property
    def is_annotations(self) -> bool:
        """Whether it holds annotations: EDF+ section 2.2.1."""
        return self.label in ("EDF Annotations", "BDF Annotations")

    @cached_property
    def calibration(self) -> tuple[float, float] | None:
        """Gain and offset of physical = digital * gain + offset; None where the fields give none."""
        try:
            if not all(map(is_number, (self.physical_min, self.physical_max, self.digital_min, self.digital_max))):
                return None
            low, high = float(self.physical_min), float(self.physical_max)
            first, last = int(self.digital_min), int(self.digital_max)
            gain = (high - low) / (last - first)
            offset = high - last * gain
        except (ValueError, ZeroDivisionError):
            return None
        return (gain, offset) if gain and abs(gain) < float("inf") and abs(offset) < float("inf") else None


@dataclass(frozen=True)
class EdfHeader:
    """A file's header, checked as far as the layout of its records depends on it."""

    width: int
    """Bytes a sample: 2, or 3 in BDF."""
    fields: dict[str, str]
    n_records: int
    """As the header states it; -1 while it was being recorded."""
    record_s: Fraction
    signals: tuple[EdfSignal, ...]
    n_bytes: int
    """Of the header: where the records begin."""
    n_controls: int = 0
    """Control characters in it, where only printable ones may be (EDF, "The header record")."""
    has_commas: bool = False
    """Whether a number in it has a decimal comma, which the standard has no place for."""

    @property
    def is_plus(self) -> bool:
        """Whether it claims to be EDF+ or BDF+."""
        return self.fields["reserved"][:4] in ("EDF+", "BDF+")

    @property
    def is_discontinuous(self) -> bool:
        """Whether it says that there may be gaps between records: EDF+ section 2.1.1."""
        return self.fields["reserved"][:5] in ("EDF+D", "BDF+D")

    @cached_property
    def record_samples(self) -> int:
        """Samples of all signals in a record."""
        return sum(signal.per_record for signal in self.signals)

    @property
    def record_bytes(self) -> int:
        """Bytes of a data record."""
        return self.record_samples * self.width

    def rate_hz(self, signal: EdfSignal) -> float:
        """Sampling rate, rounded once from the exact ratio."""
        # Whole numbers divide as exactly as fractions do, and a hundred times a second sooner.
        return signal.per_record * self.record_s.denominator / self.record_s.numerator

    @property
    def sex(self) -> str | None:
        """``F`` or ``M``, from the second subfield of the patient field: EDF+ section 2.1.3 (3)."""
        subfields = self.fields["patient"].split() if self.is_plus else []
        return subfields[1] if len(subfields) > 1 and subfields[1] in ("F", "M") else None

    @property
    def age(self) -> float | None:
        """Whole years at the start, where birth date and start date are both given."""
        subfields = self.fields["patient"].split() if self.is_plus else []
        born = _plus_date(subfields[2]) if len(subfields) > 2 else None
        start = self.start_date
        if born is None or start is None or start < born:
            return None
        return float(start.year - born.year - ((start.month, start.day) < (born.month, born.day)))

    @property
    def start_date(self) -> date | None:
        """Start date: EDF+ section 2.1.3 (4) where it is given, else the header's two-digit year from 1985 on."""
        subfields = self.fields["recording"].split() if self.is_plus else []
        if len(subfields) > 1 and subfields[0] == "Startdate":
            return _plus_date(subfields[1])
        match = _CLOCK.fullmatch(self.fields["date"])
        if match is None:
            return None
        day, month, year = (int(part) for part in match.groups())
        return _date(year + (1900 if year >= 85 else 2000), month, day)

    @cached_property
    def start_unix_ns(self) -> int | None:
        """Start by the header's clock, taken as UTC; None where the date is withheld or impossible."""
        day = self.start_date
        match = _CLOCK.fullmatch(self.fields["time"])
        if day is None or match is None:
            return None
        hour, minute, second = (int(part) for part in match.groups())
        if hour > 23 or minute > 59 or second > 59:
            return None
        return int(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC).timestamp()) * NS

    @property
    def withholds_date(self) -> bool:
        """Whether it says, as EDF+ section 2.1.3 (4) lets it, that the start date is not given."""
        return self.is_plus and self.fields["recording"].split()[:2] == ["Startdate", "X"]

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the standards do not allow and no sample depends on, a sentence each."""
        found = []
        if self.n_controls:
            found.append(f"Its header has bytes that are no text ({self.n_controls:,}); it may be damaged.")
        if self.has_commas:
            found.append("Numbers in its header have decimal commas (EDF has points); they are read as points.")
        if self.is_plus and not any(signal.is_annotations for signal in self.signals):
            found.append("It says that it is EDF+, but has no annotation signal; nothing says when its records begin.")
        labels = Counter(signal.label for signal in self.signals if not signal.is_annotations)
        if twice := [label for label, count in labels.items() if count > 1]:
            found.append(f"Several of its signals have the same label: {', '.join(map(repr, twice))}.")
        return tuple(found)


def parse_header(source: Source) -> EdfHeader:
    """Read a file's header and nothing else.

    Raises
    ------
    SourceError
        It is no EDF or BDF file, or a field that the layout depends on cannot be read.
    """
    where = source.virtual
    head = source.piece(0, USUAL_BYTES)
    start = head[:256]
    refuse_impostor(start, where)
    width = _width(start, where)
    if len(start) < 256:
        raise _cut_off(256, len(start), where)
    fields = _split(start, _FILE_FIELDS)
    n_signals = _whole(fields["n_signals"], "number of signals", where)
    n_bytes = 256 * (n_signals + 1)
    rest = (head if n_bytes <= USUAL_BYTES else source.piece(0, n_bytes))[256:n_bytes]
    if n_signals < 1:
        raise SourceError("has a header that declares no signal.", where=where, mend=_AGAIN)
    if len(start) + len(rest) < n_bytes:
        raise _cut_off(n_bytes, len(start) + len(rest), where)
    return EdfHeader(
        width=width,
        fields=fields,
        n_records=_whole(fields["n_records"], "number of data records", where, least=-1),
        record_s=_duration(fields["record_s"], where),
        signals=_signals_of(rest, n_signals, where),
        n_bytes=n_bytes,
        has_commas="," in fields["record_s"] or b"," in _limits(rest, n_signals),
        n_controls=len(start[8:] + rest) - len((start[8:] + rest).translate(None, _CONTROLS)),
    )


def _limits(raw: bytes, n_signals: int) -> bytes:
    """The fields of all physical and digital limits, which lie end to end."""
    widths = list(_SIGNAL_FIELDS.items())
    first, stop = (sum(width for _, width in widths[:number]) * n_signals for number in (3, 7))
    return raw[first:stop]


def _width(start: bytes, where: str) -> int:
    if start[:8] == b"\xffBIOSEMI":
        return 3
    if start[:8].rstrip(b" \x00") == b"0":
        return 2
    raise SourceError(
        "is no EDF or BDF file: it begins with another mark.", where=where, mend="Check the recipe's reader."
    )


def _split(raw: bytes, widths: dict[str, int]) -> dict[str, str]:
    fields, start = {}, 0
    for name, width in widths.items():
        fields[name] = _text(raw[start : start + width])
        start += width
    return fields


def _cut_off(expected: int, found: int, where: str) -> SourceError:
    return SourceError(
        f"ends inside its header: {expected:,} bytes expected, {found:,} found.",
        where=where,
        mend="The file looks cut off; download it again.",
        unfinished=True,
    )


def _signals_of(raw: bytes, n_signals: int, where: str) -> tuple[EdfSignal, ...]:
    try:
        return _signals(raw, n_signals)
    except SourceError as error:
        raise SourceError(error.what, where=where, mend=error.mend) from None


@lru_cache(maxsize=64)
def _signals(raw: bytes, n_signals: int) -> tuple[EdfSignal, ...]:
    """Files of one corpus mostly have the same signals, byte for byte; each such header is parsed once."""
    columns: dict[str, list[str]] = {}
    start = 0
    for name, width in _SIGNAL_FIELDS.items():
        columns[name] = [_text(raw[start + width * i : start + width * (i + 1)]) for i in range(n_signals)]
        start += width * n_signals
    signals: list[EdfSignal] = []
    column = 0
    for i in range(n_signals):
        row = {name: values[i] for name, values in columns.items()}
        per_record = _whole(row["per_record"], f"number of samples in a record of signal {i + 1}", "")
        free = {name: row[name] for name in ("label", "unit", "prefilter")}
        limits = {name: row[name].replace(",", ".") for name in row if name.startswith(("physical", "digital"))}
        signals.append(EdfSignal(**free, **limits, per_record=per_record, column=column))
        column += per_record
    return tuple(signals)


_FILTER = re.compile(
    r"(?i)\b(?:HP|LP|BP|N|RF|NF)\s*:\s*(?:DC|[\d.,]+(?:\s*-\s*[\d.,]+)?)\s*(?:k?Hz|m?s)?|\bDC\b|\bRectification\b"
    r"|\bno(?:ne| filtering)\b|\bnot recorded\b"
)


def stated_filter(text: str) -> str:
    """The filters that a prefiltering field states (EDF+ section 2.1.3.7: ``HP:0.1Hz LP:75Hz N:50Hz``).

    The field is free text, and what else stands in it may name a person.
    """
    return " ".join(match[0].strip() for match in _FILTER.finditer(text))


def _text(raw: bytes) -> str:
    """ASCII says the standard; writers also use UTF-8 and Latin-1 (for the micro sign)."""
    if b"\x00" in raw:
        raw = raw.split(b"\x00")[0] if raw.strip(b" \x00") else b""
    try:
        return raw.decode().strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


# A field that cannot be read is named and never quoted: where a header is shifted it holds a piece of a name or a date.


def _whole(text: str, what: str, where: str, least: int = 0) -> int:
    value = int(text) if is_whole(text) else least - 1
    if value < least:
        raise SourceError(f"its {what} is no such number.", where=where, mend=_AGAIN)
    return value


def _duration(text: str, where: str) -> Fraction:
    seconds = _fraction(text.replace(",", "."))
    if not 0 <= seconds <= MOST_SECONDS:
        raise SourceError("what it gives as the length of a data record is no duration.", where=where, mend=_AGAIN)
    return seconds


@lru_cache(maxsize=64)
def _fraction(text: str) -> Fraction:
    """A number as it is written, to the last digit; -1 for what is none."""
    return Fraction(text) if is_number(text) else Fraction(-1)


def _plus_date(text: str) -> date | None:
    """dd-MMM-yyyy with an English month: EDF+ section 2.1.3 (4)."""
    parts = text.upper().split("-")
    if len(parts) != 3 or parts[1] not in _MONTHS or not (is_digits(parts[0]) and is_digits(parts[2])):
        return None
    return _date(int(parts[2]), _MONTHS.index(parts[1]) + 1, int(parts[0]))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

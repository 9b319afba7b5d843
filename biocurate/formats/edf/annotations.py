"""Time-stamped annotation lists (TALs) of EDF+ and BDF+: what happened, and when each data record begins.

Source: EDF+ sections 2.2.2 to 2.2.4, https://www.edfplus.info/specs/edfplus.html. Times are decimal text in the file
and stay exact: seconds never pass through a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np

from biocurate.formats.edf.header import EdfSignal
from biocurate.formats.edf.records import Records
from biocurate.formats.mapped import give_back
from biocurate.recording import NS, Annotation, Segment
from biocurate.sensors import identify

_TAL = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d*(?:\.\d*)?))?\x14(.*)", re.DOTALL)

TOGETHER = 1024
"""Records whose annotations are taken out of the file at a time."""

COUNTED_BYTES = 2**17
"""Of a block whose times are compared with a whole clock's; sixteen of them are remembered."""

_LATEST = 2**62  # nanoseconds; a later time is damage


@dataclass(frozen=True)
class TimedLists:
    """All annotation signals of a file."""

    onsets_ns: tuple[int | None, ...]
    """When each record begins, from the header's start time; None where the record does not tell."""
    annotations: tuple[Annotation, ...]
    """In order of time, from the header's start time."""
    n_unreadable: int
    """Lists that do not follow the standard."""


Saying = Callable[[str], tuple[str, str, float | None, str | None]]
"""Kind, value, number and channel of an annotation, from its text."""


def plain_text(text: str) -> tuple[str, str, float | None, str | None]:
    """Read any text as an event; ``text@@label`` is of one channel (EDF+ "standard texts")."""
    value, _, label = text.partition("@@")
    return "event", value.strip(), None, identify(label).name if label else None


def read_lists(records: Records, signals: Sequence[EdfSignal], say: Saying = plain_text) -> TimedLists:
    """Read the annotation signals of a file, the first of which keeps the time.

    Parameters
    ----------
    records : Records
    signals : sequence of EdfSignal
        Those that hold annotations, in the order of the file.
    say : callable
        What a text says.
    """
    onsets: list[int | None] = []
    found: list[Annotation] = []
    n_unreadable = 0
    for position, signal in enumerate(signals):
        for some in _blocks(records, signal):
            if position == 0 and (seconds := _counted(some)) is not None:
                onsets += [second * NS for second in seconds]
                continue
            for raw in some:
                if position == 0 and (second := _whole_second(raw)) is not None:
                    onsets.append(second * NS)
                    continue
                lists, bad = _parse(raw)
                n_unreadable += bad
                if position == 0:
                    onsets.append(_time_kept(lists))
                found.extend(annotation for each in lists for annotation in each.annotations(say))
    found.sort(key=lambda annotation: (annotation.onset_ns, annotation.duration_ns, annotation.value))
    return TimedLists(tuple(onsets), tuple(found), n_unreadable)


@dataclass(frozen=True)
class _Block:
    """What an annotation signal holds in some records, end to end."""

    raw: bytes
    size: int
    """Bytes of a record."""

    def __iter__(self) -> Iterator[bytes]:
        """Each record's, without the zeros that fill it up."""
        for start in range(0, len(self.raw), self.size):
            yield self.raw[start : start + self.size].rstrip(b"\x00")


def _blocks(records: Records, signal: EdfSignal) -> Iterator[_Block]:
    """Many records at a time: to take bytes out of an array costs more than to read them."""
    columns = slice(signal.column, signal.column + signal.per_record)
    for first in range(0, records.n_records, TOGETHER):
        raw = records.array[first : first + TOGETHER, columns].tobytes()
        give_back(records.array)
        yield _Block(raw, signal.per_record * records.width)


def _counted(block: _Block) -> range | None:
    """The second of each record, where they say that and nothing else, in equal steps, as nearly every block does."""
    if not block.size <= len(block.raw) <= COUNTED_BYTES:
        return None
    starts = [_whole_second(raw) for raw in islice(block, 2)]
    first, second = starts[0], starts[-1]
    if first is None or second is None or (len(starts) > 1 and second <= first):
        return None
    seconds = range(first, first + max(1, second - first) * (len(block.raw) // block.size), max(1, second - first))
    return seconds if block.raw == _clock(seconds, block.size) else None


@lru_cache(maxsize=16)
def _clock(seconds: range, size: int) -> bytes:
    """What records of so many bytes hold that say when they begin."""
    return b"".join((b"+%d\x14\x14" % second).ljust(size, b"\x00") for second in seconds)


def first_onset_ns(records: Records, keeper: EdfSignal) -> int | None:
    """When the first record begins, from the header's start time; reads its time-keeping list and nothing else."""
    raw = records.source.piece(records.offset + keeper.column * records.width, keeper.per_record * records.width)
    return _time_kept(_parse(raw)[0])


@dataclass(frozen=True)
class _List:
    onset_ns: int
    duration_ns: int
    texts: tuple[str, ...]

    def annotations(self, say: Saying) -> list[Annotation]:
        """One for each text that says something."""
        made = []
        for text in filter(None, map(str.strip, self.texts)):
            kind, value, number, channel = say(text)
            if value or not channel:
                made.append(Annotation(self.onset_ns, self.duration_ns, kind, value, number, channel))
        return made


def _whole_second(raw: bytes) -> int | None:
    """The second of a list that says only when its record begins, as nearly every one does: ``+12``."""
    if len(raw) < 13 and raw.endswith(b"\x14\x14") and raw[:1] == b"+" and raw[1:-2].isdigit():
        return int(raw[1:-2])
    return None


def _time_kept(lists: Sequence[_List]) -> int | None:
    """Onset of a record: that of its first list, whose first text is empty (EDF+ section 2.2.4)."""
    return lists[0].onset_ns if lists and not lists[0].texts[0] else None


def _parse(raw: bytes) -> tuple[list[_List], int]:
    """Read the lists of one record's annotation block; count what is none."""
    lists, bad = [], 0
    for piece in filter(None, raw.split(b"\x00")):
        match = _TAL.fullmatch(piece)
        if match and len(match[1]) < 32 and abs(onset := _nanoseconds(match[1])) <= _LATEST:
            parts = tuple(_text(part) for part in match[3].removesuffix(b"\x14").split(b"\x14"))
            lists.append(_List(onset, min(_nanoseconds(match[2] or b"0"), _LATEST), parts))
        else:
            bad += 1
    return lists, bad


def _nanoseconds(seconds: bytes) -> int:
    return int((Decimal(seconds.decode() or "0") * NS).to_integral_value())


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


@dataclass(frozen=True)
class Stretch:
    """Records that follow each other without a gap."""

    onset_ns: int
    n_records: int

    def segment(self, per_record: int) -> Segment:
        """Give the segment of a stream that has so many samples in a record."""
        return Segment(self.onset_ns, self.n_records * per_record)


def stretches(onsets_ns: Sequence[int], record_s: Fraction, tolerance_ns: int) -> list[Stretch]:
    """Part records where the next one does not begin at the end of the one before.

    Parameters
    ----------
    onsets_ns : sequence of int
        When each record begins.
    record_s : Fraction
        Seconds that a record lasts.
    tolerance_ns : int
        A smaller difference is rounding.
    """
    length_ns = round(record_s * NS)
    steps = np.diff(np.asarray(onsets_ns, dtype=np.int64))
    breaks = np.flatnonzero(np.abs(steps - length_ns) > tolerance_ns) + 1
    edges = [0, *breaks.tolist(), len(onsets_ns)]
    return [Stretch(onsets_ns[first], last - first) for first, last in pairwise(edges)]


def overlap(onsets_ns: Sequence[int], record_s: Fraction, tolerance_ns: int) -> int | None:
    """Index of the first record that begins before the one before it ends, if any."""
    steps = np.diff(np.asarray(onsets_ns, dtype=np.int64))
    early = np.flatnonzero(steps < round(record_s * NS) - tolerance_ns)
    return int(early[0]) + 1 if early.size else None

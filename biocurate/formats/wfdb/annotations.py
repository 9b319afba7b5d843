"""WFDB annotation files: marks at sample numbers.

Parsed here and not by `wfdb.rdann`, which takes 4 ms for a file of 48 marks (this takes 0.1 ms; LUDB has twelve a
record), turns a label of no standard meaning into NaN, and never returns from a comment at sample 0 that begins with
``## `` and is none that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from biocurate.errors import SourceError
from biocurate.recording import NS, Annotation

SYMBOLS = dict(enumerate("NLRaVFJASEj/Q~", start=1)) | {16: "|"} | dict(enumerate('sT*D"=pB^t+u?![]en@xf()r', start=18))
"""Label store to symbol; annot(5) of the WFDB Applications Guide, "annotation codes"."""
NOTE, RHYTHM, QUALITY = '"', "+", "~"

_SKIP, _NUM, _SUB, _CHAN, _AUX = 59, 60, 61, 62, 63
_RESOLUTION = re.compile(r"## time resolution: (\d+(?:\.\d+)?)")
_DEFINITION = re.compile(r"(\d+) (\S+) .*")


@dataclass
class Mark:
    """One annotation of a file."""

    sample: int
    symbol: str
    subtype: int = 0
    channel: int = 0
    number: int = 0
    aux: str = ""


@dataclass(frozen=True)
class MarkFile:
    """All annotations of a file, in its order."""

    marks: tuple[Mark, ...]
    rate_hz: float | None
    """Ticks a second, where the file states its own."""
    warnings: tuple[str, ...] = ()


def parse_marks(raw: bytes, where: str) -> MarkFile:
    """Parse the bytes of an annotation file in MIT format; annot(5) of the WFDB Applications Guide.

    Raises
    ------
    SourceError
        Where the file ends inside an annotation, or is none.
    """
    words = np.frombuffer(raw, "<u2", len(raw) // 2).tolist()
    try:
        stored, end = _stored(words, raw)
    except IndexError:
        raise SourceError(
            "the annotation file ends inside an annotation.", where=where, mend="It looks cut off; get it again."
        ) from None
    found = _defined(stored)
    return replace(found, warnings=tuple(_doubts(found.marks, raw, 2 * end)))


def _doubts(marks: Sequence[Mark], raw: bytes, end: int) -> Iterator[str]:
    """What annot(5) does not allow: a file ends with a mark of two zero bytes, and its annotations are in order."""
    if len(raw) < end + 2:
        yield "has no mark at its end: it was cut off there, and annotations may be missing"
    elif any(raw[end:]):
        yield f"has bytes behind the mark at its end ({len(raw) - end - 2:,}), which are not read"
    backwards = sum(later.sample < earlier.sample for earlier, later in pairwise(marks))
    if backwards:
        yield f"has annotations out of order of time ({backwards})"


def _stored(words: list[int], raw: bytes) -> tuple[list[tuple[Mark, int]], int]:
    """Every annotation that the file stores, definitions too, each with its label store; and where they end."""
    stored: list[tuple[Mark, int]] = []
    sample = channel = number = place = 0
    mark = Mark(0, "")
    while place < len(words) and words[place]:
        word = words[place]
        code, value = word >> 10, word & 0x3FF
        place += 1
        if code == _SKIP:
            interval = words[place] << 16 | words[place + 1]
            sample += interval - (interval >> 31 << 32)
            place += 2
        elif code == _NUM:
            number = mark.number = _signed_byte(value)
        elif code == _SUB:
            mark.subtype = _signed_byte(value)
        elif code == _CHAN:
            channel = mark.channel = value & 0xFF
        elif code == _AUX:
            length = value & 0xFF
            mark.aux = raw[2 * place : 2 * place + length].decode("latin-1").rstrip("\0 ")
            place += (length + 1) // 2
            if place > len(words):
                raise IndexError(place)
        else:
            sample += value
            mark = Mark(sample, SYMBOLS.get(code, str(code)), 0, channel, number)
            stored.append((mark, code))
    return stored, place


def _signed_byte(value: int) -> int:
    """Read the low byte in two's complement."""
    return (value & 0xFF) - ((value & 0x80) << 1)


def _defined(stored: list[tuple[Mark, int]]) -> MarkFile:
    """Apply what comments at sample 0 define (time resolution, own symbols) and take them out."""
    rate: float | None = None
    symbols: dict[int, str] = {}
    kept: list[tuple[Mark, int]] = []
    defining = False
    for mark, code in stored:
        if mark.sample != 0 or mark.symbol != NOTE:
            kept.append((mark, code))
            continue
        if match := _RESOLUTION.match(mark.aux):
            rate = float(match[1]) or None
        elif mark.aux.startswith("## "):
            defining = mark.aux == "## annotation type definitions"
        elif defining and (match := _DEFINITION.match(mark.aux)):
            symbols[int(match[1])] = match[2]
        else:
            kept.append((mark, code))
    for mark, code in kept:
        mark.symbol = symbols.get(code, mark.symbol)
    return MarkFile(tuple(mark for mark, code in kept if code), rate)


def to_annotations(
    file: MarkFile, rate_hz: float, shift_ns: int, end_ns: int, kind: str, channel: str | None
) -> list[Annotation]:
    """Place marks as annotations on a recording's clock.

    Parameters
    ----------
    file : MarkFile
    rate_hz : float
        Frames a second of the record, for files that state no resolution of their own.
    shift_ns : int
        Time of the record's sample 0 on the recording's clock.
    end_ns : int
        End of the recording: the last rhythm lasts until then.
    kind : str
        Kind of the annotations whose meaning is their symbol. A comment has kind ``note`` and its text as value; a
        rhythm change has kind ``rhythm``, lasts until the next and has the text without its ``(`` as value.
    channel : str or None
        Canonical channel name, where the file marks one channel.
    """
    rate = file.rate_hz or rate_hz
    numbered = any(mark.number for mark in file.marks)
    annotations: list[Annotation] = []
    rhythms: list[tuple[int, str]] = []
    for mark in file.marks:
        onset = shift_ns + round(mark.sample * NS / rate)
        if mark.symbol == NOTE:
            annotations.append(Annotation(onset, 0, "note", mark.aux, None, channel))
            continue
        if mark.aux.startswith("(") and len(mark.aux) > 1:
            rhythms.append((onset, mark.aux[1:]))
            if mark.symbol == RHYTHM:
                continue
        number = mark.subtype if mark.symbol == QUALITY else mark.number if numbered else None
        annotations.append(Annotation(onset, 0, kind, mark.symbol, number, channel))
    annotations.extend(_intervals(rhythms, end_ns, channel))
    return annotations


def _intervals(rhythms: Iterable[tuple[int, str]], end_ns: int, channel: str | None) -> list[Annotation]:
    """Rhythm changes as intervals, each until the next."""
    ordered = sorted(rhythms)
    ends = [*(onset for onset, _ in ordered[1:]), end_ns]
    return [
        Annotation(onset, max(end - onset, 0), "rhythm", value, None, channel)
        for (onset, value), end in zip(ordered, ends, strict=False)
    ]

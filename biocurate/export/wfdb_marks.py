"""Annotations as WFDB annotation files: annot(5) of the WFDB Applications Guide, MIT format.

A file holds one kind of label, of one channel where it is of one, since that is how corpora part them and how a recipe
reads them back. Labels that are WFDB's own (beats, rhythms) are written as such; any other is a comment whose text says
its kind. The format has no duration: a rhythm lasts until the next, and a comment's text says how long it lasts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, pairwise

from biocurate.formats.annotation_text import to_text
from biocurate.formats.wfdb.annotations import NOTE, QUALITY, RHYTHM, SYMBOLS
from biocurate.recording import NS, Annotation

CODES = {symbol: code for code, symbol in SYMBOLS.items()}
LONGEST = 255
"""Bytes of a comment."""
FIRST_NS = 1_000
"""The finest time that is written: less than half a sample, so that a label of a first sample stays with it."""
_SKIP, _NUM, _AUX = 59, 60, 63


@dataclass(frozen=True)
class MarkFile:
    """One annotation file."""

    extension: str
    kind: str
    channel: str | None
    data: bytes


@dataclass(frozen=True)
class _Mark:
    onset_ns: int
    symbol: str
    number: int = 0
    aux: str = ""


def mark_files(
    annotations: Sequence[Annotation], t0_ns: int, end_ns: int, tick_hz: float, notes: list[str]
) -> list[MarkFile]:
    """Make the annotation files of a record.

    Parameters
    ----------
    annotations : sequence of Annotation
    t0_ns, end_ns : int
        Of the record, on the recording's clock.
    tick_hz : float
        Frames a second.
    notes : list of str
        Takes what is not written as it is stored.
    """
    groups: dict[tuple[str, str | None], list[Annotation]] = {}
    for annotation in _within(annotations, t0_ns, notes):
        groups.setdefault((annotation.kind, annotation.channel), []).append(annotation)
    taken: set[str] = set()
    files = []
    for (kind, channel), members in groups.items():
        marks = _after_the_first(_marks(members, end_ns, notes), t0_ns, kind, notes)
        rate, inexact = _resolution([mark.onset_ns - t0_ns for mark in marks], tick_hz)
        if inexact:
            notes.append(f"{inexact} {kind} annotations are moved to the nearest microsecond")
        encoded = _encoded(marks, t0_ns, rate, tick_hz)
        files.append(MarkFile(_extension(kind, channel, taken), kind, channel, encoded))
    return files


def _within(annotations: Sequence[Annotation], t0_ns: int, notes: list[str]) -> list[Annotation]:
    """Annotations from a record's start on: it has no time before that."""
    late = [each for each in annotations if each.onset_ns >= t0_ns]
    early = [each for each in annotations if each.onset_ns < t0_ns]
    cut = [
        replace(each, onset_ns=t0_ns, duration_ns=each.onset_ns + each.duration_ns - t0_ns)
        for each in early
        if each.onset_ns + each.duration_ns > t0_ns
    ]
    if cut:
        notes.append(f"{len(cut)} annotations that began before the record begin with it")
    if len(cut) < len(early):
        notes.append(f"{len(early) - len(cut)} annotations from before the record are left out")
    return [*cut, *late]


def _after_the_first(marks: Sequence[_Mark], t0_ns: int, kind: str, notes: list[str]) -> list[_Mark]:
    """Marks by onset; comments of the first microsecond stand at its end.

    The wfdb package takes every comment at sample 0 for a definition and drops it, and labels of a whole recording lie
    there.
    """
    place = t0_ns + FIRST_NS
    moved = [replace(mark, onset_ns=place) for mark in marks if mark.symbol == NOTE and mark.onset_ns < place]
    if moved:
        notes.append(f"{len(moved)} {kind} annotations at the first sample are written 1 us later")
    kept = [mark for mark in marks if mark.symbol != NOTE or mark.onset_ns >= place]
    return sorted([*moved, *kept], key=lambda mark: mark.onset_ns)


def _extension(kind: str, channel: str | None, taken: set[str]) -> str:
    """Letters, digits and underscores, beginning with a letter; ``hea`` and ``dat`` are other files."""
    name = re.sub(r"[^a-z0-9_]", "", f"{kind}_{channel}".lower() if channel else kind.lower()) or "atr"
    name = f"a{name}" if name in ("hea", "dat") or not name[0].isalpha() else name
    free = next(each for each in chain([name], (f"{name}{again}" for again in count(2))) if each not in taken)
    taken.add(free)
    return free


def _marks(annotations: Sequence[Annotation], end_ns: int, notes: list[str]) -> list[_Mark]:
    """Marks of one kind and channel, in WFDB's own words where all of them have one."""
    if _are_symbols(annotations):
        return [_Mark(each.onset_ns, each.value, int(each.number or 0)) for each in annotations]
    if _are_rhythms(annotations, end_ns):
        return [_Mark(each.onset_ns, RHYTHM, aux=f"({each.value}") for each in annotations]
    texts = [_comment(each) for each in annotations]
    shown = [text.encode("latin-1", "replace")[:LONGEST].decode("latin-1").replace("\0", " ") for text in texts]
    changed = sum(text != aux for text, aux in zip(texts, shown, strict=True))
    if changed:
        kind = annotations[0].kind
        notes.append(f"{changed} {kind} annotations do not fit {LONGEST} Latin characters and are changed")
    return [_Mark(each.onset_ns, NOTE, aux=aux) for each, aux in zip(annotations, shown, strict=True)]


def _comment(annotation: Annotation) -> str:
    is_note = annotation.kind == "note" and annotation.number is None and not annotation.duration_ns
    if is_note and not annotation.value.startswith("## "):
        return annotation.value
    text = to_text(annotation)
    return f"{text} [{annotation.duration_ns / NS:.9g} s]" if annotation.duration_ns else text


def _are_symbols(annotations: Sequence[Annotation]) -> bool:
    """Whether each is an instant called by one of WFDB's symbols, with a number that the format holds or none."""
    numbers = [annotation.number for annotation in annotations]
    plain = all(number is None for number in numbers) or (
        all(number is not None and float(number).is_integer() and -128 <= number < 128 for number in numbers)
        and any(numbers)
    )
    own = CODES.keys() - {NOTE, RHYTHM, QUALITY}
    return plain and all(each.value in own and not each.duration_ns for each in annotations)


def _are_rhythms(annotations: Sequence[Annotation], end_ns: int) -> bool:
    """Whether they are rhythms that last until the next, and the last until the end."""
    ends = [annotation.onset_ns + annotation.duration_ns for annotation in annotations]
    touching = all(end == after.onset_ns for end, (_, after) in zip(ends, pairwise(annotations), strict=False))
    return (
        touching
        and ends[-1] == end_ns
        and all(
            each.kind == "rhythm" and each.number is None and each.value.isascii() and 0 < len(each.value) < LONGEST
            for each in annotations
        )
    )


def _resolution(onsets_ns: Sequence[int], tick_hz: float) -> tuple[float, int]:
    """Ticks a second that hold every onset exactly, and how many onsets the finest of them does not."""
    for rate in (tick_hz, 1000.0, 1e6):
        moved = sum(round(round(onset * rate / NS) * NS / rate) != onset for onset in onsets_ns)
        if not moved:
            return rate, 0
    return 1e6, moved


def _encoded(marks: Sequence[_Mark], t0_ns: int, rate: float, tick_hz: float) -> bytes:
    """Bytes of the file; a resolution that is not the record's stands before the first mark."""
    words = bytearray()
    at = number = 0
    if rate != tick_hz:
        words += _word(CODES[NOTE], 0) + _aux(f"## time resolution: {round(rate)}")
    for mark in marks:
        sample = round((mark.onset_ns - t0_ns) * rate / NS)
        step, at = sample - at, sample
        while step > 0x7FFFFFFF:
            words += _skip(0x7FFFFFFF)
            step -= 0x7FFFFFFF
        if not 0 <= step < 1024:
            words += _skip(step)
            step = 0
        words += _word(CODES[mark.symbol], step)
        if mark.number != number:
            number = mark.number
            words += _word(_NUM, number & 0xFF)
        if mark.aux:
            words += _aux(mark.aux)
    return bytes(words) + b"\x00\x00"


def _skip(step: int) -> bytes:
    """Give a 32-bit interval, high word first (PDP-11 order)."""
    return _word(_SKIP, 0) + (step >> 16 & 0xFFFF).to_bytes(2, "little") + (step & 0xFFFF).to_bytes(2, "little")


def _word(code: int, value: int) -> bytes:
    return (code << 10 | value).to_bytes(2, "little")


def _aux(text: str) -> bytes:
    raw = text.encode("latin-1")
    return _word(_AUX, len(raw)) + raw + b"\x00" * (len(raw) % 2)

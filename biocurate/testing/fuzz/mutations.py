"""Ways to damage a file, as edits: bytes changed, lost, put in, zeroed, and fields that change places or values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

HEAD = 4096
"""Bytes at the beginning of a file that every other edit falls into: there the structure is."""

_WORD = re.compile(rb"[^\s,;=/()]+")
_NUMBER = re.compile(rb"-?\d[\d.]*")
_NUMBERS = [b"0", b"-1", b"1", b"2", b"3", b"16", b"212", b"255", b"256", b"65536", b"99999999", b"2147483648"]
_NUMBERS += [b"9" * 19, b"1e9", b"1e-9", b"1e-99999", b"-0", b"0.1", b"nan", b"inf", b"1_0", b"", b"x"]
_BYTES = (0, 1, 0x7F, 0x80, 0xFF, 10, 13, 20, 32, 44)


@dataclass(frozen=True)
class Edit:
    """Some bytes in place of others; an empty stretch is put in, an empty content taken out."""

    start: int
    stop: int
    content: bytes


def apply(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """Make the changed file.

    Parameters
    ----------
    raw : bytes
    edits : sequence of Edit
        By places in the bytes that the edit before it left.
    """
    for edit in edits:
        raw = raw[: edit.start] + edit.content + raw[edit.stop :]
    return raw


def mutate(raw: bytes, chance: Random) -> tuple[str, list[Edit]]:
    """Draw a kind of damage and one to three edits of that kind.

    Parameters
    ----------
    raw : bytes
        The whole file, not empty.
    chance : Random
        The same state gives the same edits.

    Returns
    -------
    str
        The kind, of `KINDS`.
    list of Edit
    """
    kind = chance.choice(list(KINDS))
    edits: list[Edit] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if raw:
            edits += (made := KINDS[kind](raw, chance))
            raw = apply(raw, made)
    return kind, edits


def _place(raw: bytes, chance: Random) -> int:
    return chance.randrange(min(len(raw), HEAD) if chance.random() < 0.5 else len(raw))


def _block(raw: bytes, chance: Random) -> tuple[int, int]:
    start = _place(raw, chance)
    return start, min(start + chance.choice((1, 2, 3, 4, 8, 16, 64, 256, 512, 1000)), len(raw))


def _flip(raw: bytes, chance: Random) -> list[Edit]:
    at = _place(raw, chance)
    return [Edit(at, at + 1, bytes([raw[at] ^ 1 << chance.randrange(8)]))]


def _byte(raw: bytes, chance: Random) -> list[Edit]:
    at = _place(raw, chance)
    return [Edit(at, at + 1, bytes([chance.choice((*_BYTES, chance.randrange(256)))]))]


def _cut(raw: bytes, chance: Random) -> list[Edit]:
    return [Edit(_place(raw, chance), len(raw), b"")]


def _insert(raw: bytes, chance: Random) -> list[Edit]:
    start, stop = _block(raw, chance)
    fill = chance.choice((raw[start:stop], bytes(stop - start), chance.randbytes(stop - start), b"\r", b"\n"))
    return [Edit(start, start, fill)]


def _delete(raw: bytes, chance: Random) -> list[Edit]:
    return [Edit(*_block(raw, chance), b"")]


def _zero(raw: bytes, chance: Random) -> list[Edit]:
    start, stop = _block(raw, chance)
    return [Edit(start, stop, bytes(stop - start))]


def _swap(raw: bytes, chance: Random) -> list[Edit]:
    """Exchange two words of the header, or two fields of eight bytes."""
    words = [match.span() for match in _WORD.finditer(raw[:HEAD]) if len(match[0]) < 81]
    if len(words) < 2 or chance.random() < 0.5:
        places = range(0, min(len(raw), HEAD) - 7, 4)
        words = [(at, at + 8) for at in chance.sample(places, 2)] if len(places) > 2 else []
    if len(words) < 2:
        return []
    (a, b), (c, d) = sorted(chance.sample(words, 2))
    if b > c:
        return []
    return [Edit(a, d, raw[c:d] + raw[b:c] + raw[a:b])]


def _number(raw: bytes, chance: Random) -> list[Edit]:
    """Put another number where one stands in the header, in as many bytes or in as many as it takes."""
    found = [match.span() for match in _NUMBER.finditer(raw[:HEAD])]
    if not found:
        return _byte(raw, chance)
    start, stop = chance.choice(found)
    number = chance.choice(_NUMBERS)
    if chance.random() < 0.6:
        number = number.ljust(stop - start)
        stop = min(start + len(number), len(raw))
    return [Edit(start, stop, number)]


KINDS: dict[str, Callable[[bytes, Random], list[Edit]]] = {
    "bit flipped": _flip,
    "byte changed": _byte,
    "cut off": _cut,
    "bytes put in": _insert,
    "bytes lost": _delete,
    "block zeroed": _zero,
    "fields exchanged": _swap,
    "number changed": _number,
}

"""What a file says about itself before any sample is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SignalHeader:
    """One signal, as the file declares it."""

    label: str
    unit: str
    rate_hz: float
    n_samples: int | None
    """None where only reading the samples can tell."""


@dataclass(frozen=True)
class Header:
    """What a plan needs of a file: enough to check a recipe and to pack parts."""

    signals: tuple[SignalHeader, ...]
    n_bytes: int
    """Of every file that a read would open."""
    start_unix_ns: int | None = None
    duration_ns: int | None = None
    age: float | None = None
    sex: str | None = None
    warnings: tuple[str, ...] = ()
    comments: tuple[str, ...] = field(default=(), repr=False)
    """Free text of the file, for labels; it may name a person and is never stored or shown as it is."""
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Text fields by name, as `Recording.header` has them; the same holds for these."""


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def is_digits(text: str) -> bool:
    """Whether a text is a whole number in the ten ASCII digits: `isdigit` takes ``²``, which `int` refuses."""
    return text.isascii() and text.isdecimal()


def is_number(text: str) -> bool:
    """Whether a text is a decimal number in ASCII: `float` and `int` take ``1_0``, ``nan`` and digits of any script."""
    return _NUMBER.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Whether a text is a whole number in ASCII, with a sign or without."""
    return is_digits(text.removeprefix(text[:1] if text[:1] in ("+", "-") else ""))

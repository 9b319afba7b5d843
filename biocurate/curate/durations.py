"""Lengths of time as people write them, exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from biocurate.errors import UsageError
from biocurate.recording import NS

_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": NS,
    "sec": NS,
    "min": 60 * NS,
    "h": 3600 * NS,
}


def parse_duration(text: str) -> int:
    """Nanoseconds of ``10s``, ``500ms``, ``1min`` or ``2.5s``.

    Raises
    ------
    UsageError
        For a text without a number or unit, a length that is no whole number of nanoseconds, and one of 0.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text)
    if found is None or found[2] not in _UNITS_NS:
        mend = f"Write a number and a unit, such as 10s, 500ms or 1min; units: {', '.join(_UNITS_NS)}."
        raise UsageError(f"{text!r} is no length of time.", mend=mend)
    exact = Fraction(found[1]) * _UNITS_NS[found[2]]
    if exact.denominator != 1:
        raise UsageError(f"{text!r} is no whole number of nanoseconds.", mend="Write it with fewer decimals.")
    if exact <= 0:
        raise UsageError(f"{text!r} is no length.", mend="It has to be longer than 0.")
    return int(exact)


def format_duration(ns: int) -> str:
    """Write nanoseconds in the largest unit that keeps them whole: ``10s``, ``1500ms``."""
    for unit in ("h", "min", "s", "ms", "us"):
        if ns % _UNITS_NS[unit] == 0:
            return f"{ns // _UNITS_NS[unit]}{unit}"
    return f"{ns}ns"

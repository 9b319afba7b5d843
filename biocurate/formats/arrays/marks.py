"""Annotations from a file's variables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.options import From, Marks, Onsets
from biocurate.formats.arrays.values import Values, as_text
from biocurate.recording import NS, Annotation, samples_to_ns

_NS_PER = {"s": NS, "ms": 10**6, "us": 10**3, "ns": 1}
LATEST_NS = 2**62
"""No recording is 146 years long."""


def marks_of(
    values: Values, said: Sequence[Marks], rates_hz: Sequence[float], duration_ns: int
) -> tuple[list[Annotation], list[str]]:
    """Every annotation that the options name, with warnings.

    Parameters
    ----------
    values : Values
    said : sequence of Marks
    rates_hz : sequence of float
        Of the recording's signals, each once.
    duration_ns : int
        Of the recording.

    Raises
    ------
    SourceError
        A variable is missing, the variables of one entry differ in length, or an onset lies before the start.
    """
    made: list[Annotation] = []
    warnings: list[str] = []
    for marks in said:
        if marks.optional and not all(values.has(each) for each in marks.read):
            continue
        if marks.rate_hz is not None:
            made += _stretches(values, marks, marks.rate_hz)
            continue
        some, noted = _made(values, marks, rates_hz, duration_ns)
        made += some
        warnings += noted
    return made, warnings


def _stretches(values: Values, marks: Marks, rate_hz: float) -> list[Annotation]:
    """One interval for each stretch of equal values; NaN is equal to NaN, and says nothing."""
    assert isinstance(marks.value, From)
    found = values.numbers(marks.value)
    if not len(found):
        return []
    changes = (found[1:] != found[:-1]) & ~((found[1:] != found[1:]) & (found[:-1] != found[:-1]))
    firsts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    edges = [samples_to_ns(place, rate_hz) for place in [*firsts.tolist(), len(found)]]
    return [
        Annotation(start, stop - start, marks.kind, as_text(found[first]), channel=marks.channel)
        for first, start, stop in zip(firsts, edges, edges[1:], strict=False)
        if found[first] == found[first]
    ]


def _made(
    values: Values, marks: Marks, rates_hz: Sequence[float], duration_ns: int
) -> tuple[list[Annotation], list[str]]:
    onsets, lengths = _times(values, marks, rates_hz, duration_ns)
    count = len(onsets)
    texts = [marks.value] * count if isinstance(marks.value, str) else values.texts(marks.value)
    numbers = [None] * count if marks.number is None else values.numbers(marks.number).astype(np.float64).tolist()
    _hold_lengths(values, marks, count, texts=texts, numbers=numbers)
    timed = np.isfinite(onsets) & np.isfinite(lengths)
    noted = []
    if lost := int((~timed).sum()):
        noted.append(f"{marks.kind}: {lost} of {count} annotations have no time and are left out")
    if (onsets[timed] < 0).any():
        raise SourceError(
            f"annotations of kind {marks.kind!r} begin before the recording.",
            where=values.where,
            mend="Check `unit` and `base` of their onset.",
        )
    if late := int((onsets[timed] > duration_ns).sum()):
        noted.append(f"{marks.kind}: {late} of {count} annotations begin after the recording's end")
    if (np.abs(onsets[timed]) > LATEST_NS).any() or (lengths[timed] > LATEST_NS).any():
        raise SourceError(
            f"annotations of kind {marks.kind!r} have times that no recording has.",
            where=values.where,
            mend="Check `unit` of their onset.",
        )
    if (lengths[timed] < 0).any():
        noted.append(f"{marks.kind}: {int((lengths[timed] < 0).sum())} of {count} annotations end before they begin")
    rows = zip(onsets, np.maximum(lengths, 0), texts, numbers, timed, strict=True)
    return [
        Annotation(round(onset), round(length), marks.kind, text, None if _is_nan(number) else number, marks.channel)
        for onset, length, text, number, keep in rows
        if keep
    ], noted


def _is_nan(number: float | None) -> bool:
    return number is not None and number != number


def _times(
    values: Values, marks: Marks, rates_hz: Sequence[float], duration_ns: int
) -> tuple[NDArray[np.longdouble], NDArray[np.longdouble]]:
    """Onsets and lengths in nanoseconds; NaN where the file has none."""
    if marks.onset is None:
        assert isinstance(marks.value, From)
        count = len(values.texts(marks.value)) if marks.every_s else 1
        every = (marks.every_s or 0) * NS
        steps = np.arange(count, dtype=np.longdouble)
        return steps * every, np.full(count, every if marks.every_s else duration_ns, np.longdouble)
    scale, base = _scale(values, marks.onset, rates_hz), marks.onset.base or 0
    onsets = (_exact(values, marks.onset) - base) * scale
    if marks.duration is not None:
        lengths = _exact(values, marks.duration) * scale
    elif marks.end is not None:
        lengths = (_exact(values, marks.end) - base) * scale
    else:
        return onsets, np.zeros_like(onsets)
    _hold_lengths(values, marks, len(onsets), lengths=lengths)
    return onsets, lengths if marks.end is None else lengths - onsets


def _exact(values: Values, said: From) -> NDArray[np.longdouble]:
    """Numbers with 64 bits of mantissa where the machine has them: nanoseconds outgrow a float64 in 104 days."""
    return values.numbers(said).astype(np.longdouble)


def _scale(values: Values, onset: Onsets, rates_hz: Sequence[float]) -> np.longdouble:
    """Nanoseconds in one unit of the onsets."""
    if onset.unit != "samples":
        return np.longdouble(_NS_PER[onset.unit])
    if onset.rate_hz is None and len(rates_hz) != 1:
        raise SourceError(
            "has signals of several rates, and its annotations count samples.",
            where=values.where,
            mend="State `rate_hz` in their `onset`.",
        )
    return np.longdouble(NS) / np.longdouble(onset.rate_hz or rates_hz[0])


def _hold_lengths(
    values: Values, marks: Marks, count: int, **columns: Sequence[object] | NDArray[np.longdouble]
) -> None:
    for name, column in columns.items():
        if len(column) != count:
            raise SourceError(
                f"annotations of kind {marks.kind!r} have {count} onsets and {len(column)} {name}.",
                where=values.where,
                mend="Check that the recipe names the variables that belong together.",
            )

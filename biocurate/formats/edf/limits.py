"""Samples that lie outside of the digital minimum and maximum that the header gives their signal.

EDF, "The header record": the two are the extreme values that can occur in data records. What lies outside is kept as
it is, and counted: the header is wrong, or the samples are. Where all signals have the limits of their bytes, as in
most files, no sample is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biocurate.formats.edf.header import EdfSignal
from biocurate.formats.edf.records import Records, RecordSamples, runs
from biocurate.formats.mapped import give_back

BLOCK_BYTES = 8 * 2**20
"""Of records that are looked at together."""


def outside_told(records: Records, signals: Sequence[EdfSignal]) -> list[str]:
    """How many samples of each signal lie outside of its limits, as a warning; none where none does.

    Parameters
    ----------
    records : Records
    signals : sequence of EdfSignal
        Those that hold samples; one whose limits give no scale has none that could be missed.
    """
    asked = {signal: limits for signal in signals if (limits := _limits(signal, records.width)) is not None}
    counts = dict.fromkeys(asked, 0)
    step = max(1, BLOCK_BYTES // max(1, records.per_record * records.width))
    for first in range(0, records.n_records if asked else 0, step):
        last = min(first + step, records.n_records)
        for signal in _beyond(records, asked, first, last):
            samples = RecordSamples(records, runs([signal.column], signal.per_record), signal.per_record)
            block = samples.read(first * signal.per_record, last * signal.per_record)
            low, high = asked[signal]
            counts[signal] += int(((block < low) | (block > high)).sum())
    told = [
        f"{signal.label!r} {count:,} of {records.n_records * signal.per_record:,}"
        for signal, count in counts.items()
        if count
    ]
    return [f"Samples lie outside of their signal's digital limits, and are kept: {', '.join(told)}."] if told else []


def _limits(signal: EdfSignal, width: int) -> tuple[int, int] | None:
    """Digital minimum and maximum, where a sample of so many bytes can lie outside of them."""
    if signal.calibration is None:
        return None
    low, high = sorted((int(signal.digital_min), int(signal.digital_max)))
    most = (1 << 8 * width - 1) - 1
    return (low, high) if low > -most - 1 or high < most else None


def _beyond(records: Records, asked: dict[EdfSignal, tuple[int, int]], first: int, last: int) -> list[EdfSignal]:
    """Signals of which some records may hold a sample outside."""
    if records.width != 2:
        return list(asked)  # three bytes have no order that numpy knows: they are decoded first
    block = records.array[first:last]
    # Over records first: whole rows are compared at once, at several times the speed of signal by signal.
    low, high = np.minimum.reduce(block, axis=0), np.maximum.reduce(block, axis=0)
    give_back(records.array)
    return [
        signal
        for signal, (least, most) in asked.items()
        if low[(here := slice(signal.column, signal.column + signal.per_record))].min() < least
        or high[here].max() > most
    ]

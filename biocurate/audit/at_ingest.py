"""The checks that are cheap enough for every ingest: limb leads, lead ranges, amplitudes, zeros at the ends.

What fails gets `unit_status: suspect`, and the reason stands in the recording's warnings. A recipe that calls a channel
suspect has the last word: its reason is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.audit.amplitude import PLAUSIBLE, Scales, amplitudes
from biocurate.audit.excerpts import excerpted
from biocurate.audit.leads import IDENTITIES, Verdict, lead_identities
from biocurate.audit.padding import LEAST_S, zero_ends
from biocurate.audit.ranges import LEAST_LEADS, equal_ranges
from biocurate.recording import Channel, Recording, Stream, canonical_scale
from biocurate.same import of_the_same
from biocurate.sensors import SensorType

VERSION = 3
"""Of the rules below. It is part of a recording's metadata revision: another number gives its rows anew."""
AUDITED = frozenset(PLAUSIBLE)
"""Sensor types that are looked at."""

WHOLE_S = 60.0
"""A stream up to this length is looked at whole for lead ranges and zeros; of a longer one, neither is asked."""
TRUSTED = frozenset({"declared", "recipe", "corrected"})
"""States of a unit that an audit can take back."""

Suspicion = tuple[Collection[int], str]
"""Rows of channels whose unit the samples belie, and the reason."""


@dataclass(frozen=True)
class Voltages:
    """ECG leads in one unit, as integers and their scales."""

    digital: NDArray[Any]
    names: tuple[str, ...]
    scale: tuple[float, ...]
    invalid: tuple[int | None, ...]

    def identities(self) -> list[Verdict]:
        """Verdicts on every identity whose leads are there."""
        return lead_identities(self.digital, self.names, self.scale, self.invalid)

    def common_range(self) -> float | None:
        """The peak-to-peak that all leads share, where they do."""
        return equal_ranges(*extremes(self.digital, self.invalid), self.scale)


def audited(recording: Recording) -> Recording:
    """Mark channels whose unit the samples belie as suspect, with the reason among the warnings.

    Parameters
    ----------
    recording : Recording
        Named and typed by its recipe.

    Returns
    -------
    Recording
        The same one where nothing was found.
    """
    streams, reasons = [], []
    for stream in recording.streams:
        why = suspicions(stream)
        doubted = {row for rows, _ in why for row in rows}
        reasons += [reason for _, reason in why] + padding(stream)
        streams.append(replace(stream, channels=_marked(stream.channels, doubted)) if doubted else stream)
    if not reasons:
        return recording
    return replace(recording, streams=tuple(streams), warnings=(*recording.warnings, *dict.fromkeys(reasons)))


def suspicions(stream: Stream) -> list[Suspicion]:
    """Channels of one stream whose unit the samples belie, with the reason; of what is not trusted, none."""
    trusted = [row for row, channel in enumerate(stream.channels) if channel.unit_status in TRUSTED]
    if stream.sensor_type not in AUDITED or not trusted or not stream.n_samples:
        return []
    segments = [segment.n_samples for segment in stream.segments]
    blocks = excerpted(stream.samples.read, segments, stream.rate_hz, len(stream.channels))
    scales = scales_of(stream.channels, stream.sensor_type)
    found = _of_leads(stream, trusted, blocks, scales) if stream.sensor_type is SensorType.ECG else []
    return found + _of_amplitudes(stream, trusted, blocks, scales)


def _of_amplitudes(
    stream: Stream, trusted: Sequence[int], blocks: Sequence[NDArray[Any]], scales: Scales
) -> list[Suspicion]:
    sensor = stream.sensor_type
    judged = amplitudes(sensor, blocks, stream.rate_hz, scales)
    if judged is None or not judged.wrong[trusted].any():
        return []
    known, rows = PLAUSIBLE[sensor], [row for row in trusted if judged.wrong[row]]
    typical = f"the typical {known.measure} is {judged.median(judged.wrong):.4g} {known.unit}"
    return [(rows, f"{sensor}: unit is suspect: {typical}, and {known.low:g} to {known.high:g} can be (audit)")]


def _of_leads(
    stream: Stream, trusted: Sequence[int], blocks: Sequence[NDArray[Any]], scales: Scales
) -> list[Suspicion]:
    rows = [row for row in trusted if scales.units[row] == "mV"]
    if len(rows) < LEAST_LEADS:
        return []
    names = {stream.channels[row].name for row in rows}
    found: list[Suspicion] = []
    if stream.n_samples <= WHOLE_S * stream.rate_hz:
        whole = _voltages(stream, rows, stream.digital, scales)
        if (common := whole.common_range()) is not None:
            reason = f"ECG: unit is suspect: every lead's peak-to-peak is exactly {common:.6g} mV (audit)"
            found.append((rows, reason))
    if not any(identity.keys() <= names for identity in IDENTITIES.values()):
        return found
    together = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
    for verdict in _voltages(stream, rows, together, scales).identities():
        if verdict.gains_are_wrong:
            missed = f"the file's integers obey {verdict.identity}, its unit misses it by {100 * verdict.missed:.0f} %"
            of_it = [row for row in rows if stream.channels[row].name in verdict.leads]
            found.append((of_it, f"ECG: unit is suspect: {missed} of the amplitude (audit)"))
    return found


@of_the_same
def scales_of(channels: tuple[Channel, ...], sensor: SensorType) -> Scales:
    """Scales of some channels of one sensor type."""
    scales = [canonical_scale(channel, sensor) for channel in channels]
    return Scales(
        [channel.unit for channel in channels],
        [unit for unit, _, _ in scales],
        np.array([gain for _, gain, _ in scales]),
        np.array([offset for _, _, offset in scales]),
        [channel.invalid for channel in channels],
    )


def padding(stream: Stream) -> list[str]:
    """Say how many zeros a stream of ECG leads is padded with, where it is short enough to be looked at whole."""
    least = round(LEAST_S * stream.rate_hz)
    if stream.sensor_type is not SensorType.ECG or not least < stream.n_samples <= WHOLE_S * stream.rate_hz:
        return []
    ends = ((0, least), (stream.n_samples - least, stream.n_samples))
    if all(stream.samples.read(*end).any() for end in ends):
        return []
    first, last = zero_ends(stream.digital)
    if first == stream.n_samples:
        return ["ECG: every sample of every lead is 0 (audit)"]
    return [f"ECG: the first {first} and the last {last} samples of every lead are 0, as of padding (audit)"]


def _voltages(stream: Stream, rows: Sequence[int], block: NDArray[Any], scales: Scales) -> Voltages:
    return Voltages(
        block if len(rows) == len(stream.channels) else block[list(rows)],
        tuple(stream.channels[row].name for row in rows),
        tuple(scales.gain[list(rows)].tolist()),
        tuple(scales.invalid[row] for row in rows),
    )


def _marked(channels: Sequence[Channel], doubted: set[int]) -> tuple[Channel, ...]:
    # `replace` asks every field what it is, for each channel anew.
    return tuple(
        Channel(**vars(channel) | {"unit_status": "suspect"}) if row in doubted else channel
        for row, channel in enumerate(channels)
    )


def extremes(digital: NDArray[Any], invalid: Sequence[int | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest valid digital value of each channel; NaN where it has none.

    Parameters
    ----------
    digital : array, shape (channels, samples)
    invalid : sequence of int or None

    Returns
    -------
    low, high : array, shape (channels,)
    """
    # The plain minimum of integers is several times faster than the one that passes over NaN.
    floats = digital.dtype.kind == "f"
    low = (np.fmin if floats else np.minimum).reduce(digital, axis=1).astype(np.float64)
    high = (np.fmax if floats else np.maximum).reduce(digital, axis=1).astype(np.float64)
    for row, (code, *ends) in enumerate(zip(invalid, low.tolist(), high.tolist(), strict=True)):
        if code is not None and code in ends:
            valid = digital[row][digital[row] != code]
            low[row], high[row] = (valid.min(), valid.max()) if len(valid) else (np.nan, np.nan)
    return low, high

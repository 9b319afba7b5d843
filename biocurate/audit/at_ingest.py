"""The checks that are exact and cheap enough for every ingest: limb leads, lead ranges, zeros at the ends.

What fails gets `unit_status: suspect`, and the reason stands in the recording's warnings. A recipe that calls a channel
suspect has the last word: its reason is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.audit.leads import IDENTITIES, Verdict, lead_identities
from biocurate.audit.padding import LEAST_S, zero_ends
from biocurate.audit.ranges import LEAST_LEADS, equal_ranges
from biocurate.recording import Channel, Recording, Stream, canonical_scale
from biocurate.sensors import SensorType

VERSION = 2
"""Of the rules below. It is part of a recording's metadata revision: another number gives its rows anew."""

WHOLE_S = 60.0
"""A stream up to this length is looked at whole; of a longer one, ten seconds of its middle, and no ranges."""
EXCERPT_S = 10.0
TRUSTED = frozenset({"declared", "recipe", "corrected"})
"""States of a unit that an audit can take back."""


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
        doubted = {name for leads, _ in why for name in leads}
        reasons += [reason for _, reason in why] + padding(stream)
        streams.append(replace(stream, channels=_marked(stream.channels, doubted)) if doubted else stream)
    if not reasons:
        return recording
    return replace(recording, streams=tuple(streams), warnings=(*recording.warnings, *dict.fromkeys(reasons)))


def suspicions(stream: Stream) -> list[tuple[tuple[str, ...], str]]:
    """Leads of one stream whose unit the samples belie, with the reason."""
    rows = [row for row, channel in enumerate(stream.channels) if _is_trusted_voltage(channel, stream.sensor_type)]
    names = {stream.channels[row].name for row in rows}
    pairs = any(identity.keys() <= names for identity in IDENTITIES.values())
    short = stream.n_samples <= WHOLE_S * stream.rate_hz
    if len(rows) < LEAST_LEADS or not (pairs or short) or not stream.n_samples:
        return []
    leads = _voltages(stream, rows, short)
    found = []
    if short and (common := leads.common_range()) is not None:
        reason = f"ECG: unit is suspect: every lead's peak-to-peak is exactly {common:.6g} mV (audit)"
        found.append((leads.names, reason))
    for verdict in leads.identities() if pairs else ():
        if verdict.gains_are_wrong:
            missed = f"the file's integers obey {verdict.identity}, its unit misses it by {100 * verdict.missed:.0f} %"
            found.append((verdict.leads, f"ECG: unit is suspect: {missed} of the amplitude (audit)"))
    return found


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


def _is_trusted_voltage(channel: Channel, sensor: SensorType) -> bool:
    if sensor is not SensorType.ECG or channel.unit_status not in TRUSTED:
        return False
    return canonical_scale(channel, sensor)[0] == "mV"


def _voltages(stream: Stream, rows: Sequence[int], whole: bool) -> Voltages:
    start, stop = 0, stream.n_samples
    if not whole:
        length = min(stop, round(EXCERPT_S * stream.rate_hz))
        start = (stop - length) // 2
        stop = start + length
    channels = [stream.channels[row] for row in rows]
    block = stream.samples.read(start, stop)
    return Voltages(
        block if len(rows) == len(stream.channels) else block[list(rows)],
        tuple(channel.name for channel in channels),
        tuple(canonical_scale(channel, stream.sensor_type)[1] for channel in channels),
        tuple(channel.invalid for channel in channels),
    )


def _marked(channels: Sequence[Channel], doubted: set[str]) -> tuple[Channel, ...]:
    return tuple(
        replace(channel, unit_status="suspect")
        if channel.name in doubted and channel.unit_status in TRUSTED
        else channel
        for channel in channels
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
    for row, code in enumerate(invalid):
        if code is not None and code in (low[row], high[row]):
            valid = digital[row][digital[row] != code]
            low[row], high[row] = (valid.min(), valid.max()) if len(valid) else (np.nan, np.nan)
    return low, high

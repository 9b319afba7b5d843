"""All checks over one stored recording, in memory bounded by a block whatever its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.audit.amplitude import PLAUSIBLE, amplitudes
from biocurate.audit.at_ingest import extremes, scales_of
from biocurate.audit.declared import header_findings, length_findings, unit_findings
from biocurate.audit.excerpts import BLOCK_VALUES, excerpted, spans
from biocurate.audit.finding import KINDS, Finding, channel_names
from biocurate.audit.hearts import heart_rates, pulse_rates, rates_differ
from biocurate.audit.leads import IDENTITIES, lead_identities
from biocurate.audit.mains import shifted_mains
from biocurate.audit.ranges import LEAST_LEADS, equal_ranges
from biocurate.errors import DamageError
from biocurate.recipes.declared import Declared
from biocurate.recording import Channel, samples_to_ns
from biocurate.sensors import SensorType
from biocurate.store.arrays import ArrayReader, open_array
from biocurate.store.objects import Objects
from biocurate.store.reading import locate, physical
from biocurate.store.signals import part_key

LINE_S, LINES = 10.0, 6
"""Length and number of excerpts in which a mains line is looked for."""
BEATS_S, BEAT_WINDOWS = 30.0, 12
"""Length and number of windows in which heart beats are counted."""
ELECTRIC = frozenset({SensorType.EEG, SensorType.ECG, SensorType.EMG, SensorType.EOG, SensorType.ECOG, SensorType.SEEG})
"""Types that pick up the mains."""
MAY_REST = frozenset({SensorType.TRIG, SensorType.MISC, SensorType.HR, SensorType.SPO2, SensorType.BP, SensorType.IBI})
"""Types that may be the same all along."""


@dataclass(frozen=True)
class Looked:
    """What an audit of one recording looked at, and what it found."""

    recording_id: str
    checks: frozenset[str]
    """Checks that had something to look at."""
    findings: tuple[Finding, ...]


def audit_recording(objects: Objects, row: Mapping[str, Any], declared: Declared) -> Looked:
    """Run every check that a recording has the sensors for.

    Parameters
    ----------
    objects : Objects
        The store's root.
    row : mapping
        Its row of ``recordings``: recording_id, duration_ns, warnings and streams.
    declared : Declared
        What the recipe says of the whole corpus.
    """
    recording_id = row["recording_id"]
    checks = {"units", "header against table", "marks"} | ({"length"} if declared.duration_s else set())
    found = [
        *unit_findings(recording_id, row["streams"]),
        *header_findings(recording_id, row["warnings"]),
        *length_findings(recording_id, row["duration_ns"], declared.duration_s),
    ]
    streams = [_Stream(objects, recording_id, stream) for stream in row["streams"] if stream["n_samples"] > 1]
    for stream in streams:
        here: list[Finding] = []
        try:
            for check, findings in _of_stream(stream, declared):
                checks.add(check)
                here += findings
            here += _unexplained(stream, here)
        except DamageError:
            here.append(Finding("unread", recording_id, str(stream.sensor)))
        found += here
    try:
        for check, findings in _of_hearts(streams):
            checks.add(check)
            found += findings
    except DamageError:
        pass  # the stream was found unreadable above
    return Looked(recording_id, frozenset(checks), tuple(found))


class _Stream:
    """One stored stream: its scales, and blocks of its samples."""

    def __init__(self, objects: Objects, recording_id: str, row: Mapping[str, Any]) -> None:
        self.objects = objects
        self.recording_id = recording_id
        self.row = row
        self.sensor = SensorType(row["sensor_type"])
        self.rate_hz: float = row["rate_hz"]
        self.names: list[str] = [channel["name"] for channel in row["channels"]]
        self.invalid: list[int | None] = [channel["invalid"] for channel in row["channels"]]
        self.status: list[str] = [channel["unit_status"] for channel in row["channels"]]
        self.scales = scales_of(tuple(_channel(each) for each in row["channels"]), self.sensor)
        self.units, self.scale, self.shift = self.scales.units, self.scales.gain, self.scales.offset

    @cached_property
    def reader(self) -> ArrayReader:
        return open_array(self.objects, part_key(self.row["part"]), self.row["part_digest"])

    def digital(self, first: int, length: int) -> NDArray[Any]:
        """Samples as the file holds them, shape (channels, length)."""
        return self.reader.read(self.row["start"] + first, self.row["start"] + first + length)

    def physical(self, first: int, length: int) -> NDArray[np.float64]:
        """Samples in canonical units, shape (channels, length)."""
        return physical(self.digital(first, length), self.scale, self.shift, self.invalid).astype(np.float64)

    def spans(self, seconds: float, most: int) -> tuple[NDArray[np.int64], int]:
        """Excerpts of some length, as many as memory allows."""
        return spans(self.segments, self.rate_hz, len(self.names), seconds, most)

    @property
    def segments(self) -> list[int]:
        """Samples of each stretch without a gap."""
        return [segment["n_samples"] for segment in self.row["segments"]]

    @cached_property
    def excerpts(self) -> tuple[NDArray[Any], ...]:
        """Excerpts as the file holds them, each of shape (channels, samples): those that the ingest looked at."""

        def read(start: int, stop: int) -> NDArray[Any]:
            return self.digital(start, stop - start)

        return excerpted(read, self.segments, self.rate_hz, len(self.names))

    @property
    def blocks(self) -> NDArray[np.float64]:
        """Longer excerpts in canonical units, shape (excerpts, channels, samples)."""
        starts, length = self.spans(LINE_S, LINES)
        return np.stack([self.physical(int(start), length) for start in starts])

    @cached_property
    def range(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest valid digital value of each channel over the whole stream."""
        low, high = np.full((2, len(self.names)), np.nan)
        step = max(1, BLOCK_VALUES // len(self.names))
        for first in range(0, self.row["n_samples"], step):
            here = extremes(self.digital(first, min(step, self.row["n_samples"] - first)), self.invalid)
            low, high = np.fmin(low, here[0]), np.fmax(high, here[1])
        return low, high

    def finding(
        self, kind: str, channels: Sequence[str], value: float | None = None, detail: str | None = None
    ) -> Finding:
        """Put a finding about some channels, with whether the store has them as suspect."""
        status = [state for name, state in zip(self.names, self.status, strict=True) if name in channels]
        marked = bool(status) and all(state == "suspect" for state in status)
        return Finding(kind, self.recording_id, detail or str(self.sensor), tuple(channels), value, marked)


Checked = Iterator[tuple[str, list[Finding]]]
"""Name of a check that had something to look at, and what it found."""


def _of_stream(stream: _Stream, declared: Declared) -> Checked:
    if stream.sensor not in MAY_REST:
        yield KINDS["flat"].check, _flat(stream)
    if stream.sensor in PLAUSIBLE:
        yield KINDS["amplitude"].check, list(_amplitudes(stream))
    voltages = [place for place, unit in enumerate(stream.units) if unit == "mV"]
    if stream.sensor is SensorType.ECG and len(voltages) >= LEAST_LEADS:
        low, high = stream.range
        common = equal_ranges(low[voltages], high[voltages], stream.scale[voltages])
        names = [stream.names[place] for place in voltages]
        yield (
            KINDS["equal-ranges"].check,
            [] if common is None else [stream.finding("equal-ranges", names, common, f"ECG, {len(names)} leads")],
        )
        if any(identity.keys() <= set(names) for identity in IDENTITIES.values()):
            yield KINDS["gains"].check, list(_identities(stream, voltages))
    if declared.mains_hz is not None and stream.sensor in ELECTRIC:
        line = shifted_mains(stream.blocks, stream.rate_hz, declared.mains_hz)
        detail = "" if line is None else f"{stream.sensor}, {line.factor:.4g} times {declared.mains_hz:g} Hz"
        yield KINDS["mains"].check, [] if line is None else [stream.finding("mains", (), line.hz, detail)]


def _flat(stream: _Stream) -> list[Finding]:
    low, high = stream.range
    names = [name for name, still in zip(stream.names, ~(high > low), strict=True) if still]
    return [stream.finding("flat", names)] if names else []


def _amplitudes(stream: _Stream) -> Iterator[Finding]:
    """Wrong scales, and single channels off a right one; a unit that is not known is reported as that."""
    judged = amplitudes(stream.sensor, stream.excerpts, stream.rate_hz, stream.scales)
    if judged is None:
        return
    known, stated = PLAUSIBLE[stream.sensor], np.array(stream.status) != "unknown"
    detail = f"{stream.sensor}: {known.measure} outside of {known.low:g} to {known.high:g} {known.unit}"
    for kind, rows in (("amplitude", judged.wrong & stated), ("electrode", judged.alone & stated)):
        if rows.any():
            names = [stream.names[row] for row in np.flatnonzero(rows)]
            yield stream.finding(kind, names, judged.median(rows), detail)


def _unexplained(stream: _Stream, found: Sequence[Finding]) -> list[Finding]:
    """Channels that the store has as suspect and no check here speaks against."""
    explained = set(channel_names(each.channels for each in found if KINDS[each.kind].suspect))
    names = [
        name
        for name, state in zip(stream.names, stream.status, strict=True)
        if state == "suspect" and name not in explained
    ]
    return [stream.finding("unexplained", names)] if names else []


def _identities(stream: _Stream, places: list[int]) -> Iterator[Finding]:
    verdicts = lead_identities(
        np.concatenate(stream.excerpts, axis=1)[places],
        [stream.names[place] for place in places],
        stream.scale[places].tolist(),
        [stream.invalid[place] for place in places],
    )
    for kind, found in (
        ("gains", [verdict for verdict in verdicts if verdict.gains_are_wrong]),
        ("leads", [verdict for verdict in verdicts if verdict.leads_disagree]),
    ):
        if found:
            missed = 100 * max(verdict.missed for verdict in found)
            yield stream.finding(kind, channel_names(verdict.leads for verdict in found), missed)


def _of_hearts(streams: Sequence[_Stream]) -> Checked:
    """Compare the longest ECG with the longest PPG, where the recording has both."""
    chosen = {}
    for sensor in (SensorType.ECG, SensorType.PPG):
        of_type = [stream for stream in streams if stream.sensor is sensor]
        if not of_type:
            return
        chosen[sensor] = max(of_type, key=lambda stream: stream.row["n_samples"] / stream.rate_hz)
    ecg, ppg = chosen[SensorType.ECG], chosen[SensorType.PPG]
    pairs = list(_together(ecg, ppg))
    if not pairs:
        return
    heart = heart_rates(np.stack([pair[0] for pair in pairs]), ecg.rate_hz)
    pulse = pulse_rates(np.stack([pair[1] for pair in pairs]), ppg.rate_hz)
    ratio = rates_differ(heart, pulse)
    found = [] if ratio is None else [Finding("heart-rates", ecg.recording_id, "ECG and PPG", value=ratio)]
    yield KINDS["heart-rates"].check, found


def _together(ecg: _Stream, ppg: _Stream) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Windows that both cover without a gap."""
    starts, length = ecg.spans(BEATS_S, BEAT_WINDOWS)
    samples = round(length / ecg.rate_hz * ppg.rate_hz)
    for start in starts:
        where = locate(ppg.row["segments"], ppg.rate_hz, _time_ns(ecg, int(start)), samples)
        if len(where) == 1 and where[0][2] == samples:
            yield ecg.physical(int(start), length), ppg.physical(where[0][1], samples)


def _time_ns(stream: _Stream, sample: int) -> int:
    """When a sample of a stream was taken, from the recording's start."""
    before = 0
    for segment in stream.row["segments"]:
        if sample < before + segment["n_samples"]:
            return int(segment["t0_ns"]) + samples_to_ns(sample - before, stream.rate_hz)
        before += segment["n_samples"]
    raise IndexError(f"sample {sample} of {before}")


def _channel(row: Mapping[str, Any]) -> Channel:
    return Channel(row["label"], row["name"], row["unit"], row["gain"], row["offset"], row["invalid"])

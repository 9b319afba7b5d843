"""FIF, EEGLAB, GDF, Neuroscan CNT and BrainVision's text files, as MNE-Python reads them.

MNE is an optional dependency (extra ``interop``). It is not what biocurate promises elsewhere, and each recording says
so in its warnings (`mne.kinds`, `mne.gaps`): samples are floats that were scaled to SI units, one rate holds for all
channels, and gaps are known as far as MNE's annotations tell of them. Samples are read by ranges; only what EEGLAB
keeps inside a .set is held in memory as a whole. Where a format has a reader of its own (`edf`, `brainvision`), that
one is lossless.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats import register
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.mne.gaps import Gaps, Mark, place
from biocurate.formats.mne.gdf import GdfSignals, gdf_signals
from biocurate.formats.mne.kinds import FLOAT, ONE_RATE, Kind, kind_of
from biocurate.formats.mne.raw import MneFile, MneSamples, library, refusing
from biocurate.formats.outline import Held
from biocurate.formats.source import Source
from biocurate.recording import NS, Annotation, Channel, Recording, Stream
from biocurate.sensors import Identity, SensorType, canonical_unit, identify, identify_all

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {107: "V", 112: "T", 201: "T/m", 114: "°C", 110: "S", 101: "Hz", 109: "Ohm", 5: "K", 103: "Pa", 3: "s"}
"""FIFF's codes of units (`mne.io.constants.FIFF`)."""
_TYPES = {
    "eeg": SensorType.EEG, "eog": SensorType.EOG, "ecg": SensorType.ECG, "emg": SensorType.EMG,
    "gsr": SensorType.GSR, "resp": SensorType.RESP, "temperature": SensorType.TEMP, "ecog": SensorType.ECOG,
    "seeg": SensorType.SEEG, "stim": SensorType.TRIG,
}  # fmt: skip
"""MNE's channel types; the others (MEG, NIRS) are `MISC`."""
_DEFLATED = 1032
"""Most bytes that one byte of a compressed .set can become (zlib)."""
_SEXES = {1: "M", 2: "F"}


class MneOptions(BaseModel):
    """Options of the reader: it has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@register("mne")
class MneReader:
    """Reads one recording by MNE; the ending of its name tells the format."""

    version = 1
    Options = MneOptions

    def companions(self, source: Source, options: MneOptions) -> list[Source]:
        """Give every file of the recording: the parts of a split FIF, the .fdt of a .set."""
        return _files(MneFile(source))

    def read_header(self, source: Source, options: MneOptions) -> Header:
        """Read what MNE reads without samples.

        Raises
        ------
        SourceError
            MNE cannot read it, a file is missing, or one lies outside the root.
        UsageError
            MNE is not installed.
        """
        found = _look(source)
        timeline = found.gaps.timeline
        last = timeline.spans[-1].stop if timeline.spans else 0
        return Header(
            signals=tuple(
                SignalHeader(channel.label, channel.unit, timeline.rate_hz, timeline.n_samples)
                for channel in found.channels
            ),
            n_bytes=sum(file.size for file in found.files),
            start_unix_ns=found.start_unix_ns,
            duration_ns=timeline.at(last) if last else 0,
            age=found.age,
            sex=found.sex,
            warnings=found.warnings,
        )

    def read(self, source: Source, options: MneOptions) -> Recording:
        """Make one stream for each sensor type.

        Raises
        ------
        SourceError, UsageError
            As for the header; SourceError also later, where samples cannot be read.
        """
        return self.outline(source, options, {})

    def outline(self, source: Source, options: MneOptions, held: Mapping[str, Held]) -> Recording:
        """Look at what MNE reads without samples."""
        found = _look(source)
        return Recording(
            streams=tuple(_streams(found)),
            annotations=tuple(_annotations(found)),
            warnings=found.warnings,
            age=found.age,
            sex=found.sex,
            start_unix_ns=found.start_unix_ns,
        )


@dataclass(frozen=True)
class _Found:
    """What MNE says of a file."""

    file: MneFile
    files: list[Source]
    marks: tuple[Mark, ...]
    gaps: Gaps
    channels: tuple[Channel, ...]
    types: tuple[SensorType, ...]
    """Of each channel."""
    start_unix_ns: int | None
    age: float | None
    sex: str | None
    warnings: tuple[str, ...]


def _files(file: MneFile) -> list[Source]:
    library()
    kind = kind_of(file.source)
    _refuse_impostor(file.source)
    if kind.check is not None:
        kind.check(file.source)
    return file.files() if kind.files is None else kind.files(file.source)


def _refuse_impostor(source: Source) -> None:
    with source.open() as stream:
        refuse_impostor(stream.read(1024), source.virtual)


def _look(source: Source) -> _Found:
    file = MneFile(source)
    files = _files(file)
    _refuse_others(file, files)
    with refusing(source):
        return _found(file, files, kind_of(source))


def _found(file: MneFile, files: list[Source], kind: Kind) -> _Found:
    source = file.source
    gdf = gdf_signals(source) if kind.function == "read_raw_gdf" else None
    if gdf is not None:
        _refuse_short(source, gdf)
    raw = file.raw
    if not 0 < raw.info["sfreq"] < math.inf:
        raise SourceError("has no sampling rate.", where=source.virtual, mend="Download it again.")
    marks = _marks(raw)
    gaps = place(marks, int(raw.n_times), float(raw.info["sfreq"]))
    if not gaps.timeline.n_samples:
        raise SourceError("holds no samples.", where=source.virtual, mend="Leave the file out.")
    _refuse_more_than_fits(file, files, gaps, len(raw.ch_names))
    warnings = [FLOAT, *kind.notes, *gaps.warnings]
    types, channels = _channels(raw, kind, gdf, warnings)
    if gdf is not None and len({length for length in gdf.per_record if length}) > 1:
        warnings.append(ONE_RATE)
    if file.n_warnings:
        warnings.append(f"MNE gave {file.n_warnings} warnings when it opened the file (`mne.io.{kind.function}`).")
    start = raw.info["meas_date"] if kind.dated else None
    subject = raw.info["subject_info"] or {}
    return _Found(
        file=file,
        files=files,
        marks=marks,
        gaps=gaps,
        channels=channels,
        types=types,
        start_unix_ns=None if start is None else _start(start, raw) + gaps.lead_ns,
        age=_age(subject.get("birthday"), start),
        sex=_SEXES.get(_whole(subject.get("sex"))),
        warnings=tuple(warnings),
    )


def _refuse_others(file: MneFile, files: Sequence[Source]) -> None:
    """Refuse what MNE would read beyond the files that were told of."""
    if not set(file.files()) <= set(files):
        raise SourceError(
            "is read by MNE from files that are not told of in it.",
            where=file.source.virtual,
            mend="Load it with MNE and save it again.",
        )


def _refuse_more_than_fits(file: MneFile, files: Sequence[Source], gaps: Gaps, n_channels: int) -> None:
    """Refuse a count that was damaged before memory is asked for; EEGLAB's .fdt holds float32 and nothing else."""
    promised, found = gaps.timeline.n_samples * n_channels, sum(each.size for each in files)
    is_set = file.source.name.lower().endswith(".set")
    most = found * _DEFLATED if is_set and len(files) == 1 else found
    if promised > most or (is_set and len(files) == 2 and 4 * promised != files[1].size):
        raise SourceError(
            f"promises {promised:,} numbers, which are not what its {found:,} bytes can hold.",
            where=file.source.virtual,
            mend="Download it again.",
        )


def _refuse_short(source: Source, gdf: GdfSignals) -> None:
    if source.size < gdf.n_bytes:
        raise IncompleteError(
            f"ends inside its data records: {gdf.n_bytes:,} bytes expected, {source.size:,} found.",
            where=source.virtual,
            mend="The file looks cut off; download it again.",
        )


def _marks(raw: Any) -> tuple[Mark, ...]:  # noqa: ANN401 - MNE has no types
    """MNE's annotations, in samples of its array: their onsets count from before its first sample."""
    rate, told = float(raw.info["sfreq"]), raw.annotations
    return tuple(
        Mark((float(onset) - raw.first_time) * rate, float(length) * rate, str(text), on[0] if len(on) == 1 else None)
        for onset, length, text, on in zip(told.onset, told.duration, told.description, told.ch_names, strict=True)
    )


def _annotations(found: _Found) -> list[Annotation]:
    timeline = found.gaps.timeline
    return [
        Annotation(
            onset_ns=timeline.at(mark.onset),
            duration_ns=round(mark.length * NS / timeline.rate_hz) if math.isfinite(mark.length) else 0,
            kind="event",
            value=mark.text,
            channel=identify(mark.channel).name if mark.channel else None,
        )
        for mark in found.marks
        if not mark.is_gap and mark.text
    ]


def _start(start: datetime, raw: Any) -> int:  # noqa: ANN401
    since_1970: int = (start - _EPOCH) // timedelta(microseconds=1)
    return since_1970 * 1000 + round(float(raw.first_time) * NS)


def _age(born: object, start: datetime | None) -> float | None:
    """Whole years at the start, where birth date and start date are both given."""
    if start is None or not isinstance(born, date) or start.date() < (day := date(born.year, born.month, born.day)):
        return None
    return float(start.year - day.year - ((start.month, start.day) < (day.month, day.day)))


def _whole(value: Any) -> int:  # noqa: ANN401
    return int(value) if isinstance(value, int) else 0


def _channels(
    raw: Any,  # noqa: ANN401
    kind: Kind,
    gdf: GdfSignals | None,
    warnings: list[str],
) -> tuple[tuple[SensorType, ...], tuple[Channel, ...]]:
    """What each channel measures, and its name and unit."""
    units = [_UNITS.get(int(each["unit"]), "") for each in raw.info["chs"]]
    labels = list(zip(raw.ch_names, units, strict=True))
    declared = raw.get_channel_types() if kind.typed else [""] * len(labels)
    types = [_type(said, identity) for said, identity in zip(declared, identify_all(labels), strict=True)]
    scaled = [int(each["unit_mul"]) != 0 for each in raw.info["chs"]]
    guessed = [not ok for ok in gdf.in_volts] if gdf and len(gdf.in_volts) == len(labels) else [False] * len(labels)
    suspect = [a or b for a, b in zip(scaled, guessed, strict=True)]
    if any(suspect):
        warnings.append(f"MNE gives volts where the file does not say so (channels: {sum(suspect)}).")
    return tuple(types), tuple(
        Channel(
            label=label,
            name=identity.name,
            unit=unit,
            reference=identity.reference,
            unit_status="suspect" if doubt else _status(unit, sensor, kind),
        )
        for (label, unit), identity, sensor, doubt in zip(labels, identify_all(labels), types, suspect, strict=True)
    )


def _type(declared: str, identity: Identity) -> SensorType:
    """What the label says; where it says nothing, or the file declares another type than EEG, what the file says."""
    said = _TYPES.get(declared)
    known = identity.sensor_type
    return known if said is None or (declared == "eeg" and known is not SensorType.MISC) else said


def _status(unit: str, sensor: SensorType, kind: Kind) -> str:
    return "declared" if kind.states_unit and canonical_unit(unit, sensor) else "unknown"


def _streams(found: _Found) -> list[Stream]:
    groups: dict[SensorType, list[int]] = {}
    for row, sensor in enumerate(found.types):
        groups.setdefault(sensor, []).append(row)
    timeline = found.gaps.timeline
    return [
        Stream(
            sensor_type=sensor,
            rate_hz=timeline.rate_hz,
            channels=tuple(found.channels[row] for row in rows),
            segments=timeline.segments,
            samples=MneSamples(found.file, tuple(rows), timeline.spans),
        )
        for sensor, rows in groups.items()
    ]

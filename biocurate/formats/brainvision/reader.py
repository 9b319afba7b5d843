"""BrainVision recordings: the file's own integers or floats, each channel's resolution, pauses as gaps, markers.

A recording is a header (.vhdr), a data file (.eeg, .dat) and mostly a marker file (.vmrk), beside one another. They
are read in `brainvision.header`, `brainvision.samples` and `brainvision.markers`. Not read: text data and spectra.

Where the header names a file that is not there, as after a renaming by hand or into BIDS, the one that bears the
header's own name is taken, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats import register
from biocurate.formats.brainvision.header import BvChannel, BvHeader, parse_header
from biocurate.formats.brainvision.markers import Markers, Placed, parse_markers, place, to_annotations
from biocurate.formats.brainvision.samples import BvSamples, DataFile
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.impostors import is_crlf_damaged, refuse_impostor
from biocurate.formats.outline import Held
from biocurate.formats.pointers import pointed
from biocurate.formats.source import Source
from biocurate.recording import Channel, Recording, Stream
from biocurate.sensors import Identity, canonical_unit, identify_all

_AGAIN = "Download it again, or set the reader's `size: as-file` to keep its whole samples."
NO_MARKERS = "It has no marker file: where recording was paused is not known, and it is read as continuous."
OTHER_MARKERS = "Its marker file says that it belongs to another data file."


class BrainVisionOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal["as-header", "as-file"] = "as-header"
    """Where header and data file disagree on the number of samples: refuse them, or keep what the file has."""
    markers: Literal["required", "optional"] = "required"
    """Whether a recording may lack the marker file that its header names."""


@register("brainvision")
class BrainVisionReader:
    """Reads the recording of a ``.vhdr`` file."""

    version = 1
    Options = BrainVisionOptions

    def companions(self, source: Source, options: BrainVisionOptions) -> list[Source]:
        """Header, data file, and marker file where there is one."""
        return _files(source, parse_header(source), options).all

    def latecomers(self, source: Source, options: BrainVisionOptions) -> list[Source] | None:
        """Files under the header's own name; where a marker file may be missing, only the header says its name."""
        if options.markers == "optional":
            return None
        stem = PurePosixPath(source.name).stem
        return [source.sibling(stem + suffix) for suffix in (".eeg", ".dat", ".vmrk")]

    def read_header(self, source: Source, options: BrainVisionOptions) -> Header:
        """Read signals and times from header and markers; of the data file, only its size.

        Raises
        ------
        SourceError
            A file is missing, is none of BrainVision's, or the data file has another size than the header says.
        """
        layout = _layout(source, options)
        rate_hz, placed = layout.header.rate_hz, layout.placed
        segments = placed.timeline.segments
        last = placed.timeline.spans[-1]
        return Header(
            signals=tuple(
                SignalHeader(channel.label, channel.unit, rate_hz, placed.timeline.n_samples)
                for channel in layout.header.channels
            ),
            n_bytes=sum(file.size for file in layout.files.all),
            start_unix_ns=placed.start_unix_ns,
            duration_ns=placed.timeline.at(last.stop) if segments else None,
            warnings=layout.warnings,
        )

    def read(self, source: Source, options: BrainVisionOptions) -> Recording:
        """Make one stream for each sensor type, in the order of the header.

        Raises
        ------
        SourceError
            As for the header; or the data file was damaged in transfer.
        """
        layout = _layout(source, options)
        _refuse_damage(layout.files.data)
        return _recording(layout)

    def outline(self, source: Source, options: BrainVisionOptions, held: Mapping[str, Held]) -> Recording:
        """Read header and markers; samples are mapped, and not looked at."""
        return _recording(_layout(source, options))


def _recording(layout: _Layout) -> Recording:
    identities = identify_all([(channel.label, channel.unit) for channel in layout.header.channels])
    warnings = list(layout.warnings)
    streams = _streams(layout, identities, warnings)
    names = [identity.name for identity in identities]
    return Recording(
        streams=tuple(streams),
        annotations=to_annotations(layout.markers.markers, layout.placed.timeline, names),
        warnings=tuple(warnings),
        start_unix_ns=layout.placed.start_unix_ns,
        header=layout.header.common,
    )


@dataclass(frozen=True)
class _Files:
    """The files of a recording."""

    header: Source
    data: Source
    markers: Source | None
    warnings: tuple[str, ...]

    @property
    def all(self) -> list[Source]:
        """Each once, the header first."""
        return [self.header, self.data, *([self.markers] if self.markers else [])]


def _files(source: Source, header: BvHeader, options: BrainVisionOptions) -> _Files:
    warnings: list[str] = []
    data = _found(source, header.file("datafile", source), "data file", warnings)
    if data is None:
        raise SourceError(
            "names a data file that is not there.",
            where=source.virtual,
            mend="Put the data file (.eeg or .dat) beside it under the name in the header, or under the header's own.",
            unfinished=True,
        )
    named = header.file("markerfile", source)
    markers = _found(source, named, "marker file", warnings) if named else None
    if named and markers is None and options.markers == "required":
        raise SourceError(
            "names a marker file that is not there.",
            where=source.virtual,
            mend="Get the .vmrk file, or set the reader's `markers: optional` to read it without.",
            unfinished=True,
        )
    if markers is None:
        warnings.append(NO_MARKERS)
    return _Files(source, data, markers, tuple(warnings))


def _found(source: Source, name: str, what: str, warnings: list[str]) -> Source | None:
    """Find a file by the name in the header, else by the header's own name; None where there is neither."""
    named = pointed(source, name)
    own = pointed(source, PurePosixPath(source.name).stem + PurePosixPath(named.name).suffix)
    if named.exists:
        if own.exists and own != named:
            warnings.append(f"Its header names another {what} than the one that bears its own name; that one is read.")
        return named
    if own.exists and own != source:
        warnings.append(f"Its header names a {what} that is not there; the one that bears its own name is read.")
        return own
    return None


@dataclass(frozen=True)
class _Layout:
    """A header whose promises the data file's size keeps."""

    header: BvHeader
    files: _Files
    markers: Markers
    data: DataFile
    placed: Placed
    warnings: tuple[str, ...]


def _layout(source: Source, options: BrainVisionOptions) -> _Layout:
    header = parse_header(source)
    files = _files(source, header, options)
    warnings = [*header.warnings, *files.warnings]
    n_samples = _n_samples(files.data, header, options, warnings)
    markers = _markers(files, n_samples, warnings)
    placed = place(markers.markers, n_samples, header.rate_hz, header.segment_points)
    data = DataFile(files.data, header.kind, len(header.channels), n_samples, header.vectorized)
    return _Layout(header, files, markers, data, placed, (*warnings, *placed.warnings))


def _n_samples(data: Source, header: BvHeader, options: BrainVisionOptions, warnings: list[str]) -> int:
    """Give the samples of each channel that header and file agree on."""
    with data.open() as stream:
        refuse_impostor(stream.read(1024), data.virtual)
    found, rest = divmod(data.size, header.frame_bytes)
    stated = found if header.n_points is None else header.n_points
    if found == stated and not rest:
        return found
    # By channel, a file that is too short or too long has every channel but the first in another place.
    if options.size == "as-file" and found and not header.vectorized:
        warnings.append(
            f"Its header promises {stated:,} samples; the {found:,} whole ones it has are kept."
            if found != stated
            else f"What follows its last whole sample is left out (bytes: {rest:,})."
        )
        return found
    expected = f"{stated * header.frame_bytes:,} bytes" if header.n_points else f"samples of {header.frame_bytes} bytes"
    kind = IncompleteError if found < stated else SourceError
    raise kind(
        f"is not as long as its header says: {expected} expected, {data.size:,} bytes found.",
        where=data.virtual,
        mend="Download it again." if header.vectorized else _AGAIN,
    )


def _markers(files: _Files, n_samples: int, warnings: list[str]) -> Markers:
    if files.markers is None:
        return Markers((), 0, "", ())
    markers = parse_markers(files.markers)
    warnings.extend(markers.warnings)
    if markers.n_unreadable:
        warnings.append(f"{markers.n_unreadable} of its markers do not follow the format and are left out.")
    late = sum(marker.position >= n_samples for marker in markers.markers)
    if late:
        warnings.append(f"{late} of its markers lie behind its last sample; the data file may be cut off.")
    own = markers.data_file.replace("$b", PurePosixPath(files.markers.name).stem).replace("\\", "/")
    if own and PurePosixPath(own).name.casefold() != files.data.name.casefold():
        warnings.append(OTHER_MARKERS)
    return markers


def _refuse_damage(data: Source) -> None:
    with data.open() as stream:
        if is_crlf_damaged(stream.read(2**20)):
            raise SourceError(
                "was damaged in transfer: every byte 0x0A of its samples has become 0x0D 0x0A.",
                where=data.virtual,
                mend="Download it again as a binary file (not as text, as FTP and git do by default).",
            )


def _streams(layout: _Layout, identities: list[Identity], warnings: list[str]) -> list[Stream]:
    groups: dict[str, list[int]] = {}
    for row, identity in enumerate(identities):
        groups.setdefault(identity.sensor_type, []).append(row)
    return [
        Stream(
            sensor_type=identities[rows[0]].sensor_type,
            rate_hz=layout.header.rate_hz,
            channels=tuple(_channel(layout.header.channels[row], identities[row], warnings) for row in rows),
            segments=layout.placed.timeline.segments,
            samples=BvSamples(layout.data, tuple(rows)),
        )
        for rows in groups.values()
    ]


def _channel(channel: BvChannel, identity: Identity, warnings: list[str]) -> Channel:
    status = "declared" if canonical_unit(channel.unit, identity.sensor_type) else "unknown"
    if channel.resolution is None:
        status = "suspect"
        warnings.append(f"{channel.label}: its resolution is no scale; its values are as digitised.")
    return Channel(
        label=channel.label,
        name=identity.name,
        unit=channel.unit,
        gain=channel.resolution or 1.0,
        reference=channel.reference or identity.reference,
        unit_status=status,
    )

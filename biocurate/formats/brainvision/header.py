"""The header of a BrainVision recording (.vhdr): how samples lie in the data file, and what each channel is.

Source: BrainVision Core Data Format 1.0 (see `brainvision.text`); DataPoints, SegmentationType, SegmentDataPoints and
Averaged are those of BrainVision Analyzer's "Brain Vision Data Exchange Header File", versions 1.0 and 2.0.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

import numpy as np

from biocurate.errors import SourceError
from biocurate.formats.brainvision.text import fields, read_text
from biocurate.formats.source import Source

_TITLE = re.compile(r"Brain ?Vision(?: Core| V-Amp)? Data(?: Exchange)? Header File,? Version [12]\.0", re.IGNORECASE)
_KINDS = {"INT_16": "i2", "INT_32": "i4", "IEEE_FLOAT_32": "f4"}
_LAYOUT = ("channeloffset", "dataoffset", "segmentheadersize", "trailersize")
"""Of [Binary Infos]: bytes that are no samples; zero in every file of the core format."""
DEFAULT_UNIT = "µV"
"""Of a channel that states none ([Channel Infos])."""
_AGAIN = "Download it again, or mend the header."


@dataclass(frozen=True)
class BvChannel:
    """One entry of [Channel Infos]."""

    label: str
    reference: str
    resolution: float | None
    """Units a digit; None where the file states a number that is no scale."""
    unit: str


@dataclass(frozen=True)
class BvHeader:
    """A header file, checked as far as the layout of the samples depends on it."""

    common: dict[str, str]
    channels: tuple[BvChannel, ...]
    interval_us: Fraction
    kind: np.dtype[np.generic]
    """Of a sample, with its byte order."""
    vectorized: bool
    """Channel after channel, instead of all channels of an instant side by side."""
    n_points: int | None
    """Samples of each channel, where it states them."""
    segment_points: int | None
    """Samples of each segment, where the data have been cut into segments of one length."""
    warnings: tuple[str, ...]

    @property
    def rate_hz(self) -> float:
        """Sampling rate, rounded once from the exact ratio."""
        return float(10**6 / self.interval_us)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return len(self.channels) * self.kind.itemsize

    def file(self, key: str, source: Source) -> str:
        """Name of the data or marker file; ``$b`` in it stands for the header's own name without its ending."""
        return self.common.get(key, "").replace("$b", PurePosixPath(source.name).stem)


def parse_header(source: Source) -> BvHeader:
    """Read a header file and nothing else.

    Raises
    ------
    SourceError
        It is no BrainVision header, or samples cannot be read by it.
    """
    where = source.virtual
    text = read_text(source)
    if not _TITLE.search(text.title):
        raise SourceError("is no BrainVision header.", where=where, mend="Check the recipe's reader.")
    common = dict(text.sections.get("common infos", []))
    _refuse_other_data(common, where)
    averaged = common.get("averaged", "NO").upper() == "YES"
    segmented = common.get("segmentationtype", "NOTSEGMENTED").upper() != "NOTSEGMENTED"
    return BvHeader(
        common=common,
        channels=_channels(text.sections.get("channel infos", []), _whole(common, "numberofchannels", where), where),
        interval_us=_interval(common.get("samplinginterval", ""), where),
        kind=_kind(dict(text.sections.get("binary infos", [])), where),
        vectorized=_one_of(common, "dataorientation", ("MULTIPLEXED", "VECTORIZED"), where) == "VECTORIZED",
        n_points=_whole(common, "datapoints", where) if common.get("datapoints") else None,
        segment_points=_whole(common, "segmentdatapoints", where) if segmented else None,
        warnings=(*text.warnings, *(["Its samples are averages of segments, not a recording."] if averaged else [])),
    )


def _refuse_other_data(common: dict[str, str], where: str) -> None:
    if common.get("dataformat", "").upper() == "ASCII":
        raise SourceError(
            "keeps its samples as text, which this reader does not read.", where=where, mend="Use the reader `mne`."
        )
    _one_of(common, "dataformat", ("BINARY",), where)
    if common.get("datatype", "TIMEDOMAIN").upper() != "TIMEDOMAIN":
        raise SourceError(
            "holds spectra, not samples over time.", where=where, mend="Leave it out of the recipe's pattern."
        )


def _one_of(section: dict[str, str], key: str, allowed: tuple[str, ...], where: str) -> str:
    value = section.get(key, "").upper()
    if value not in allowed:
        stated = "is missing" if key not in section else "is unknown"
        raise SourceError(f"its entry {key!r} {stated} (known: {', '.join(allowed)}).", where=where, mend=_AGAIN)
    return value


def _whole(section: dict[str, str], key: str, where: str) -> int:
    value = section.get(key, "")
    if not (value.isascii() and value.isdigit() and len(value) < 16 and int(value)):
        raise SourceError(f"its entry {key!r} is missing or no number above 0.", where=where, mend=_AGAIN)
    return int(value)


def _interval(value: str, where: str) -> Fraction:
    try:
        interval = Fraction(value) if len(value) < 32 and "e" not in value.lower() else Fraction(0)
    except (ValueError, ZeroDivisionError):
        interval = Fraction(0)
    if interval <= 0:
        raise SourceError("its entry 'samplinginterval' is missing or no duration.", where=where, mend=_AGAIN)
    return interval


def _kind(binary: dict[str, str], where: str) -> np.dtype[np.generic]:
    name = _one_of(binary, "binaryformat", tuple(_KINDS), where)
    for key in _LAYOUT:
        if binary.get(key, "0") not in ("", "0"):
            raise SourceError(
                f"has bytes in its data file that are no samples ({key!r}), which this reader does not skip.",
                where=where,
                mend="Export it again in the BrainVision core format.",
            )
    order = ">" if binary.get("usebigendianorder", "NO").upper() == "YES" else "<"
    return np.dtype(order + _KINDS[name])


def _channels(entries: list[tuple[str, str]], n_channels: int, where: str) -> tuple[BvChannel, ...]:
    found: dict[int, BvChannel] = {}
    for key, value in entries:
        if match := re.fullmatch(r"ch(\d{1,6})", key):
            found.setdefault(int(match[1]), _channel(value))
    n_entries = sum(key.startswith("ch") for key, _ in entries)
    if sorted(found) != list(range(1, n_channels + 1)) or n_entries != n_channels:
        raise SourceError(
            f"describes {n_entries} channels (numbers 1 to {max(found, default=0)}) where it says that it has "
            f"{n_channels}.",
            where=where,
            mend=_AGAIN,
        )
    return tuple(found[number] for number in range(1, n_channels + 1))


def _channel(value: str) -> BvChannel:
    label, reference, resolution, unit = [*fields(value), "", "", ""][:4]
    return BvChannel(label, reference, _resolution(resolution), unit or DEFAULT_UNIT)


def _resolution(text: str) -> float | None:
    """Units a digit; 1 where the field is empty, as for floats, which have none."""
    try:
        value = float(text) if text else 1.0
    except ValueError:
        return None
    return value if value and math.isfinite(value) else None

"""Recordings as EDF+ and BDF+ files: the integers as they are, every stream at its own rate, gaps as gaps.

Sources: EDF 1992, https://www.edfplus.info/specs/edf.html; EDF+ 2003, https://www.edfplus.info/specs/edfplus.html;
https://www.biosemi.com/faq/file_format.htm. Written here and not by edfio, which holds a whole file in memory and
takes its digital limits from the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ExportError
from biocurate.export.clocks import Clock, clocks
from biocurate.export.edf_header import SignalHead, header
from biocurate.export.edf_limits import Limits, limits
from biocurate.export.edf_records import (
    Grid,
    annotation_blocks,
    annotation_bytes,
    annotation_list,
    grid_of,
)
from biocurate.export.labels import Labels, chosen
from biocurate.export.naming import file_stem
from biocurate.export.padding import UNPADDED, filled_up, padding_told
from biocurate.export.scaling import edf_fit, is_held, quantised
from biocurate.export.survey import Extent, Survey, survey
from biocurate.export.target import Written, aside, gathered, settle
from biocurate.export.wording import EDF, calibrations, doubts, label_of
from biocurate.formats.annotation_text import printable, to_text
from biocurate.recording import NS, Annotation, Channel, Recording, Stream

BLOCK_BYTES = 16 * 1024 * 1024
"""Of records that are put together in memory."""


def write_edf(
    recording: Recording,
    path: Path,
    *,
    labels: Labels = "all",
    scale: bool = False,
    pad: bool = False,
    overwrite: bool = False,
) -> Written:
    """Write a recording as EDF+; as BDF+ where its integers have more than 16 bits.

    Streams that do not begin and end together lie in files of their own, ``NAME_1_EEG.edf``, ``NAME_2_HR.edf``, whose
    start times tell how they lie to each other. Every file holds all annotations. Signals lie as they did in the raw
    file (`in_order`).

    Parameters
    ----------
    recording : Recording
    path : Path
        The file; its suffix becomes ``.bdf`` for BDF+.
    labels : str
        ``all``: annotations of the raw file by its own text, other labels as ``kind:value``; ``file``: only the former.
    scale : bool
        Whether samples that are no integers of 24 bits are scaled to integers, with a loss that the notes tell.
    pad : bool
        Whether the last record of a stretch is filled up with its last value where no rate would else read back
        exactly (`padding`); an annotation says where. Without it no sample is added, and the notes tell such a rate.
    overwrite : bool
        Whether files of these names are replaced.

    Returns
    -------
    Written
        The files, and notes on all that reads back otherwise than it is stored.

    Raises
    ------
    ExportError
        The recording does not fit the format, or a file is there already.
    """
    notes = doubts(recording.streams, EDF)
    recording = replace(recording, annotations=tuple(chosen(recording.annotations, labels, notes)))
    groups = clocks([_integers(stream, recording, scale, notes) for stream in recording.streams])
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() in (".edf", ".bdf") else path.name
    names = []
    with aside(path.parent) as place:
        for number, clock in enumerate(groups or [None], start=1):
            name = file_stem(stem, number, clock, len(groups))
            filled, added = _filled(clock, pad, notes) if clock else (None, [])
            said = replace(recording, annotations=(*recording.annotations, *added))
            names.append(_write(filled, said, place, name, notes))
        files = settle(place, path.parent, names, overwrite=overwrite)
    return Written(files, gathered(notes))


def _filled(clock: Clock, pad: bool, notes: list[str]) -> tuple[Clock, list[Annotation]]:
    """Give the clock itself, or with its last records filled up, and the annotations that say where."""
    filled, added = filled_up(clock)
    if not added:
        return clock, []
    notes.append(padding_told(clock, filled) if pad else UNPADDED)
    return (filled, added) if pad else (clock, [])


def _integers(stream: Stream, recording: Recording, scale: bool, notes: list[str]) -> Stream:
    """Give the stream itself, or its samples scaled where the format has no integers for them."""
    if is_held(stream, 24, "EDF", scale=scale):
        return stream
    kinds = [each.samples.dtype for each in recording.streams]
    bits = 24 if any(each.kind in "iu" and each.itemsize > 2 for each in kinds) else 16
    made, said = quantised(stream, bits, EDF, edf_fit)
    notes += said
    return made


def _write(clock: Clock | None, recording: Recording, place: Path, stem: str, notes: list[str]) -> str:
    """Write one file; returns its name."""
    if clock is None:
        return _write_annotations(recording, place, stem, notes)
    surveys = [survey(stream) for stream in clock.streams]
    width = 2 if all(found.fits(16) for found in surveys) and _narrow(clock) else 3
    grid = grid_of(clock, width)
    start_ns = clock.t0_ns // NS * NS
    lists = _lists(recording.annotations, start_ns, clock.streams, notes)
    n_text = annotation_bytes(grid, start_ns, lists, width)
    head = header(
        _signals(clock, surveys, grid, width, notes),
        width=width,
        start_s=start_ns // NS,
        gaps=len(grid.stretches) > 1,
        n_records=grid.n_records,
        duration=grid.duration,
        n_text=n_text // width,
    )
    name = f"{stem}.{'edf' if width == 2 else 'bdf'}"
    texts = annotation_blocks(grid.onsets_ns(start_ns), lists, n_text)
    with (place / name).open("wb") as file:
        file.write(head)
        for records in _blocks(clock, grid, width, texts, n_text):
            file.write(records.data)
    return name


def _narrow(clock: Clock) -> bool:
    """Whether no stream was stored in more than 16 bits: a 24-bit recording stays one, whatever its values."""
    return all(stream.samples.dtype.itemsize <= 2 for stream in clock.streams)


def _write_annotations(recording: Recording, place: Path, stem: str, notes: list[str]) -> str:
    """Write a file without signals: one record that lasts 0 seconds, EDF+ section 2.2.1."""
    lists = _lists(recording.annotations, 0, recording.streams, notes)
    block = b"+0\x14\x14\x00" + b"".join(lists)
    block = block.ljust(-(-len(block) // 2) * 2, b"\x00")
    head = header([], width=2, start_s=0, gaps=False, n_records=1, duration="0", n_text=len(block) // 2)
    (place / f"{stem}.edf").write_bytes(head + block)
    return f"{stem}.edf"


def _lists(
    annotations: Sequence[Annotation], start_ns: int, streams: Sequence[Stream], notes: list[str]
) -> list[bytes]:
    labels = {channel.name: label_of(channel, EDF)[0] for stream in streams for channel in stream.channels}
    lists, mended = [], 0
    for annotation in annotations:
        said = to_text(annotation, labels.get(annotation.channel or "", annotation.channel))
        text = printable(said)
        mended += text != said
        lists.append(annotation_list(annotation.onset_ns - start_ns, annotation.duration_ns, text))
    if mended:
        notes.append(f"{mended} annotations hold control characters, which EDF+ reserves; they are written as blanks")
    return lists


def in_order(streams: Sequence[Stream]) -> list[int]:
    """Order the channels of all streams as their raw file had them; stream by stream where that is not known.

    Returns
    -------
    list of int
        Which of all channels, counted stream by stream, comes first, second, ... Not known are the places of channels
        of several files, of readers that do not tell them, and of recordings that an older version ingested.
    """
    places = [channel.place for stream in streams for channel in stream.channels]
    known = [place for place in places if place is not None]
    if len(set(known)) < len(places):
        return list(range(len(places)))
    return sorted(range(len(places)), key=known.__getitem__)


def _signals(clock: Clock, surveys: Sequence[Survey], grid: Grid, width: int, notes: list[str]) -> list[SignalHead]:
    heads: list[SignalHead] = []
    for stream, found, per_tick, rate in zip(clock.streams, surveys, clock.per_tick, grid.rates_hz, strict=True):
        if rate != stream.rate_hz:
            notes.append(f"{stream.sensor_type}: {stream.rate_hz!r} Hz reads back as {rate!r} Hz")
        for channel, extent in zip(stream.channels, found.extents, strict=True):
            heads.append(_signal(stream, channel, extent, per_tick * grid.ticks, 8 * width, notes))
    return [heads[number] for number in in_order(clock.streams)]


def _signal(
    stream: Stream, channel: Channel, extent: Extent, per_record: int, bits: int, notes: list[str]
) -> SignalHead:
    label, said = label_of(channel, EDF)
    notes += [said] if said else []
    unit, found = _calibrated(stream, channel, extent, bits, label, notes)
    if extent.n_invalid:
        notes.append(
            f"{label}: {extent.n_invalid:,} samples are {channel.invalid}, 'no sample'; EDF has no such value, "
            "and they read back as numbers"
        )
    prefilter = (channel.prefilter or "").encode("ascii", "replace").decode().replace("\n", " ")
    if len(prefilter) > 80 or prefilter != (channel.prefilter or ""):
        notes.append(f"{label}: its prefilter is cut to 80 ASCII characters")
    return SignalHead(label, unit, found, prefilter[:80], per_record)


def _calibrated(
    stream: Stream, channel: Channel, extent: Extent, bits: int, label: str, notes: list[str]
) -> tuple[str, Limits]:
    """Choose unit and limits: in the channel's own unit where eight characters can give its scale, else near it."""
    found: list[tuple[float, str, Limits, str]] = []
    for way in calibrations(channel, stream.sensor_type, EDF):
        made = limits(way.gain, way.offset, int(extent.low), int(extent.high), bits)
        if made is not None:
            found.append((0.0 if made.is_equal else made.steps, way.unit, made, way.note))
    if not found or (best := min(found, key=lambda each: each[0]))[0] > 0.5:
        raise ExportError(
            f"the scale of {label} (a step is {channel.gain:.4g} {channel.unit}, offset {channel.offset:.4g}) "
            "cannot be written in EDF's eight characters.",
            mend="Export it as WFDB.",
        )
    _, unit, made, note = best
    notes += [f"{label}: {note}"] if note else []
    if not made.is_equal:
        notes.append(f"{label}: values read back differ by up to {made.steps:.1g} of a digital step")
    if not made.covers:
        notes.append(f"{label}: some samples lie outside of the digital limits that give its scale")
    return unit, made


def _blocks(clock: Clock, grid: Grid, width: int, texts: Iterator[bytes], n_text: int) -> Iterator[NDArray[np.uint8]]:
    """Bytes of consecutive records, shape (records, bytes of a record)."""
    record_bytes = clock.samples_per_tick * grid.ticks * width + n_text
    step = max(1, BLOCK_BYTES // record_bytes)
    places = _byte_places(clock, grid, width)
    for first in range(0, grid.n_records, step):
        count = min(step, grid.n_records - first)
        out = np.empty((count, record_bytes), np.uint8)
        waiting = iter(places)
        for stream, per_tick in zip(clock.streams, clock.per_tick, strict=True):
            length = per_tick * grid.ticks
            samples = stream.samples.read(first * length, (first + count) * length)
            filled = _little_endian(samples.reshape(len(samples), count, length), width)
            columns = np.split(filled, len(samples), axis=1)
            for column, at in zip(columns, islice(waiting, len(columns)), strict=True):
                out[:, at : at + column.shape[1]] = column
        out[:, record_bytes - n_text :] = np.frombuffer(b"".join(islice(texts, count)), np.uint8).reshape(count, n_text)
        yield out


def _byte_places(clock: Clock, grid: Grid, width: int) -> list[int]:
    """Where in a record each channel's bytes begin, stream by stream."""
    lengths = [
        per_tick * grid.ticks * width
        for stream, per_tick in zip(clock.streams, clock.per_tick, strict=True)
        for _ in stream.channels
    ]
    order = in_order(clock.streams)
    begins = accumulate((lengths[number] for number in order[:-1]), initial=0)
    return [begin for _, begin in sorted(zip(order, begins, strict=True))]


def _little_endian(samples: NDArray[Any], width: int) -> NDArray[np.uint8]:
    """Records of channels, shape (channels, records, samples) -> bytes, shape (records, bytes)."""
    ordered = samples.transpose(1, 0, 2)
    if width == 2:
        return np.ascontiguousarray(ordered.astype("<i2")).view(np.uint8).reshape(len(ordered), -1)
    wide = np.ascontiguousarray(ordered.astype("<i4")).view(np.uint8).reshape(*ordered.shape, 4)
    return wide[..., :3].reshape(len(ordered), -1)

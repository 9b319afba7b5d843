"""Recordings as WFDB records: the integers as they are, gain and baseline, gaps as null segments.

Source: header(5), signal(5) and annot(5) of the WFDB Applications Guide. Written here and not by `wfdb.wrsamp`, which
holds all samples in memory and writes no multi-segment records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ExportError
from biocurate.export.clocks import Clock, clock_of, clocks
from biocurate.export.labels import Labels, chosen
from biocurate.export.naming import file_stem, record_name
from biocurate.export.scaling import is_held, quantised, wfdb_fit
from biocurate.export.survey import Survey, survey
from biocurate.export.target import Written, aside, gathered, settle
from biocurate.export.wfdb_marks import mark_files
from biocurate.export.wording import WFDB, Calibration, calibrations, doubts, label_of
from biocurate.recording import NS, Annotation, Channel, Recording, Stream

BLOCK_SAMPLES = 1 << 22
"""Samples of all channels that are put together in memory."""
_BITS = (16, 24, 32)


def write_wfdb(
    recording: Recording,
    folder: Path,
    name: str,
    *,
    labels: Labels = "all",
    scale: bool = False,
    overwrite: bool = False,
) -> Written:
    """Write a recording as a WFDB record in format 16, or in 24 or 32 where its integers need it.

    Streams that do not begin and end together are records of their own, ``NAME_1_EEG``, ``NAME_2_HR``, whose base times
    tell how they lie to each other. A gap is a null segment. Each kind of annotation has a file of its own, which the
    header's comments list.

    Parameters
    ----------
    recording : Recording
    folder : Path
    name : str
        Of the record; characters that a record's name cannot have become ``_``.
    labels : str
        As for `write_edf`.
    scale : bool
        Whether samples that are no integers of 32 bits are scaled to integers, with a loss that the notes tell.
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
    notes = doubts(recording.streams, WFDB)
    annotations = chosen(recording.annotations, labels, notes)
    found = [_integers(stream, scale, notes) for stream in recording.streams]
    groups = [part for clock in clocks(found) for part in _on_frames(clock)]
    if not groups:
        raise ExportError("it has no samples.", mend="Export it as EDF+, which holds annotations alone.")
    names: list[str] = []
    with aside(folder) as place:
        for number, clock in enumerate(groups, start=1):
            stem = record_name(file_stem(name, number, clock, len(groups)))
            names += _write(clock, annotations, place, stem, notes)
        files = settle(place, folder, names, overwrite=overwrite)
    return Written(files, gathered(notes))


def _integers(stream: Stream, scale: bool, notes: list[str]) -> Stream:
    if is_held(stream, 32, "WFDB", scale=scale):
        return stream
    made, said = quantised(stream, 16, WFDB, wfdb_fit)
    notes += said
    return made


def _on_frames(clock: Clock) -> Iterator[Clock]:
    """Part streams whose gaps do not end on a whole frame of them all: each alone has finer frames."""
    if len(clock.streams) == 1 or all(abs(off) * max(clock.per_tick) <= 0.5 for off in _off_frames(clock)):
        yield clock
    else:
        yield from (clock_of([stream]) for stream in clock.streams)


def _off_frames(clock: Clock) -> Iterator[float]:
    """How far each segment begins from a whole frame, in frames."""
    for segment in clock.ticks:
        at = (segment.t0_ns - clock.t0_ns) * clock.tick_hz / NS
        yield float(at - round(at))


@dataclass(frozen=True)
class _Signal:
    """One signal of a record."""

    label: str
    unit: str
    gain: str
    baseline: int
    invalid: int | None
    """The stored code; None where none of its samples is one."""


def _write(clock: Clock, annotations: Sequence[Annotation], place: Path, stem: str, notes: list[str]) -> list[str]:
    """Write one record; returns the names of its files, the header last."""
    surveys = [survey(stream) for stream in clock.streams]
    bits = _format(clock, surveys)
    signals = _signals(clock, surveys, bits, notes)
    _note_times(clock, notes)
    names, comments = [], [f"starts {clock.t0_ns / NS:.9f} s after the start of the recording"] if clock.t0_ns else []
    for made in mark_files(annotations, clock.t0_ns, clock.end_ns, float(clock.tick_hz), notes):
        (place / f"{stem}.{made.extension}").write_bytes(made.data)
        names.append(f"{stem}.{made.extension}")
        of = f", channel {made.channel}" if made.channel else ""
        comments.append(f"annotator {made.extension}: kind {made.kind}{of}")
    several = len(clock.ticks) > 1
    pieces, first = [], 0
    for number, segment in enumerate(clock.ticks, start=1):
        piece = f"{stem}_{number:04d}" if several else stem
        lines = _write_samples(clock, signals, bits, place / f"{piece}.dat", first, segment.n_samples)
        head = _record_line(piece, clock, segment.n_samples, with_start=not several)
        _write_header(place / f"{piece}.hea", head, lines, [] if several else comments)
        names += [f"{piece}.dat", f"{piece}.hea"]
        pieces.append(piece)
        first += segment.n_samples
    if several:
        _write_master(clock, signals, bits, place, stem, pieces, comments)
        names += [f"{stem}_layout.hea", f"{stem}.hea"]
    return names


def _write_master(
    clock: Clock,
    signals: Sequence[_Signal],
    bits: int,
    place: Path,
    stem: str,
    pieces: Sequence[str],
    comments: Sequence[str],
) -> None:
    """Write the headers of a multi-segment record; header(5), "multi-segment records".

    Of variable layout, though every segment has all signals: the wfdb package reads null segments in no other.
    """
    empty = [_signal_line("~", 0, bits, signal, per) for signal, per in zip(signals, _spread(clock), strict=True)]
    layout = f"{stem}_layout"
    _write_header(place / f"{layout}.hea", _record_line(layout, clock, 0, with_start=False), empty, [])
    lines, at = [f"{layout} 0"], 0
    for piece, segment in zip(pieces, clock.ticks, strict=True):
        start = round((segment.t0_ns - clock.t0_ns) * clock.tick_hz / NS)
        if start > at:
            lines.append(f"~ {start - at}")
        lines.append(f"{piece} {segment.n_samples}")
        at = max(at, start) + segment.n_samples
    _write_header(
        place / f"{stem}.hea", _record_line(f"{stem}/{len(lines)}", clock, at, with_start=True), lines, comments
    )


def _write_header(path: Path, head: str, lines: Sequence[str], comments: Sequence[str]) -> None:
    text = "\n".join([head, *lines, *(f"# {comment}" for comment in comments)])
    path.write_text(text + "\n", "ascii", errors="replace")


def _record_line(name: str, clock: Clock, n_frames: int, *, with_start: bool) -> str:
    rate = float(clock.tick_hz)
    line = f"{name} {clock.n_channels} {int(rate) if rate.is_integer() else repr(rate)} {n_frames}"
    if not clock.t0_ns or not with_start:
        return line
    seconds, rest = divmod(clock.t0_ns // 1000, 10**6)
    return f"{line} {seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:06d}"


def _note_times(clock: Clock, notes: list[str]) -> None:
    rate = float(clock.tick_hz)
    for stream, per_tick in zip(clock.streams, clock.per_tick, strict=True):
        if rate * per_tick != stream.rate_hz:
            notes.append(f"{stream.sensor_type}: {stream.rate_hz!r} Hz reads back as {rate * per_tick!r} Hz")
    off_ns = max(abs(off) for off in _off_frames(clock)) * NS / rate
    if off_ns > 1:
        notes.append(f"segments begin up to {off_ns / 1e6:.3g} ms off: a WFDB record has whole frames")


def _format(clock: Clock, surveys: Sequence[Survey]) -> int:
    """Least format that holds every sample, and whose least integer, its invalid code, is no valid sample.

    A stream that was stored in more than 16 bits stays in more, whatever its values.
    """
    wide = any(stream.samples.dtype.itemsize > 2 for stream in clock.streams)
    for bits in _BITS[wide:]:
        code = -(1 << bits - 1)
        lows = [extent.low for found in surveys for extent in found.extents]
        if all(found.fits(bits) for found in surveys) and min(lows) > code:
            return bits
    raise ExportError("a sample is -2147483648, which WFDB keeps for 'no sample'.", mend="Export it as EDF+.")


def _signals(clock: Clock, surveys: Sequence[Survey], bits: int, notes: list[str]) -> list[_Signal]:
    signals, code = [], -(1 << bits - 1)
    for stream, found in zip(clock.streams, surveys, strict=True):
        for channel, extent in zip(stream.channels, found.extents, strict=True):
            label, said = label_of(channel, WFDB)
            notes += [said] if said else []
            signal = _calibrated(stream, channel, label, notes)
            if extent.n_invalid and channel.invalid not in (None, code):
                notes.append(f"{label}: {extent.n_invalid:,} samples are {code} now, which is WFDB's code for none")
            signals.append(replace(signal, invalid=channel.invalid if extent.n_invalid else None))
    return signals


def _calibrated(stream: Stream, channel: Channel, label: str, notes: list[str]) -> _Signal:
    way = next(calibrations(channel, stream.sensor_type, WFDB), None)
    if way is None or not (np.isfinite(way.gain) and np.isfinite(way.offset) and way.gain):
        raise ExportError(
            f"the scale of {label} (a step is {channel.gain:.4g} {channel.unit!r}) cannot be written in a WFDB header.",
            mend="Leave the recording out, or export it as EDF+.",
        )
    notes += [f"{label}: {way.note}"] if way.note else []
    exact = -way.offset / way.gain
    baseline = round(exact)
    if abs(exact - baseline) > 2.0**-24 * max(abs(exact), 1):
        notes.append(f"{label}: values read back differ by {abs(exact - baseline):.1g} of a step: a baseline is whole")
    return _Signal(label, way.unit, _gain_text(way), baseline, None)


def _gain_text(way: Calibration) -> str:
    """Steps a unit, as the shortest number whose inverse is the gain to the last bit, where there is one."""
    inverse = 1 / way.gain
    shorter = (f"{inverse:.{digits}g}" for digits in range(1, 18))
    return next((text for text in shorter if 1 / float(text) == way.gain), repr(inverse))


def _write_samples(
    clock: Clock, signals: Sequence[_Signal], bits: int, path: Path, first: int, n_frames: int
) -> list[str]:
    """Write the signal file of a segment; returns the header's signal lines."""
    sums = np.zeros(len(signals), np.int64)
    initial: list[int] = []
    with path.open("wb") as file:
        step = max(1, BLOCK_SAMPLES // clock.samples_per_tick)
        for at in range(first, first + n_frames, step):
            parts = _frames(clock, signals, bits, at, min(at + step, first + n_frames))
            if not initial:
                initial = [int(part[0, 0]) for part in parts]
            sums += [int(part.sum(dtype=np.int64)) for part in parts]
            file.write(_encoded(np.concatenate(parts, axis=1), bits).data)
    rows = zip(signals, _spread(clock), initial, sums, strict=True)
    return [_signal_line(path.name, bits, bits, signal, per, first, int(total)) for signal, per, first, total in rows]


def _spread(clock: Clock) -> list[int]:
    """Samples of each signal in a frame."""
    return [per for stream, per in zip(clock.streams, clock.per_tick, strict=True) for _ in stream.channels]


def _signal_line(file: str, fmt: int, bits: int, signal: _Signal, per: int, initial: int = 0, total: int = 0) -> str:
    """Write a signal specification line; header(5)."""
    spread = f"x{per}" if per > 1 else ""
    checksum = (total + 32768) % 65536 - 32768
    return (
        f"{file} {fmt}{spread} {signal.gain}({signal.baseline})/{signal.unit} {bits} 0 {initial} {checksum} 0 "
        f"{signal.label}"
    )


def _frames(clock: Clock, signals: Sequence[_Signal], bits: int, start: int, stop: int) -> list[NDArray[Any]]:
    """Samples of each signal, shape (frames, samples of a frame); invalid codes are the format's."""
    parts: list[NDArray[Any]] = []
    for stream, per_tick in zip(clock.streams, clock.per_tick, strict=True):
        block = stream.samples.read(start * per_tick, stop * per_tick)
        for row in block:
            signal = signals[len(parts)]
            values = row.astype(np.int64 if signal.invalid is not None else row.dtype, copy=False)
            if signal.invalid is not None:
                values = np.where(values == signal.invalid, -(1 << bits - 1), values)
            parts.append(values.reshape(stop - start, per_tick))
    return parts


def _encoded(frames: NDArray[Any], bits: int) -> NDArray[Any]:
    """Little-endian two's complement; signal(5), formats 16, 24 and 32."""
    if bits == 16:
        return np.ascontiguousarray(frames.astype("<i2"))
    wide = np.ascontiguousarray(frames.astype("<i4"))
    if bits == 32:
        return wide
    return np.ascontiguousarray(wide.view(np.uint8).reshape(-1, 4)[:, :3])

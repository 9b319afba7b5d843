"""What came of reading a damaged file, and whether that may be.

What can be promised: where checksums cover the samples (zip archives, packed HDF5 and MATLAB data) no change of one
passes in silence; where their sum is stated (WFDB) only one that keeps it, as an exchange of two does. Other formats
cannot tell a changed sample, a changed number in a header, or a lost line from a true one. There the promise is that a
silent reading is the one that the bytes give to another decoder: nothing is made up, and nothing is mended by guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import BiocurateError
from biocurate.formats import reader
from biocurate.recording import ArraySamples, Recording
from biocurate.testing.fuzz.subject import Case, Decoded, Subject, same

MOST_SAMPLES = 2**24
"""Samples that are looked at; a damaged header may promise more, of which the reader has read none."""


class Outcome(StrEnum):
    """How a reading ended."""

    REFUSED = "refused"
    EQUAL = "equal"
    WARNED = "warned"
    LOCAL = "changed samples only"
    MARKS = "other annotations"
    HEADER = "other header"
    """The same samples; names, scales, rates or times are others."""
    MOVED = "other layout"
    """Other samples, which another decoder reads too: the bytes are a sound file that says something else."""
    WRONG = "WRONG"
    BROKEN = "BROKEN"
    """An error that is none for users."""
    HUNG = "HUNG"
    DIED = "DIED"


FAULTS = (Outcome.WRONG, Outcome.BROKEN, Outcome.HUNG, Outcome.DIED)


@dataclass(frozen=True)
class Verdict:
    """Outcome of one case."""

    outcome: Outcome
    why: str = ""


def read_whole(subject: Subject, folder: Path) -> Recording:
    """Read header and samples, as an ingest does; the samples are in memory afterwards."""
    made, source = reader(subject.reader), subject.source(folder)
    options = made.Options(**subject.options)
    for companion in made.companions(source, options):
        _ = companion.size
    made.read_header(source, options)
    recording = made.read(source, options)
    n_samples = sum(stream.n_samples * len(stream.channels) for stream in recording.streams)
    if n_samples > MOST_SAMPLES:
        raise MemoryError(f"{n_samples} samples")
    streams = (replace(stream, samples=ArraySamples(stream.digital)) for stream in recording.streams)
    return replace(recording, streams=tuple(streams))


def judge(subject: Subject, whole: Recording, case: Case, folder: Path) -> Verdict:
    """Read a damaged copy that lies in a folder.

    Parameters
    ----------
    subject : Subject
    whole : Recording
        What the undamaged files gave.
    case : Case
    folder : Path
    """
    try:
        found = read_whole(subject, folder)
    except BiocurateError as error:
        if not (error.what and error.where and error.mend):
            return Verdict(Outcome.BROKEN, f"an error without place or mend: {error!r}")
        return Verdict(Outcome.REFUSED, error.what)
    except Exception as error:  # any other is the fault that is looked for
        return Verdict(Outcome.BROKEN, repr(error)[:300])
    if set(found.warnings) - set(whole.warnings):
        return Verdict(Outcome.WARNED, found.warnings[-1])
    return _silent(subject, whole, found, case, folder)


def _silent(subject: Subject, whole: Recording, found: Recording, case: Case, folder: Path) -> Verdict:
    before, after = channels(whole), channels(found)
    if alike(before, after):
        if _described(found) != _described(whole):
            return Verdict(Outcome.HEADER)
        return Verdict(Outcome.EQUAL if found.annotations == whole.annotations else Outcome.MARKS)
    if subject.decoder is None:
        return Verdict(Outcome.WRONG, f"samples differ unseen: {_difference(before, after)}")
    if subject.summed and _sum(before) != _sum(after):
        return Verdict(Outcome.WRONG, f"sums differ unseen: {_difference(before, after)}")
    try:
        other = subject.decoder(folder / subject.source(folder).path, subject.options)
    except Exception as error:  # it reads what it can, and is no reader for users
        return Verdict(Outcome.WRONG, f"read in silence, while another decoder fails: {error!r}"[:300])
    if not alike(after, other):
        return Verdict(Outcome.WRONG, f"not what another decoder reads: {_difference(other, after)}")
    if len(before) == len(after) and all(
        n_apart(a, b) <= 2 * case.n_changed + 2 for a, b in zip(before, after, strict=True)
    ):
        return Verdict(Outcome.LOCAL)
    return Verdict(Outcome.MOVED)


def channels(recording: Recording) -> Decoded:
    """Samples of every channel, stream after stream."""
    return [row for stream in recording.streams for row in stream.digital]


def _sum(samples: Decoded) -> int:
    return sum(int(channel.sum(dtype=np.int64)) for channel in samples) % 2**16


def n_apart(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Samples of either that are not the other's, where both begin and end alike."""
    if len(one) == len(other):
        return int((~_equal(one, other)).sum())
    short = min(len(one), len(other))
    first = _run(_equal(one[:short], other[:short]))
    rest = short - first
    last = _run(_equal(one[len(one) - rest :][::-1], other[len(other) - rest :][::-1]))
    return max(len(one), len(other)) - first - last - abs(len(one) - len(other))


def _run(equal: NDArray[np.bool_]) -> int:
    return int(np.argmin(equal)) if not equal.all() else len(equal)


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    missing = (one != one) & (other != other)
    equal: NDArray[np.bool_] = (one == other) | missing
    return equal


def alike(ours: Decoded, theirs: Decoded) -> bool:
    """Whether channels have the same samples, in whatever order channels stand, or parted into streams otherwise."""
    left = list(theirs)
    for channel in ours:
        match = next((place for place, other in enumerate(left) if same(channel, other)), None)
        if match is None:
            return len(ours) != len(theirs) and same(*(np.sort(np.concatenate(all_)) for all_ in (ours, theirs)))
        del left[match]
    return not left


def _described(recording: Recording) -> tuple[object, ...]:
    streams = [(str(each.sensor_type), each.rate_hz, each.channels, each.segments) for each in recording.streams]
    return (*streams, recording.start_unix_ns, recording.age, recording.sex)


def _difference(before: Sequence[NDArray[Any]], after: Sequence[NDArray[Any]]) -> str:
    shapes = [(a if a is None else a.shape, b if b is None else b.shape) for a, b in zip_longest(before, after)]
    return f"{len(before)} and {len(after)} channels, of {shapes[:3]}"[:200]

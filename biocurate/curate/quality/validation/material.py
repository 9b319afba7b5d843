"""Real clean windows to validate on, by recipe, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.quality.block import Floats
from biocurate.curate.quality.validation.criteria import Criterion, beating, one_rhythm, physical, quiet_eyes, still
from biocurate.errors import UsageError
from biocurate.recipes import load_recipe
from biocurate.recording import Recording, Stream, canonical_scale
from biocurate.sensors import SensorType
from biocurate.sensors.units import CANONICAL
from biocurate.store.sql import nearest

MOST = 200
"""Windows of a corpus, spread over its persons."""
MOST_WINDOWS = 16
"""Of one recording, spread over it."""
MOST_CHANNELS = 4
"""Of one recording, spread over its montage."""
LEAST_MOVES = {SensorType.GSR: 0.01}
"""Standard deviation in the canonical unit below which a window holds little but the converter's steps."""


@dataclass(frozen=True)
class Clean:
    """Windows of one sensor type and corpus."""

    corpus: str
    sensor: SensorType
    rate_hz: float
    unit: str | None
    samples: Floats
    """Shape (windows, samples): one channel each."""
    person: np.ndarray
    """Shape (windows,)."""


@dataclass(frozen=True)
class Wanted:
    """What is taken of a corpus."""

    corpus: str
    sensor: SensorType
    seconds: float
    clean_by: tuple[Criterion, ...] = ()
    """What else in the recording must say that a window is clean."""


MATERIAL = (
    Wanted("ludb", SensorType.ECG, 10.0, (one_rhythm,)),
    Wanted("cpsc2018", SensorType.ECG, 10.0, (one_rhythm,)),
    Wanted("bidmc", SensorType.PPG, 10.0),
    Wanted("stress-predict", SensorType.PPG, 10.0, (still, beating)),
    Wanted("eegmat", SensorType.EEG, 10.0),
    Wanted("sleep-edf", SensorType.EEG, 10.0, (quiet_eyes,)),
    Wanted("stress-predict", SensorType.GSR, 60.0, (still,)),
    Wanted("bidmc", SensorType.RESP, 30.0),
)

EVERY_RHYTHM = tuple(
    replace(each, clean_by=tuple(criterion for criterion in each.clean_by if criterion is not one_rhythm))
    for each in MATERIAL
)
"""The same, with recordings whose beats differ among the clean ones."""


def material(roots: Mapping[str, Path], half: str, wanted: Sequence[Wanted] = MATERIAL) -> list[Clean]:
    """Read the clean windows of one half of the persons.

    Parameters
    ----------
    roots : mapping of corpus to folder
    half : str
        ``choose``, the half that constants were chosen on, or ``show``, the other.
    wanted : sequence of Wanted, optional

    Returns
    -------
    list of Clean, one for each that is wanted and whose corpus is at hand

    Raises
    ------
    UsageError
        Where a corpus is none of those that are wanted, or there is no clean window.
    """
    if half not in ("choose", "show"):
        raise UsageError(f"{half!r} is no half.", mend="Write choose or show.")
    known = {each.corpus for each in (*MATERIAL, *wanted)}
    for name in roots:
        if name not in known:
            raise UsageError(f"{name!r} is no corpus that indices are validated on.", mend=nearest(name, known))
    found = [_read(each, roots[each.corpus], half) for each in wanted if each.corpus in roots]
    clean = [each for each in found if each is not None]
    if not clean:
        raise UsageError("there is no clean window to validate on.", mend=f"Give --root of {', '.join(sorted(known))}.")
    return clean


def _read(wanted: Wanted, root: Path, half: str) -> Clean | None:
    recipe = load_recipe(wanted.corpus)
    units = list(recipe.units(root))
    # Of a single person, the first and the second half of the recording stand for the two halves of persons.
    alone = len({unit.subject for unit in units}) == 1
    rows: list[Floats] = []
    persons: list[str] = []
    rate, unit_name = 0.0, None
    for unit in units if alone else [each for each in units if _half(each.subject) == half]:
        recording = recipe.read(unit)
        for stream in [each for each in recording.streams if each.sensor_type == wanted.sensor]:
            made = _windows(recording, stream, wanted, half if alone else None)
            if len(made) and rate in (0.0, stream.rate_hz):
                rate, unit_name = stream.rate_hz, _unit(stream)
                rows.append(made)
                persons += [unit.subject] * len(made)
    if not rows:
        return None
    samples, person = np.concatenate(rows), np.array(persons)
    kept = _spread(len(samples), MOST)
    return Clean(wanted.corpus, wanted.sensor, rate, unit_name, samples[kept], person[kept])


def _half(person: str) -> str:
    return ("choose", "show")[sha256(person.encode()).digest()[0] % 2]


def _unit(stream: Stream) -> str | None:
    unit = canonical_scale(stream.channels[0], stream.sensor_type)[0]
    return unit if unit == CANONICAL[stream.sensor_type] else None


def _windows(recording: Recording, stream: Stream, wanted: Wanted, part: str | None) -> Floats:
    """Whole windows of some channels of a stream, spread over it or a half of it, shape (windows, samples)."""
    length = round(wanted.seconds * stream.rate_hz)
    total = stream.n_samples // length
    if len(stream.segments) != 1 or not total:
        return np.empty((0, length))
    good = np.ones(total, dtype=bool)
    for criterion in wanted.clean_by:
        good &= criterion(recording, stream, wanted.seconds, total)
    chosen = np.flatnonzero(good)
    if part is not None:
        chosen = chosen[chosen < total // 2] if part == "choose" else chosen[chosen >= total // 2]
    else:
        chosen = chosen[_spread(len(chosen), MOST_WINDOWS)]
    channels = _spread(len(stream.channels), MOST_CHANNELS)
    cut = physical(stream.select(channels.tolist()))[:, : total * length].reshape(len(channels), total, length)
    rows = cut[:, chosen].reshape(-1, length)
    # What has a gap or does not move to begin with is no clean window.
    moves = rows.std(axis=1) > LEAST_MOVES.get(wanted.sensor, 0.0)
    return np.asarray(rows[np.isfinite(rows).all(axis=1) & moves])


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """At most so many of some numbers from 0, at equal distances."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(most, count)).astype(np.int64))

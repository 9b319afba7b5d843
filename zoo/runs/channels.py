"""Which channels of a sensor type a model is given: from the command line, and of some sensor types alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from biocurate.errors import UsageError
from biocurate.sensors import SensorType

Channels = Mapping[str, Sequence[str]]
"""Canonical names by sensor type; all channels of a sensor type that is not in it."""


def parse_channels(pairs: Iterable[str]) -> dict[str, tuple[str, ...]] | None:
    """Read ``EEG=Fz,Cz``, one a sensor type; None where there is none.

    Raises
    ------
    UsageError
        Where it names no channels, or a sensor type twice.

    >>> parse_channels(["EEG=Fz,Cz", "ECG=II"])
    {'EEG': ('Fz', 'Cz'), 'ECG': ('II',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        sensor, _, text = pair.partition("=")
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not names:
            raise UsageError(f"{pair!r} names no channels.", where="--channels", mend="Write EEG=Fz,Cz.")
        kind = str(SensorType.parse(sensor.strip()))
        if kind in found:
            raise UsageError(f"{kind} is named twice.", where="--channels", mend="Name all of its channels at once.")
        found[kind] = names
    return found or None


def only_of(channels: Channels | None, sensors: Iterable[object]) -> dict[str, tuple[str, ...]] | None:
    """Those of some sensor types alone."""
    kept = set(map(str, sensors))
    return None if channels is None else {kind: tuple(names) for kind, names in channels.items() if kind in kept}

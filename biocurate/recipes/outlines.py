"""A recording whose samples are stored, made again from the heads of its files and what the store knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from biocurate.errors import SourceError
from biocurate.formats import reader
from biocurate.formats.outline import Held, Outlining
from biocurate.recipes.merge import merged
from biocurate.recipes.units import Unit
from biocurate.recording import Recording


def outlined(unit: Unit, held: Mapping[str, Held]) -> Recording | None:
    """Outline every file of a recording and lay them on one clock; None where a reader cannot outline.

    A file that cannot tell when it starts is asked again once another one has told: where the stored streams of the two
    lie on the recording's clock says the rest.

    Parameters
    ----------
    unit : Unit
    held : mapping of str to Held
        Label -> what a store knows of that channel.

    Raises
    ------
    SourceError
        A file cannot be outlined.
    """
    found: list[Recording | None] = []
    for place in range(len(unit.files)):
        if not isinstance(reader(unit.files[place][1]), Outlining):
            return None
        try:
            found.append(_outline(unit, place, held))
        except SourceError:
            found.append(None)
    if None in found:
        start = next((told for each in found if each and (told := _origin(each, held)) is not None), None)
        if start is not None:
            held = {label: replace(each, start_unix_ns=start + each.t0_ns) for label, each in held.items()}
    return merged([each or _outline(unit, place, held) for place, each in enumerate(found)])


def _outline(unit: Unit, place: int, held: Mapping[str, Held]) -> Recording:
    source, name, options = unit.files[place]
    outlining = reader(name)
    assert isinstance(outlining, Outlining)
    return outlining.outline(source, options, held)


def _origin(outline: Recording, held: Mapping[str, Held]) -> int | None:
    """Unix time at which the whole recording starts, by one of its files."""
    if outline.start_unix_ns is None:
        return None
    for stream in outline.streams:
        for channel in stream.channels:
            if channel.label in held:
                return outline.start_unix_ns - (held[channel.label].t0_ns - stream.t0_ns)
    return None

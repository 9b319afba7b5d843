"""Files that make one recording together: what is missing of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from biocurate.errors import SourceError
from biocurate.recipes.schema import Definition
from biocurate.recipes.units import Unit, match_file

_GROUP = re.compile(r"\(\?P<signal>([^()\\.*+?\[\]{}]*)\)")


def partners_of(definition: Definition) -> tuple[str, ...]:
    """What the group ``signal`` of the file pattern may be, where the recipe lists it; nothing where it joins no files.

    ``(?P<signal>PSG|Hypnogram)`` lists it; so do the names under `signals`.
    """
    if definition.files.signals:
        return tuple(definition.files.signals)
    listed = _GROUP.search(definition.files.pattern.pattern)
    return tuple(listed[1].split("|")) if listed else ()


def refuse_without_signal(definition: Definition, unit: Unit) -> None:
    """Refuse a recording whose files are there in part, none of them with a signal: a hypnogram without its night.

    Raises
    ------
    SourceError
        The recipe lists files that are not there.
    """
    there, missing = _there(definition, unit)
    if missing:
        raise SourceError(
            f"holds no signal, and the file that has them is missing: {_named(missing, there)}.",
            where=unit.files[0][0].virtual,
            mend="Get it, or list this file under the recipe's `ignore`; then run the same command again.",
            unfinished=True,
        )


def notes_of(definition: Definition, unit: Unit) -> list[str]:
    """Say which of the files that the recipe joins a recording lacks, such as a night its hypnogram; often nothing."""
    template = definition.files.name
    if template is None or "{signal}" in template:
        return []  # each file is a recording of its own
    there, missing = _there(definition, unit)
    if not missing:
        return []
    return [f"Of the files that the recipe joins, it lacks {_named(missing, there)}: labels or signals are missing."]


def _there(definition: Definition, unit: Unit) -> tuple[list[str], list[str]]:
    """What the group ``signal`` is in a recording's files, and what else it may be."""
    there = [(match_file(definition, source.virtual) or {}).get("signal", "") for source, _, _ in unit.files]
    return there, [partner for partner in partners_of(definition) if partner not in there]


def _named(missing: Sequence[str], there: Sequence[str]) -> str:
    return " or ".join(partner or f"the one without {there[0]!r} in its name" for partner in missing)

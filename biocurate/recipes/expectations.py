"""What a recipe expects of its corpus, as published, against what headers say.

Less than published is no contradiction: a copy may be a part of the corpus. More, another rate or other channels are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isclose

from biocurate.errors import RecipeError
from biocurate.formats import Header, SignalHeader
from biocurate.recipes.channels import Known, know
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.units import Unit
from biocurate.sensors import SensorType

Pairs = Sequence[tuple[SignalHeader, Known]]
"""Signals that the recipe does not skip, and what they are."""


def typed(recipe: Recipe, unit: Unit, header: Header) -> Pairs:
    """Signals of a header that the recipe does not skip, and what they are."""
    known = know(recipe.rules(unit), [(signal.label, signal.unit) for signal in header.signals])
    return [(signal, each) for signal, each in zip(header.signals, known, strict=True) if each is not None]


def contradictions(recipe: Recipe, name: str, pairs: Pairs) -> list[str]:
    """What a recording has otherwise than the corpus as published.

    Parameters
    ----------
    recipe : Recipe
    name : str
        Of the recording.
    pairs : sequence of (SignalHeader, Known)
    """
    expect = recipe.expect
    counts: Counter[SensorType] = Counter(known.sensor for _, known in pairs)
    found = [
        f"{counts[sensor]} {sensor} channels, not {n}" for sensor, n in expect.channels.items() if counts[sensor] != n
    ]
    for signal, known in pairs:
        rates = expect.rate_hz.get(known.sensor) if isinstance(expect.rate_hz, dict) else expect.rate_hz
        rates = rates if isinstance(rates, tuple) or rates is None else (rates,)
        rate_hz = _corrected(recipe, name, signal)
        if rates and not any(isclose(rate_hz, rate) for rate in rates):
            found.append(f"{known.sensor} at {rate_hz:g} Hz, not {' or '.join(f'{rate:g}' for rate in rates)}")
    return list(dict.fromkeys(found))


def unexpected(recipe: Recipe, name: str, pairs: Pairs) -> list[str]:
    """What an unproven recipe stops at: `contradictions`, and channels that none of its rules matches.

    A recipe without any rule leaves all channels to their labels, and expects none.

    Parameters
    ----------
    recipe : Recipe
    name : str
        Of the recording.
    pairs : sequence of (SignalHeader, Known)
    """
    found = contradictions(recipe, name, pairs)
    has_rules = recipe.definition.channels or recipe.definition.channel_table
    if has_rules and not recipe.expect.other_channels:
        found += [f"a channel {signal.label!r} that no rule matches" for signal, known in pairs if known.rule is None]
    return list(dict.fromkeys(found))


def surplus(recipe: Recipe, units: Sequence[Unit]) -> list[str]:
    """What there is more of than the corpus has as published."""
    counted = (
        ("subjects", len({unit.subject for unit in units}), recipe.expect.subjects),
        ("recordings", len(units), recipe.expect.recordings),
    )
    return [f"{n} of {most} {word}" for word, n, most in counted if most is not None and n > most]


def is_unproven(recipe: Recipe) -> bool:
    """Whether a recipe was never tried on its corpus' own files."""
    return recipe.definition.verified != "real"


def tried_on(recipe: Recipe) -> str:
    """Say what an unproven recipe was tried on, and what follows from it."""
    tried = "on twins of its corpus only" if recipe.definition.verified == "twin" else "on no file of its corpus"
    return f"{recipe.name}: this recipe was tried {tried}; it stops at the first thing that it does not expect."


def broken(recipe: Recipe, where: str, what: str) -> RecipeError:
    """Make the error that ends a run of an unproven recipe."""
    return RecipeError(
        f"{what}: this is not what the recipe expects of {recipe.title}.",
        where=where,
        mend=(
            f"The recipe was never tried on the corpus' own files. Hold it against them: biocurate recipes check "
            f"{recipe.name} --root DIR. Where the corpus is right, mend `expect` or `channels` in a copy of the "
            "recipe, say there `verified: real`, and give its path. What is in the store stays."
        ),
    )


def _corrected(recipe: Recipe, name: str, signal: SignalHeader) -> float:
    """The rate that a signal truly has."""
    for correction in recipe.definition.corrections:
        of_label = correction.channels is None or correction.channels.fullmatch(signal.label)
        if correction.field == "rate_hz" and correction.is_of(name) and of_label:
            return float(correction.value)
    return signal.rate_hz

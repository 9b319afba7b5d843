"""How a corpus' tables are read, from the first file of each kind; and the rate, which often only a person knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from biocurate.errors import SourceError
from biocurate.formats.source import Source
from biocurate.recipes.draft.csv_guess import Guess, csv_guess
from biocurate.recipes.draft.patterns import Pattern
from biocurate.sensors import SensorType, identify

_NAMED_RATE = re.compile(r"(?i)(?<![a-z\d.])(\d+(?:\.\d+)?)[ _-]?(k?)hz(?![a-z])")
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass
class Tables:
    """What the tables of a pattern have in common."""

    pattern: Pattern
    options: dict[str, Any] = field(default_factory=dict)
    """Of the CSV reader; `rate_hz` is None where a person has to say it."""
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Signal -> options of its own."""
    one_each: bool = False
    """Whether each file is a recording: nothing says that files of several signals share a clock."""
    todo: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def describe_tables(pattern: Pattern, sources: Sequence[Source], rate_hz: float | None = None) -> Tables:
    """Find the options of tables; where files are told apart by signal, of each signal.

    Parameters
    ----------
    pattern : Pattern
    sources : sequence of Source
        Files that it matches.
    rate_hz : float, optional
        Of tables whose rows state neither times nor a rate.
    """
    found = Tables(pattern)
    guesses: dict[str, Guess] = {}
    for signal, alike in _by_signal(pattern, sources).items():
        try:
            guess = csv_guess(alike[0])
        except SourceError as error:
            found.notes.append(str(error))
            continue
        paths = [source.virtual for source in alike]
        guesses[signal] = _timed(_named(guess, paths) if not signal else guess, paths, rate_hz, found)
        found.notes += [f"{alike[0].virtual}: {note}" for note in guess.notes]
    if any(guess.has_clock for guess in guesses.values()):
        for signal in [signal for signal, guess in guesses.items() if not guess.has_clock and signal]:
            # Beside signals with a clock, beats, marks and answers have none; they are left to the labels.
            found.notes.append(f"{signal}: has no clock; events or answers, perhaps: see `labels`")
            del guesses[signal]
    _told_apart(found, guesses)
    return found


def _named(guess: Guess, paths: Sequence[str]) -> Guess:
    """Name the only column of files without names, which the reader would call after each file."""
    if guess.options.get("header_rows") != 0 or "columns" in guess.options or len(paths) == 1:
        return guess
    words = [set(_WORD.findall(path.rpartition("/")[2].rpartition(".")[0])) for path in paths]
    sensors = [word for word in sorted(set.intersection(*words)) if identify(word).sensor_type is not SensorType.MISC]
    return replace(guess, options={**guess.options, "columns": sensors[:1] or ["column 0"]})


def _timed(guess: Guess, paths: Iterable[str], rate_hz: float | None, found: Tables) -> Guess:
    """Add the rate: a person's, else the one that the files' names state, else a place for it."""
    if guess.has_clock:
        return guess
    named = {_rate_in(path) for path in paths}
    if rate_hz is not None:
        return replace(guess, options={**guess.options, "rate_hz": rate_hz}, has_clock=True)
    if len(named) == 1 and (only := named.pop()):
        question = "is `rate_hz` right? It is what the names of the files say"
        found.todo += [question] if question not in found.todo else []
        return replace(guess, options={**guess.options, "rate_hz": only}, has_clock=True)
    if len(stated := sorted(rate for rate in named if rate)) > 1:
        said = ", ".join(f"{rate:g}" for rate in stated)
        found.todo.append(f"the names of the files say {said} Hz: draft a recipe for each rate, with --pattern")
    return replace(guess, options={**guess.options, "rate_hz": None})


def _rate_in(path: str) -> float | None:
    stated = _NAMED_RATE.search(path)
    return float(stated[1]) * (1000 if stated[2] else 1) if stated else None


def _told_apart(found: Tables, guesses: dict[str, Guess]) -> None:
    """Put options where the recipe has them; signals that were left out leave the pattern, too."""
    options = {signal: _whole(guess.options) for signal, guess in guesses.items()}
    if "signal" not in found.pattern.groups:
        found.options = options.get("", {})
        return
    if not options:
        return
    listed = "|".join(map(re.escape, sorted(options)))
    regex = re.sub(r"\(\?P<signal>[^)]*\)", lambda _: f"(?P<signal>{listed})", found.pattern.regex)
    kept = tuple(path for path in found.pattern.paths if re.fullmatch(regex, path))
    found.pattern = replace(found.pattern, regex=regex, paths=kept)
    first, *others = options.values()
    shared = {key: value for key, value in first.items() if all(key in o and o[key] == value for o in others)}
    found.options = shared
    found.signals = {
        signal: {key: value for key, value in own.items() if key not in shared} for signal, own in options.items()
    }
    found.one_each = found.pattern.groups == ("signal",) and not any(
        "time" in own or "layout" in own for own in options.values()
    )


def _whole(options: dict[str, Any]) -> dict[str, Any]:
    """Options with rates as people write them: 100, not 100.0."""
    rate = options.get("rate_hz")
    return {**options, "rate_hz": int(rate)} if rate is not None and rate == int(rate) else options


def _by_signal(pattern: Pattern, sources: Iterable[Source]) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = {}
    for source in sources:
        found.setdefault(signal_of(pattern, source), []).append(source)
    return found


def signal_of(pattern: Pattern, source: Source) -> str:
    """The group ``signal`` of a file; empty where the pattern has none."""
    match = re.fullmatch(pattern.regex, source.virtual)
    return match["signal"] if match and "signal" in pattern.groups else ""

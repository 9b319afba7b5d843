"""From the paths of files to one pattern that matches them: what is the same in all is kept, what varies is a group."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from biocurate.sensors import SensorType, identify

MOST_WORDS = 12
"""Different words at one place that a pattern lists; more of them are any word."""

_TOKENS = re.compile(r"\d+|[A-Za-z]+(?:_[A-Za-z]+)*|[^A-Za-z\d]")
_SUBJECT = re.compile(r"(?i)s|sub|subj|subject|p|pat|patient|person|participant|id|pp|proband|case|volunteer")
_SESSION = re.compile(r"(?i)ses|session|visit|night|day")
_MEASURE = re.compile(r"(?i)(k?hz|m?s|sec|min|bit|lead)(?![a-z])")
_ZIP = re.compile(r"(?i)\.zip(?=/)")
NUMBER = "\x00"
"""Stands for digits in a shape."""


@dataclass(frozen=True)
class Shape:
    """Paths that are alike but for numbers and some words: at each place, the words that stand there."""

    places: tuple[frozenset[str], ...]
    paths: tuple[str, ...]

    def varies(self, place: int) -> bool:
        """Whether numbers or several words stand at a place."""
        return NUMBER in self.places[place] or len(self.places[place]) > 1


@dataclass(frozen=True)
class Pattern:
    """A regular expression, and what its groups are."""

    regex: str
    groups: tuple[str, ...]
    paths: tuple[str, ...] = field(repr=False)


def shapes(paths: Iterable[str]) -> list[Shape]:
    """Sort paths by their shape; shapes that differ in one word only are one. The most frequent come first."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in paths:
        found[_shape(path)].append(path)
    merged: list[Shape] = []
    for places, alike in sorted(found.items(), key=lambda item: -len(item[1])):
        shape = Shape(tuple(frozenset([word]) for word in places), tuple(alike))
        near = next((index for index, other in enumerate(merged) if _differ(shape, other) <= 1), None)
        if near is None:
            merged.append(shape)
        else:
            merged[near] = _joined(merged[near], shape)
    return sorted(merged, key=lambda shape: -len(shape.paths))


def patterns(paths: Iterable[str]) -> list[Pattern]:
    """Patterns that match paths, the one that matches most first; together they match all."""
    left = shapes(paths)
    found = []
    while left:
        base, *rest = left
        longer = next((shape for shape in rest if _inserted(base, shape)), None)
        pattern = pattern_of(base, longer)
        if longer is not None and _clashes(pattern):
            pattern, longer = pattern_of(base), None
        found.append(pattern)
        left = [shape for shape in rest if shape is not longer]
    return found


def pattern_of(shape: Shape, longer: Shape | None = None) -> Pattern:
    """Write a shape as a regular expression with the groups ``subject``, ``session``, ``run`` and ``signal``.

    The subject is the number behind a word that says so, else the first number that differs between the files, else
    the first word that does. Words in the file's own name that mostly mean sensors tell signals of one recording apart.

    Parameters
    ----------
    shape : Shape
    longer : Shape, optional
        One that has some places more, in one stretch: the pattern matches its paths, too.
    """
    names = _names(shape)
    pieces: list[str] = []
    for place, words in enumerate(shape.places):
        text = _written(words)
        if names.get(place) == "subject" and place - 1 in names and _belongs(shape, place):
            pieces.pop()  # E07500 and JS07500 are two persons: what stands before the number is of their name
            names.pop(place - 1)
            text = f"{_grouped(shape.places[place - 1])}{text}"
        pieces.append(f"(?P<{names[place]}>{text})" if place in names else _grouped(words))
    paths = shape.paths
    if longer is not None and (span := _inserted(shape, longer)):
        at, end = span
        pieces.insert(at, f"({''.join(_grouped(words) for words in longer.places[at:end])})?")
        paths += longer.paths
    regex = "".join(pieces)
    zipped = any(_ZIP.search(path) for path in shape.paths)
    if zipped:
        regex = _with_zip(regex, shape)
    return Pattern(regex, tuple(names.values()), paths)


def _clashes(pattern: Pattern) -> bool:
    """Whether two paths would be the same recording: a second copy in another folder, mostly."""
    matches = [re.fullmatch(pattern.regex, path) for path in pattern.paths]
    said = [tuple(sorted(match.groupdict().items())) for match in matches if match]
    return len(set(said)) < len(said)


def _shape(path: str) -> tuple[str, ...]:
    tokens = _TOKENS.findall(_ZIP.sub("", path))
    return tuple(NUMBER if token.isdigit() else token for token in tokens)


def _differ(one: Shape, other: Shape) -> int:
    """At how many places two shapes differ; a place of punctuation that differs makes them strangers."""
    if len(one.places) != len(other.places):
        return len(one.places) + 1
    different = [(a, b) for a, b in zip(one.places, other.places, strict=True) if not a <= b]
    words = all(word[0].isalpha() for a, b in different for word in a | b)
    return len(different) if words else len(one.places) + 1


def _inserted(base: Shape, longer: Shape) -> tuple[int, int] | None:
    """First and last place, exclusive, of what a longer shape has more; None where that is not one stretch."""
    more = len(longer.places) - len(base.places)
    if more <= 0:
        return None
    for at in range(len(base.places) + 1):
        rest = longer.places[:at] + longer.places[at + more :]
        if all(a <= b for a, b in zip(rest, base.places, strict=True)):
            return at, at + more
    return None


def _joined(one: Shape, other: Shape) -> Shape:
    places = tuple(a | b for a, b in zip(one.places, other.places, strict=True))
    return Shape(places, one.paths + other.paths)


def _names(shape: Shape) -> dict[int, str]:
    values = [_TOKENS.findall(_ZIP.sub("", path)) for path in shape.paths]
    different = {place: len({row[place] for row in values}) for place in range(len(shape.places))}
    numbers = [place for place in different if NUMBER in shape.places[place] and not _is_measure(shape, place)]
    words = [place for place, count in different.items() if count > 1 and NUMBER not in shape.places[place]]
    names: dict[int, str] = {}
    subject = _first(shape, numbers, _SUBJECT) if len(numbers) else None
    if subject is None:
        subject = next((place for place in numbers if different[place] > 1), None)
    signal = _signal(shape, words)
    if subject is None:
        subject = next((place for place in [*words, *numbers] if place != signal), None)
    if subject is not None:
        names[subject] = "subject"
    session = _first(shape, [place for place in numbers if place not in names], _SESSION)
    if session is not None:
        names[session] = "session"
    rest = [place for place in numbers if place not in names and different[place] > 1]
    if rest:
        names[rest[0]] = "run"
    if signal is not None:
        names[signal] = "signal"
    spare = [place for place in (*rest[1:], *words) if place not in names and different[place] > 1]
    return names | {place: f"part{number}" for number, place in enumerate(spare, 1)}


def _belongs(shape: Shape, place: int) -> bool:
    """Whether a number is never the same after two of the words right before it, which so are a part of it."""
    if NUMBER in shape.places[place - 1] or not all(word[0].isalpha() for word in shape.places[place - 1]):
        return False
    words: dict[str, set[str]] = defaultdict(set)
    for tokens in (_TOKENS.findall(_ZIP.sub("", path)) for path in shape.paths):
        words[tokens[place]].add(tokens[place - 1])
    return len(words) > len(shape.places[place - 1]) and all(len(before) == 1 for before in words.values())


def _is_measure(shape: Shape, place: int) -> bool:
    """Whether the digits are of a quantity, such as the rate in ``ecg_100hz.csv``, and tell no one apart."""
    after = shape.places[place + 1] if place + 1 < len(shape.places) else frozenset()
    return any(_MEASURE.match(word) for word in after)


def _first(shape: Shape, numbers: Sequence[int], word: re.Pattern[str]) -> int | None:
    """The first number behind a word; separators may stand between."""
    for place in numbers:
        before = [words for words in shape.places[:place] if all(text[0].isalpha() for text in words)]
        if before and shape.places[place - 1] != frozenset("/") and all(word.fullmatch(text) for text in before[-1]):
            return place
    return None


def _signal(shape: Shape, words: Sequence[int]) -> int | None:
    """The place in the file's own name whose words are sensors, as far as they are known."""
    last_folder = max((place for place, text in enumerate(shape.places) if "/" in text), default=-1)
    for place in words:
        known = [word for word in shape.places[place] if any(map(_is_sensor, word.split("_")))]
        if place > last_folder and 2 * len(known) >= len(shape.places[place]):
            return place
    return None


def _is_sensor(word: str) -> bool:
    return identify(word).sensor_type is not SensorType.MISC


def _grouped(words: frozenset[str]) -> str:
    text = _written(words)
    return f"({text})" if "|" in text else text


def _written(words: frozenset[str]) -> str:
    if NUMBER in words:
        return r"\d+"
    if len(words) > MOST_WORDS:
        return "[A-Za-z]+"
    return "|".join(re.escape(word) for word in sorted(words))


def _with_zip(regex: str, shape: Shape) -> str:
    """Let the folders that are archives in some paths be either."""
    depths = {path[: match.start()].count("/") for path in shape.paths for match in _ZIP.finditer(path)}
    steps = regex.split("/")
    return "/".join(step + (r"(\.zip)?" if depth in depths else "") for depth, step in enumerate(steps))

r"""Regular expressions that Python's `re` may not finish: found by their form, before any text is held against them.

`re` tries every way to split a text over a pattern. Where a stretch of text can be gone through in two ways and the
stretch can repeat, as in ``(\w+)+``, a text that does not match costs twice as much for each such stretch: 45 letters
last for ever. An automaton of a pattern shows that by two different paths from a state back to itself that read the
same text (Weber and Seidl, "On the degree of ambiguity of finite automata", 1991, condition EDA). The automaton is that
of the pattern's letters (Glushkov 1961), in which a path that two repetitions offer counts twice.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from biocurate.recipes.splitting import degree

LETTERS = tuple(map(chr, range(0x250)))
"""Letters that sets are compared by: ASCII, and what Western names are written with."""
MOST_STATES = 400
"""Larger patterns, by repetitions that are counted, are not looked at: as many pairs of states take seconds."""
COPIES = 3
"""A repetition that ends sooner, or of a fixed length, cannot run away; it is looked at as so many copies at most."""


def runs_away(pattern: re.Pattern[str]) -> bool:
    """Whether some text takes a pattern time that doubles with every few letters.

    Look-arounds and references back are taken as empty. Patterns that are slow, but not so slow (``.*.*x``), pass.
    """
    automaton = _automaton(pattern)
    return len(automaton.sets) <= MOST_STATES and automaton.is_ambiguous()


def splits(pattern: re.Pattern[str]) -> int:
    """The power of a text's length with which the ways to split it over a pattern grow, where it does not run away."""
    automaton = _automaton(pattern)
    if len(automaton.sets) > MOST_STATES:
        return 0
    bits = {letter: 1 << place for place, letter in enumerate(LETTERS)}
    return degree([sum(bits.get(each, 0) for each in letters) for letters in automaton.sets], automaton.follow)


def _automaton(pattern: re.Pattern[str]) -> _Automaton:
    automaton = _Automaton(bool(pattern.flags & re.IGNORECASE))
    automaton.build(parser.parse(pattern.pattern, pattern.flags))
    return automaton


@dataclass(frozen=True)
class _Piece:
    """States that a part of a pattern can begin and end with, twice where there are two ways to come to them."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: int = 1
    """In how many ways it can be empty; 2 is many."""


@dataclass
class _Automaton:
    """A state for each letter of a pattern, and how often one can follow another."""

    ignores_case: bool
    sets: list[frozenset[str]] = field(default_factory=list)
    follow: Counter[tuple[int, int]] = field(default_factory=Counter)

    def build(self, parsed: Any) -> _Piece:  # noqa: ANN401 - the parser has no types
        whole = _Piece()
        for operation, argument in parsed:
            whole = self._joined(whole, self._part(operation, argument))
        return whole

    def _part(self, operation: Any, argument: Any) -> _Piece:  # noqa: ANN401
        if operation in (words.MAX_REPEAT, words.MIN_REPEAT):
            return self._repeated(*argument)
        if operation is words.SUBPATTERN:
            return self.build(argument[3])
        if operation is words.BRANCH:
            return _either([self.build(each) for each in argument[1]])
        if operation is words.GROUPREF_EXISTS:
            return _either([self.build(each or ()) for each in argument[1:]])
        letters = _letters(operation, argument, self.ignores_case)
        if letters is None:
            return _Piece()
        self.sets.append(letters)
        state = len(self.sets) - 1
        return _Piece((state,), (state,), empty=0)

    def _repeated(self, least: int, most: Any, body: Any) -> _Piece:  # noqa: ANN401
        least_width, most_width = body.getwidth()
        if most <= COPIES or (least == most and least_width == most_width):
            whole = _Piece()
            for number in range(min(most, COPIES)):
                part = self.build(body)
                whole = self._joined(whole, part if number < least else _or_nothing(part))
            return whole
        part = self.build(body)
        self._follow(part.last, part.first)
        return part if least else _or_nothing(part)

    def _joined(self, left: _Piece, right: _Piece) -> _Piece:
        self._follow(left.last, right.first)
        first = left.first + right.first * left.empty
        last = left.last * right.empty + right.last
        return _Piece(_twice(first), _twice(last), min(left.empty * right.empty, 2))

    def _follow(self, last: tuple[int, ...], first: tuple[int, ...]) -> None:
        self.follow.update((a, b) for a in last for b in first)

    def is_ambiguous(self) -> bool:
        """Whether two different paths that read the same text lead from a state back to itself."""
        after: dict[int, list[int]] = defaultdict(list)
        for a, b in self.follow:
            after[a].append(b)
        reached = {state: _reached(after, state) for state in after}
        if any(n > 1 and a in reached.get(b, ()) for (a, b), n in self.follow.items()):
            return True
        pairs: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        back: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        loops = [state for state in after if state in reached[state]]
        open_ = [(state, state) for state in loops]
        seen = set(open_)
        while open_:
            pair = open_.pop()
            for a in after[pair[0]]:
                for b in after[pair[1]]:
                    if self.sets[a] & self.sets[b]:
                        pairs[pair].append((a, b))
                        back[a, b].append(pair)
                        if (a, b) not in seen:
                            seen.add((a, b))
                            open_.append((a, b))
        apart = [pair for pair in seen if pair[0] != pair[1]]
        return any(any(a == b and (a, b) in _reached(pairs, pair) for a, b in _reached(back, pair)) for pair in apart)


def _reached(after: dict[Any, list[Any]], start: Any) -> set[Any]:  # noqa: ANN401
    """States after one step or more."""
    found: set[Any] = set()
    open_ = [start]
    while open_:
        for each in after.get(open_.pop(), ()):
            if each not in found:
                found.add(each)
                open_.append(each)
    return found


def _either(parts: list[_Piece]) -> _Piece:
    first = tuple(state for part in parts for state in part.first)
    last = tuple(state for part in parts for state in part.last)
    return _Piece(_twice(first), _twice(last), min(sum(part.empty for part in parts), 2))


def _or_nothing(part: _Piece) -> _Piece:
    return _Piece(part.first, part.last, min(part.empty + 1, 2))


def _twice(states: tuple[int, ...]) -> tuple[int, ...]:
    """States, each of them twice at most."""
    counts = Counter(states)
    return tuple(state for state, n in counts.items() for _ in range(min(n, 2)))


def _letters(operation: Any, argument: Any, ignores_case: bool) -> frozenset[str] | None:  # noqa: ANN401
    """Letters that one place of a pattern takes; None for what takes none."""
    found: set[str]
    if operation is words.ANY:
        found = set(LETTERS)
    elif operation is words.LITERAL:
        found = {chr(argument)}
    elif operation is words.NOT_LITERAL:
        found = set(LETTERS) - {chr(argument)}
    elif operation is words.IN:
        found = {letter for item in argument for letter in _of_set(*item)}
        if argument[0][0] is words.NEGATE:
            found = set(LETTERS) - found
    else:
        return None
    return frozenset(found | {letter.swapcase() for letter in found} if ignores_case else found)


def _of_set(operation: Any, argument: Any) -> frozenset[str]:  # noqa: ANN401
    if operation is words.LITERAL:
        return frozenset(chr(argument))
    if operation is words.RANGE:
        return frozenset(letter for letter in LETTERS if argument[0] <= ord(letter) <= argument[1])
    return _category(argument) if operation is words.CATEGORY else frozenset()


@cache
def _category(category: Any) -> frozenset[str]:  # noqa: ANN401
    kind = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(category).rpartition("_")[2]]
    inside = frozenset(letter for letter in LETTERS if re.match(kind, letter))
    return frozenset(LETTERS) - inside if "_NOT_" in str(category) else inside

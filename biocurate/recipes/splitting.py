r"""How many ways there are to split a text over a pattern, as a power of the text's length.

Where two loops follow each other and both can read the same text, as in ``.*_.*``, each place between them is tried: of
a text of n letters that does not match, n ways; with three such loops n^2. The power is the degree of ambiguity of the
pattern's automaton, by the chains of states that condition IDA links (Weber and Seidl, "On the degree of ambiguity of
finite automata", 1991): from p to p, from p to q and from q to q leads one same text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

MOST_TRIPLES = 200_000
"""Triples of states that one question goes through; where that does not tell, two loops are taken to share texts."""

State = int


def degree(letters: Sequence[int], follow: Iterable[tuple[State, State]]) -> int:
    """Give the power of the length of a text with which the ways to read it grow; 0 where their number is bounded.

    Parameters
    ----------
    letters : sequence of int
        The letters that each state reads, a bit each.
    follow : iterable of (int, int)
        Which state can come after which. None of them has two paths back to itself that read the same text.
    """
    after: dict[State, list[State]] = defaultdict(list)
    for a, b in follow:
        after[a].append(b)
    reached = {state: _reached(after, state) for state in range(len(letters))}
    loops = [state for state in range(len(letters)) if state in reached[state]]
    knots = {
        state: min(other for other in loops if state in reached[other] and other in reached[state]) for state in loops
    }
    members: dict[State, list[State]] = defaultdict(list)
    for state, knot in knots.items():
        members[knot].append(state)

    @cache
    def linked(first: State, then: State) -> bool:
        asked = ((p, q) for p in members[first] for q in members[then])
        return any(_shares(letters, after, reached, p, q) for p, q in asked)

    @cache
    def longest(knot: State) -> int:
        later = [other for other in members if other != knot and other in reached[knot]]
        return max((longest(other) + linked(knot, other) for other in later), default=0)

    return max(map(longest, members), default=0)


def _reached(after: Mapping[State, Sequence[State]], start: State) -> set[State]:
    """States after one step or more."""
    found: set[State] = set()
    open_ = [start]
    while open_:
        for each in after.get(open_.pop(), ()):
            if each not in found:
                found.add(each)
                open_.append(each)
    return found


def _shares(
    letters: Sequence[int],
    after: Mapping[State, Sequence[State]],
    reached: Mapping[State, set[State]],
    p: State,
    q: State,
) -> bool:
    """Whether one text leads from p to p, from p to q and from q to q."""
    seen = {(p, p, q)}
    open_ = [(p, p, q)]
    while open_:
        x, y, z = open_.pop()
        for a in (each for each in after[x] if p in reached[each] or each == p):
            for c in (each for each in after[z] if letters[a] & letters[each] and (q in reached[each] or each == q)):
                both = letters[a] & letters[c]
                for b in (each for each in after[y] if both & letters[each] and (q in reached[each] or each == q)):
                    if (a, b, c) == (p, q, q) or len(seen) > MOST_TRIPLES:
                        return True
                    if (a, b, c) not in seen:
                        seen.add((a, b, c))
                        open_.append((a, b, c))
    return False

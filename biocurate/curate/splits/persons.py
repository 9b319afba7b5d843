"""Splits by person: no person is ever on two sides.

Where a person goes is decided by sha256 of the seed and the person, so that it is the same on every machine and in
every version of Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from fractions import Fraction

from biocurate.errors import ManifestError

FRACTIONS: Mapping[str, float] = {"train": 0.7, "val": 0.15, "test": 0.15}

_ONE = 2**64


def split_by_person(
    person_ids: Iterable[str], fractions: Mapping[str, float] = FRACTIONS, seed: int = 0
) -> dict[str, str]:
    """Place each person by a hash.

    A person's place depends on the seed, the fractions and the person alone: it stays when others join or leave. The
    sizes of the splits are therefore only near the fractions.

    Parameters
    ----------
    person_ids : iterable of str
        Repeats count once.
    fractions : mapping of str to float
        Share of each split, in order; together 1.
    seed : int

    Returns
    -------
    dict of person to split, sorted by person

    Raises
    ------
    ManifestError
        Where the fractions do not make 1, or a split stays empty.
    """
    shares = shares_of(fractions)
    bounds, reached = [], Fraction(0)
    for name, share in shares.items():
        reached += share
        bounds.append((name, int(reached * _ONE)))
    placed = {person: _place(person_hash(person, seed), bounds) for person in sorted(set(person_ids))}
    missing = [name for name in fractions if name not in placed.values()]
    if missing:
        raise ManifestError(
            f"no person of {len(placed)} falls into {' and '.join(missing)} with seed {seed}.",
            where="split",
            mend="Take another seed or other fractions, or `method: kfold`, which deals persons out evenly.",
        )
    return placed


def folds(person_ids: Iterable[str], k: int, seed: int = 0) -> dict[str, int]:
    """Deal persons into folds whose sizes differ by one at most.

    Persons are sorted by their hash and dealt round. Labels are not looked at: folds are not stratified. Unlike
    `split_by_person`, a person may change folds when others join.

    Returns
    -------
    dict of person to fold, from 0 to k - 1, sorted by person

    Raises
    ------
    ManifestError
        With fewer persons than folds.
    """
    persons = set(person_ids)
    if len(persons) < k or k < 2:
        raise ManifestError(
            f"{len(persons)} persons cannot make {k} folds.", where="split", mend="Take 2 folds or more, a person each."
        )
    order = sorted(persons, key=lambda person: (person_hash(person, seed), person))
    dealt = {person: number % k for number, person in enumerate(order)}
    return dict(sorted(dealt.items()))


def shares_of(fractions: Mapping[str, float]) -> dict[str, Fraction]:
    """Shares of the splits, exactly; ManifestError where they are not above 0 and together 1."""
    shares = {name: Fraction(str(share)) for name, share in fractions.items()}
    if any(share <= 0 for share in shares.values()) or abs(sum(shares.values(), Fraction(-1))) > Fraction(1, 10**9):
        stated = ", ".join(f"{name} {share:g}" for name, share in fractions.items())
        raise ManifestError(f"the fractions of a split are above 0 and together 1, not {stated}.", where="split")
    return shares


def person_hash(person: str, seed: int) -> int:
    """A number below 2**64, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{person}".encode()).digest()[:8], "big")


def _place(number: int, bounds: list[tuple[str, int]]) -> str:
    # Rounded fractions may end a hair below 1: the last split takes what is left.
    return next((name for name, bound in bounds if number < bound), bounds[-1][0])

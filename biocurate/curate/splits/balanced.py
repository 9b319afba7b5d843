"""Persons placed where they are most wanted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.splits.persons import person_hash, shares_of


def place_balanced(
    rows: pl.DataFrame, fractions: Mapping[str, float], seed: int = 0, placed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Place persons so that every split gets its share of windows, of persons and of each label.

    Persons go one by one, those with the most windows first, to the split that is then nearest to its shares: the one
    that leaves the least sum of squared deviations, each count measured in parts of its total. Who was placed before
    stays, so that a test person never becomes a training person when the store grows.

    Parameters
    ----------
    rows : DataFrame
        A row a window: person, and label (text, a list of texts, or null).
    fractions : mapping of str to float
        Share of each split, in order; together 1.
    seed : int
        Orders persons with equally many windows.
    placed : mapping of str to str, optional
        Split of persons that were placed before; persons without a row count for nothing.

    Returns
    -------
    dict of person to split, sorted by person; those of ``rows``

    Raises
    ------
    ManifestError
        Where the fractions do not make 1.
    """
    names = list(fractions)
    wanted = np.array([float(share) for share in shares_of(fractions).values()])
    persons, counts = _counts(rows)
    parts = counts / counts.sum(axis=0)
    before = placed or {}
    place = np.array([names.index(before[person]) if before.get(person) in fractions else -1 for person in persons])
    held = np.array([parts[place == split].sum(axis=0) for split in range(len(names))])
    order = sorted(
        np.flatnonzero(place < 0).tolist(),
        key=lambda at: (-counts[at, 0], person_hash(persons[at], seed), persons[at]),
    )
    for at in order:
        now = ((held - wanted[:, None]) ** 2).sum(axis=1)
        then = ((held + parts[at] - wanted[:, None]) ** 2).sum(axis=1)
        place[at] = int(np.argmin(then - now))
        held[place[at]] += parts[at]
    return {person: names[split] for person, split in zip(persons, place.tolist(), strict=True)}


def _counts(rows: pl.DataFrame) -> tuple[list[str], NDArray[np.float64]]:
    """Persons, sorted, and of each its windows, itself, and its windows of each label."""
    persons = rows["person"].unique().sort().to_list()
    labels = rows.select("person", "label")
    if labels.schema["label"] == pl.List(pl.String):
        labels = labels.explode("label")
    labels = labels.drop_nulls("label")
    values = labels["label"].unique().sort().to_list()
    windows = rows.group_by("person").len().sort("person")["len"].to_numpy()
    counts = [windows[:, None], np.ones((len(persons), 1))]
    if not values:  # polars gives no integers where there is nothing to replace
        return persons, np.concatenate(counts, axis=1).astype(np.float64)
    person = labels["person"].replace_strict(persons, range(len(persons)), return_dtype=pl.Int64).to_numpy()
    value = labels["label"].replace_strict(values, range(len(values)), return_dtype=pl.Int64).to_numpy()
    of_labels = np.bincount(person * len(values) + value, minlength=len(persons) * len(values))
    counts.append(of_labels.reshape(len(persons), len(values)))
    return persons, np.concatenate(counts, axis=1).astype(np.float64)

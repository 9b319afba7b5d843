"""Joined bridges judged with all of their sensors, and with fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zoo.biox_bridge.told import FIGURES
from zoo.judging.bootstrap import estimate
from zoo.judging.figures import metrics_of
from zoo.judging.held import predictions_of
from zoo.judging.paired import difference
from zoo.judging.report import as_text

WAYS = ("gated", "mean")
ALONE = "alone"
LESS = ("balanced_accuracy", "auroc")
"""Figures whose loss is told."""


@dataclass(frozen=True)
class Some:
    """Some of the joined bridges, and how their answers are weighed."""

    bridges: tuple[int, ...]
    way: str


def subsets(count: int) -> list[Some]:
    """Every set of bridges, the largest first; one alone is weighed in no way."""
    sets = [some for size in range(count, 1, -1) for some in combinations(range(count), size)]
    return [Some(some, way) for some in sets for way in WAYS] + [Some((at,), ALONE) for at in range(count)]


def table_of(
    held: Mapping[Some, pl.DataFrame], names: Sequence[str], classes: Sequence[str], draws: int, seed: int
) -> pl.DataFrame:
    """One row a set and way: figures with intervals, and the figure less that of the same windows with all bridges.

    Parameters
    ----------
    held : mapping of Some to DataFrame
        Held-out predictions; windows that none of the set has an input of are not in it.
    names : sequence of str
        Of the bridges.
    classes : sequence of str
    draws, seed : int
        Of the bootstrap over persons.
    """
    every = tuple(range(len(names)))
    rows = []
    for some, table in held.items():
        own = predictions_of(table, classes)
        known = metrics_of(own)
        row: dict[str, Any] = {
            "sensors": ", ".join(names[at] for at in some.bridges),
            "joined": some.way,
            "windows": table.height,
            "persons": own.n_persons,
            **{name: as_text(estimate(known[name], [own], draws, seed)) for name in FIGURES},
        }
        if some.bridges != every:
            whole = held[Some(every, WAYS[0] if some.way == ALONE else some.way)]
            same = table.select("window_id").join(whole, on="window_id", how="inner", maintain_order="left")
            other = predictions_of(same.select(table.columns), classes)
            row |= {f"less ({name})": as_text(difference(known[name], own, other, draws, seed)) for name in LESS}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def gone(some: Some, count: int) -> list[int]:
    """Bridges that are not in the set."""
    return sorted(set(range(count)) - set(some.bridges))


def where_heard(has: NDArray[np.bool_], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, NaN in windows that no bridge of a set has an input of."""
    return np.where(np.any(has, axis=1, keepdims=True), probability, np.nan)

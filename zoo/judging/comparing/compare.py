"""Runs against each other, in pairs, on the windows that all of them were judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError, UsageError
from zoo.judging.bootstrap import DRAWS, FEWEST_PERSONS, draw_persons, tails
from zoo.judging.comparing.by_person import BY_PERSON, OF_NUMBERS
from zoo.judging.comparing.sign_flip import EXACT_PERSONS, holm, sign_flip
from zoo.judging.detectable import found_with_power
from zoo.judging.held import classes_of, predictions_of
from zoo.judging.metrics import Floats
from zoo.runs import folder as runs
from zoo.runs.config import RunConfig
from zoo.runs.run_file import config_of

METRIC, NUMBER_METRIC = "balanced_accuracy", "mae"
"""Of each person, where no comparison is declared: of classes, and of numbers."""


@dataclass(frozen=True)
class Judged:
    """A run and what it predicted; runs that differ in their seed alone are one, with several tables."""

    names: tuple[str, ...]
    """Of the folders."""
    config: RunConfig
    manifest_hash: str
    held: tuple[pl.DataFrame, ...]

    @property
    def name(self) -> str:
        """The first folder's, and how many seeds are with it."""
        more = len(self.names) - 1
        return self.names[0] + (f" and {more} more seeds" if more else "")


@dataclass(frozen=True)
class Pair:
    """Two runs on the same persons; differences are `a` less `b`."""

    a: str
    b: str
    role: str
    """``primary``, declared in a run's configuration, or ``exploratory``."""
    metric: str
    """Of each person."""
    value_a: float
    value_b: float
    """Means over persons."""
    difference: float
    low: float | None
    high: float | None
    """95 % interval over draws of persons; None with fewer than 10."""
    p: float
    """Of sign flips over persons."""
    p_holm: float
    """The same, to hold for all pairs together."""
    detectable: float
    """Smallest difference that so many persons show with power 0.8, by the spread of their differences."""
    persons: int
    left_out: int
    """Persons without the figure, since they lack a class."""


@dataclass(frozen=True)
class Comparison:
    """Every pair of some runs."""

    pairs: list[Pair]
    windows: int
    notes: list[str]

    def table(self) -> pl.DataFrame:
        """One row a pair."""
        rows = [asdict(pair) for pair in self.pairs]
        for row in rows:
            low, high = row.pop("low"), row.pop("high")
            row["95 % CI"] = "-" if low is None else f"{low:.3f} to {high:.3f}"
        order = ["a", "b", "role", "metric", "value_a", "value_b", "difference", "95 % CI", "p", "p_holm"]
        return pl.DataFrame(rows).select(*order, "detectable", "persons").with_columns(pl.selectors.float().round(4))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def compare(folders: Sequence[Path], seed: int = 0) -> Comparison:
    """Compare runs in pairs, person by person, on the held-out windows that they share.

    A comparison that one of the runs declares (``evaluation.primary``) is primary, with the metric that it names; all
    others are exploratory, and all are corrected for their number. Runs that differ in their seed alone count as one,
    by the mean of each person's figures over them.

    Parameters
    ----------
    folders : sequence of Path
        Folders of two runs or more.
    seed : int
        Of flips and draws.

    Raises
    ------
    UsageError
        Where there are less than two runs, or two of one name.
    ModelError
        Where runs are of different manifests or share no window.
    """
    judged = _shared(_by_seed([_read(folder) for folder in folders]))
    tested = [_tested(a, b, seed) for a, b in combinations(judged, 2)]
    corrected = holm(np.array([pair["p"] for pair in tested]))
    pairs = [Pair(**pair, p_holm=float(p)) for pair, p in zip(tested, corrected, strict=True)]
    return Comparison(pairs, judged[0].held[0].height, _notes(pairs))


def _read(folder: Path) -> Judged:
    hashed = runs.read_config(folder)["manifest_hash"]
    return Judged((folder.name,), config_of(folder), hashed, (runs.read_predictions(folder)[0],))


def _by_seed(read: list[Judged]) -> list[Judged]:
    """Join runs that differ in nothing but their seed; a seed that comes twice stays a run of its own."""
    joined: dict[tuple[str, str], list[Judged]] = {}
    for each in read:
        alike = joined.setdefault((each.config.but_for_chance().model_dump_json(), each.manifest_hash), [])
        alike.append(each)
    out = []
    for alike in joined.values():
        if len({each.config.seed for each in alike}) < len(alike):
            out += alike
            continue
        names = tuple(each.names[0] for each in alike)
        tables = tuple(each.held[0] for each in alike)
        out.append(Judged(names, alike[0].config, alike[0].manifest_hash, tables))
    return out


def _shared(judged: list[Judged]) -> list[Judged]:
    """The windows that all runs predicted, in one order."""
    if len(judged) < 2:
        raise UsageError("one model is compared with nothing.", where="--compare", mend="Name two runs or more.")
    if len({name for each in judged for name in each.names}) < sum(len(each.names) for each in judged):
        mend = "Rename one of the folders: a table could not tell them apart."
        raise UsageError("two of the runs have one name.", where="--compare", mend=mend)
    if len({each.manifest_hash for each in judged}) > 1:
        told = ", ".join(f"{each.name} of {each.config.manifest} {each.manifest_hash[:12]}" for each in judged)
        mend = "Train them on one manifest: only the same windows can be compared."
        raise ModelError(f"the runs are of different manifests: {told}.", where="--compare", mend=mend)
    shared = set.intersection(*(set(table["window_id"]) for each in judged for table in each.held))
    if not shared:
        mend = "Hold out the same folds: see --fold of `biocurate zoo finetune`."
        raise ModelError("no window was held out in all of the runs.", where="--compare", mend=mend)
    here = pl.col("window_id").is_in(list(shared))
    return [replace(each, held=tuple(table.filter(here).sort("window_id") for table in each.held)) for each in judged]


def _tested(a: Judged, b: Judged, seed: int) -> dict[str, Any]:
    """One pair, all but what depends on the others."""
    declared = _declared(a, b) or _declared(b, a)
    numeric = a.held[0]["label"].dtype == pl.Float64
    metric = declared or (NUMBER_METRIC if numeric else METRIC)
    if (metric in OF_NUMBERS) != numeric:
        what = f"{metric} is no figure of {'numbers' if numeric else 'classes'}."
        mend = "Train again with another evaluation.primary, or leave that run out."
        raise ModelError(what, where=f"{a.name}, {b.name}", mend=mend)
    first, second = (_of_persons(each, metric) for each in (a, b))
    known = np.isfinite(first) & np.isfinite(second)
    if np.count_nonzero(known) < 2:
        mend = "Declare another metric, or compare runs with more persons."
        raise ModelError(f"fewer than two persons have a {metric}.", where=f"{a.name}, {b.name}", mend=mend)
    apart = first[known] - second[known]
    low, high = _interval(apart, seed)
    return {
        "a": a.name,
        "b": b.name,
        "role": "primary" if declared else "exploratory",
        "metric": metric,
        "value_a": float(first[known].mean()),
        "value_b": float(second[known].mean()),
        "difference": float(apart.mean()),
        "low": low,
        "high": high,
        "p": sign_flip(apart, seed),
        "detectable": found_with_power(float(apart.std(ddof=1) / np.sqrt(len(apart))), len(apart)),
        "persons": len(apart),
        "left_out": int(np.count_nonzero(~known)),
    }


def _of_persons(judged: Judged, metric: str) -> Floats:
    """A figure of each person, the mean over seeds, shape (persons,)."""
    each = [BY_PERSON[metric](predictions_of(table, classes_of(table))) for table in judged.held]
    return np.asarray(np.mean(each, axis=0))


def _declared(one: Judged, other: Judged) -> str | None:
    """The metric of the comparison that a run declares, where it is with the other."""
    primary = one.config.evaluation.primary
    named = primary is not None and primary.against in (*other.names, other.config.model)
    return primary.metric if primary is not None and named else None


def _interval(apart: Floats, seed: int) -> tuple[float | None, float | None]:
    if len(apart) < FEWEST_PERSONS:
        return None, None
    low, high = np.percentile(draw_persons(len(apart), DRAWS, seed) @ apart / len(apart), tails(len(apart)))
    return float(low), float(high)


def _notes(pairs: Sequence[Pair]) -> list[str]:
    primary = sum(pair.role == "primary" for pair in pairs)
    persons = max(pair.persons for pair in pairs)
    how = "every flip" if persons <= EXACT_PERSONS else "10,000 flips drawn"
    notes = [f"p: signs of the persons' differences flipped ({how}); p_holm holds for all {len(pairs)} pairs together."]
    if primary == 0:
        notes.append("No comparison was declared before training (evaluation.primary): all are exploratory.")
    if primary > 1:
        notes.append(f"{primary} comparisons are declared primary, where one can be: read p_holm of each.")
    if any(pair.metric in OF_NUMBERS for pair in pairs):
        notes.append("mae is an error, in the label's unit: less is better.")
    for pair in pairs:
        if pair.left_out:
            notes.append(f"{pair.a}, {pair.b}: {pair.left_out} persons have no {pair.metric} and are left out.")
        if pair.p_holm > 0.05:
            missed = f"one below {pair.detectable:.3f} is missed more than one time in five"
            notes.append(f"{pair.a}, {pair.b}: no difference is shown; {missed}.")
    return notes

"""Whether a network that was made smaller answers as well as before, person by person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError
from zoo.judging.bootstrap import DRAWS, FEWEST_PERSONS, draw_persons, tails
from zoo.judging.comparing.by_person import BY_PERSON
from zoo.judging.held import classes_of, predictions_of
from zoo.judging.metrics import Floats

BOUND = -0.02
"""Difference from float that still counts as none."""

RETAINED = 0.96
"""Share of what float has beyond chance, as PanLUNA's authors claim for 8 bits."""

KEY = ["window_id", "fold"]


@dataclass(frozen=True)
class Verdict:
    """One form of a network against the one in float, on the same windows."""

    form: str
    metric: str
    float_value: float
    value: float
    """Means over persons."""
    difference: float
    low: float | None
    high: float | None
    """95 % interval of the difference over draws of persons; None with fewer than 10."""
    retained: float | None
    """Share of what float has beyond chance; None where that is not above chance."""
    agreement: float
    """Share of windows that are predicted alike."""
    persons: int
    verdict: str

    def row(self) -> dict[str, Any]:
        """One line of a table."""
        told = asdict(self)
        low, high = told.pop("low"), told.pop("high")
        told["95 % CI"] = "-" if low is None else f"{low:.3f} to {high:.3f}"
        order = ["form", "metric", "float_value", "value", "difference", "95 % CI", "retained", "agreement"]
        return {name: told[name] for name in (*order, "persons", "verdict")}


def verdict(form: str, plain: pl.DataFrame, changed: pl.DataFrame, metric: str, seed: int = 0) -> Verdict:
    """Hold predictions against those in float.

    It is not inferior where the whole interval of the difference lies above `BOUND`. Where float itself is not shown
    to be above chance, nothing follows from being as good: the verdict is void.

    Parameters
    ----------
    form : str
        What `changed` is of.
    plain, changed : DataFrame
        Held-out predictions, as a run keeps them, of the same windows.
    metric : {"balanced_accuracy", "accuracy", "auroc"}
        Of each person.
    seed : int
        Of the draws.

    Raises
    ------
    ModelError
        Where they are not of the same windows.

    Source: Piaggio et al., JAMA 308 (2012) 2594, for non-inferiority by an interval and a bound set beforehand.
    """
    plain, changed = plain.sort(KEY), changed.sort(KEY)
    if not plain.select(KEY).equals(changed.select(KEY)):
        raise ModelError("they predict other windows.", where=form, mend="Predict the windows that the run held out.")
    classes = classes_of(plain)
    before, after = (BY_PERSON[metric](predictions_of(each, classes)) for each in (plain, changed))
    known = np.isfinite(before) & np.isfinite(after)
    before, after = before[known], after[known]
    if not len(before):
        raise ModelError(f"nobody has a {metric}.", where=form, mend="Name another metric.")
    chance = _chance(plain, classes, metric)
    low, high = _interval(after - before, seed)
    above = _interval(before, seed)[0]
    beyond = float(before.mean()) - chance
    return Verdict(
        form,
        metric,
        float(before.mean()),
        float(after.mean()),
        float((after - before).mean()),
        low,
        high,
        (float(after.mean()) - chance) / beyond if above is not None and above > chance else None,
        _agreement(plain, changed),
        len(before),
        _said(low, None if above is None else above > chance),
    )


def _said(low: float | None, above_chance: bool | None) -> str:
    if low is None or above_chance is None:
        return f"fewer than {FEWEST_PERSONS} persons: no interval"
    if not above_chance:
        return "void: float is not above chance"
    return "not inferior" if low > BOUND else f"not shown: it may lose more than {-BOUND:g}"


def _chance(held: pl.DataFrame, classes: list[str], metric: str) -> float:
    """What a constant answer or a coin is given: a half of lists and of AUROC, the commonest class of accuracy."""
    if metric == "auroc" or held["label"].dtype == pl.List(pl.String):
        return 0.5
    if metric == "accuracy":
        return float(held["label"].value_counts()["count"].max() or 0) / held.height  # type: ignore[arg-type]
    return 1 / len(classes)


def _agreement(plain: pl.DataFrame, changed: pl.DataFrame) -> float:
    same = plain["predicted"].to_frame("a").with_columns(b=changed["predicted"]).select(pl.col("a") == pl.col("b"))
    return float(same.to_series().mean())  # type: ignore[arg-type]


def _interval(values: Floats, seed: int) -> tuple[float | None, float | None]:
    if len(values) < FEWEST_PERSONS:
        return None, None
    drawn = draw_persons(len(values), DRAWS, seed) @ values / len(values)
    low, high = np.percentile(drawn, tails(len(values)))
    return float(low), float(high)

"""Bridge runs that differ in their seed as one table, in the paper's form, and their sweeps as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError
from zoo.biox_bridge.sweep_plot import plot_sweep
from zoo.biox_bridge.told import FIGURES
from zoo.judging.bootstrap import FEWEST_PERSONS, Estimate, drawn, estimate, tails
from zoo.judging.detectable import found_with_power
from zoo.judging.figures import METRICS, Metric
from zoo.judging.held import classes_of, predictions_of
from zoo.judging.judge import judge_seeds
from zoo.judging.metrics import Predictions
from zoo.judging.report import as_text
from zoo.runs import folder as runs
from zoo.runs.run_file import config_of

COSTS = ("trained", "seconds", "step_mib")
LED = "auroc"
"""Figure by which the bridge is held against each of the others."""
Repeats = list[Predictions]
"""Of the same windows in the same order, by the seeds' models."""


@dataclass(frozen=True)
class Joined:
    """Runs of several seeds."""

    systems: pl.DataFrame
    """One row a system: means over seeds, with intervals over persons, then seeds."""
    sweep: pl.DataFrame | None
    """One row a value of an option, as ``sweep.csv``; None where the runs have none."""
    notes: list[str] = field(default_factory=list)

    def table(self) -> pl.DataFrame:
        """What a person reads."""
        return self.systems

    def swept(self) -> pl.DataFrame | None:
        """The sweep as a person reads it: each figure and its interval as one text."""
        if self.sweep is None:
            return None
        figures = [pl.Series(name, [_told(row, name) for row in self.sweep.to_dicts()]) for name in FIGURES]
        return self.sweep.select("option", "value", "trained", pl.col("val_alignment").round(4), *figures)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        sweep = None if self.sweep is None else self.sweep.to_dicts()
        return {"systems": self.systems.to_dicts(), "sweep": sweep, "notes": self.notes}

    def write(self, folder: Path) -> None:
        """Write ``systems.csv`` and, of sweeps, ``sweep.csv`` and ``sweep.png``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.systems.write_csv(folder / "systems.csv")
        if self.sweep is not None:
            self.sweep.write_csv(folder / "sweep.csv")
            plot_sweep(self.sweep, folder / "sweep.png")


def join_seeds(folders: Sequence[Path]) -> Joined:
    """Join bridge runs that differ in nothing but their seed.

    The bridge's lead over each system, with its interval, is over the same draws of persons and seeds; ``detectable``
    is the smallest lead that so many persons show with power 0.8, by the spread of their leads. Where positions were
    swept, the mean over them is a system too.

    Parameters
    ----------
    folders : sequence of Path
        Folders of two runs or more.

    Raises
    ------
    ModelError
        Where a run is no bridge's, or runs differ in more than their seed.
    UsageError
        Where there are less than two, or two have one seed.

    Source: the table's form, BioX-Bridge (arXiv 2510.02276), tables 1 and 2.
    """
    for folder in folders:
        if not (folder / "systems.csv").is_file():
            raise ModelError("it is no run of bridges.", where=str(folder), mend="Name runs of biocurate zoo bridge.")
    told = judge_seeds(folders)
    config = config_of(folders[0])
    draws, seed = config.evaluation.draws, config.seed
    tables = [runs.read_predictions(folder) for folder in folders]
    classes = classes_of(tables[0][0])
    own = _repeats([held for held, _ in tables], classes)
    others = {name: _repeats([controls[name][0] for _, controls in tables], classes) for name in tables[0][1]}
    swept = _swept(folders, classes)
    if fixed := [each for (option, _), repeats in swept.items() if option == "positions" for each in repeats]:
        others["fixed positions, mean"] = fixed
    costs = pl.concat([pl.read_csv(folder / "systems.csv") for folder in folders], how="diagonal_relaxed")
    rows = [_row("bridge", own, None, costs, draws, seed)]
    rows += [_row(name, each, own, costs, draws, seed) for name, each in others.items()]
    rows += costs.filter(system="chance (closed form)").head(1).select("system", *FIGURES[:3]).to_dicts()
    table = _sweep(folders, swept, draws, seed) if swept else None
    return Joined(pl.DataFrame(rows, infer_schema_length=None), table, [*told.cautions, *told.notes])


def _repeats(tables: Sequence[pl.DataFrame], classes: Sequence[str]) -> Repeats:
    return [predictions_of(each.sort("window_id"), classes) for each in tables]


def _row(
    system: str, own: Repeats, bridge: Repeats | None, costs: pl.DataFrame, draws: int, seed: int
) -> dict[str, Any]:
    row: dict[str, Any] = {"system": system}
    row |= {name: as_text(estimate(METRICS[name], own, draws, seed)) for name in FIGURES}
    if bridge is not None:
        found, least = lead(METRICS[LED], bridge, own, draws, seed)
        row |= {"bridge leads by": as_text(found), "detectable": None if least is None else round(least, 3)}
    took = costs.filter(system=system)
    row |= {name: _mean(took[name]) for name in COSTS}
    row["trained"] = None if row["trained"] is None else round(row["trained"])
    return row


def _mean(column: pl.Series) -> float | None:
    known = column.cast(pl.Float64).drop_nulls()
    return round(float(known.to_numpy().mean()), 2) if len(known) else None


def lead(metric: Metric, own: Repeats, other: Repeats, draws: int, seed: int) -> tuple[Estimate, float | None]:
    """A figure of one system less that of another, means over their trainings, and the least that could be shown.

    Parameters
    ----------
    metric : one of `zoo.judging.figures.METRICS`
    own, other : list of Predictions
        Of the same windows, in the same order.
    draws, seed : int

    Source: as `zoo.judging.bootstrap.estimate` and `zoo.judging.detectable.detectable`.
    """
    persons = own[0].n_persons
    value = estimate(metric, own, 1, seed).value - estimate(metric, other, 1, seed).value
    if persons < FEWEST_PERSONS:
        return Estimate(value, None, None, 0, 0, 0), None
    apart = drawn(metric, own, draws, seed)[0] - drawn(metric, other, draws, seed)[0]
    known = apart[np.isfinite(apart)]
    low, high = np.percentile(known, tails(persons)) if len(known) else (None, None)
    without = 1 - np.eye(persons)
    left = [np.mean([metric(each, without).value for each in side], axis=0) for side in (own, other)]
    gone = left[0] - left[1]
    error = float(np.sqrt((persons - 1) / persons * ((gone - gone.mean()) ** 2).sum()))
    least = found_with_power(error, persons) if np.isfinite(error) else None
    return Estimate(value, low, high, draws, draws - len(known), 0), least


def _swept(folders: Sequence[Path], classes: Sequence[str]) -> dict[tuple[str, str], Repeats]:
    """Predictions by option and value; empty where a run has no sweep."""
    files = [folder / "sweep.parquet" for folder in folders]
    if not all(file.is_file() for file in files):
        return {}
    found: dict[tuple[str, str], Repeats] = {}
    for file in files:
        for (option, value), part in pl.read_parquet(file).group_by("option", "value", maintain_order=True):
            found.setdefault((str(option), str(value)), []).extend(_repeats([part], classes))
    return found


def _sweep(folders: Sequence[Path], swept: dict[tuple[str, str], Repeats], draws: int, seed: int) -> pl.DataFrame:
    own = pl.concat([pl.read_csv(each / "sweep.csv", schema_overrides={"value": pl.String}) for each in folders])
    named = [_as_swept(each) for each in own["value"]]
    rows = []
    for (option, value), repeats in swept.items():
        mine = own.filter(pl.Series(named) == value, option=option)
        row: dict[str, Any] = {"option": option, "value": value}
        row |= {"trained": round(mine["trained"].to_numpy().mean()), "val_alignment": mine["val_alignment"].mean()}
        for name in FIGURES:
            found = estimate(METRICS[name], repeats, draws, seed)
            row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _as_swept(value: str) -> str:
    """As predictions name it: a file of numbers alone may have 0.00001 where they have 1e-05."""
    return value if ":" in value else f"{float(value)}"


def _told(row: dict[str, Any], name: str) -> str:
    return as_text(Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], 0, 0, 0))

"""The table of an experiment: ours, and beside it what was published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from zoo.judging.bootstrap import Estimate
from zoo.judging.report import Report
from zoo.reproducing.experiment import Experiment
from zoo.reproducing.grid import Training

SCHEMA = {
    "row": pl.String,
    "metric": pl.String,
    "ours": pl.Float64,  # null where the row was not trained
    "low": pl.Float64,  # of the 95 % interval over persons; null with fewer than 10
    "high": pl.Float64,
    "persons": pl.Int64,  # held out
    "windows": pl.Int64,
    "published": pl.Float64,  # null where nothing is known
    "source": pl.String,
    "data": pl.String,  # what ours is of: "twin" where files were made up, else "corpus"; null where there is none
}


@dataclass(frozen=True)
class Line:
    """Figures of a row."""

    metrics: Mapping[str, Estimate]
    persons: int
    windows: int


def lines(training: Training, report: Report) -> dict[str, Line]:
    """A report as rows of the table: of a bridge also what was trained or known beside it."""
    found = {training.name: Line(report.metrics, report.persons, report.windows)}
    if training.row.by == "bridge":
        for system, metrics in report.controls.items():
            found[f"{training.name}: {system}"] = Line(metrics, report.persons, report.windows)
    return found


def table(experiment: Experiment, found: Mapping[str, Line], twin: bool) -> pl.DataFrame:
    """A line for each row and metric: what is published alone comes first.

    Parameters
    ----------
    experiment : Experiment
    found : mapping of str to Line
        By row.
    twin : bool
        Whether the files were made up.
    """
    published = {(each.row, each.metric): each for each in experiment.published}
    asked = [(row, metric) for row, line in found.items() for metric in experiment.metrics if metric in line.metrics]
    alone = [key for key in published if key not in asked]
    made = []
    for row, metric in [*alone, *asked]:
        theirs, ours = published.get((row, metric)), found.get(row)
        estimate = ours.metrics.get(metric) if ours else None
        made.append(
            {
                "row": row,
                "metric": metric,
                "ours": _known(estimate.value) if estimate else None,
                "low": estimate.low if estimate else None,
                "high": estimate.high if estimate else None,
                "persons": ours.persons if ours else None,
                "windows": ours.windows if ours else None,
                "published": theirs.value if theirs else None,
                "source": theirs.source if theirs else None,
                "data": None if ours is None else "twin" if twin else "corpus",
            }
        )
    return pl.DataFrame(made, schema=SCHEMA)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value

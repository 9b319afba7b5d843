"""The results of a run as a table that others can read: one row a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from zoo.judging.bootstrap import Estimate
from zoo.judging.report import Report

SCHEMA = {
    "model": pl.String,
    "system": pl.String,  # "model", or the name of a control
    "level": pl.String,  # window, recording or person
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,  # of the 95 % interval; null with fewer than 10 persons
    "high": pl.Float64,
    "draws": pl.Int64,
    "lacking": pl.Int64,  # draws that lack a class
    "partial": pl.Int64,  # draws in which a fold was left out
    "detectable": pl.Float64,  # smallest difference from a fixed value found with power 0.8
    "persons": pl.Int64,
    "recordings": pl.Int64,
    "windows": pl.Int64,
}


def results(report: Report) -> pl.DataFrame:
    """One row a figure of the model, by window, recording and person, and of each control, by window."""
    sets = [("model", "window", report.metrics)]
    sets += [("model", level, found) for level, found in report.levels.items()]
    sets += [(control, "window", found) for control, found in report.controls.items()]
    rows = [
        _row(report, system, level, metric, found)
        for system, level, figures in sets
        for metric, found in figures.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def write_results(report: Report, path: Path) -> None:
    """Write them as Parquet."""
    results(report).write_parquet(path)


def _row(report: Report, system: str, level: str, metric: str, found: Estimate) -> dict[str, Any]:
    own = system == "model" and level == "window"
    return {
        "model": report.model,
        "system": system,
        "level": level,
        "metric": metric,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "draws": found.draws,
        "lacking": found.lacking,
        "partial": found.partial,
        "detectable": report.detectable.get(metric) if own else None,
        "persons": report.persons,
        "recordings": report.recordings,
        "windows": report.windows,
    }

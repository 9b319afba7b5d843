"""Pictures of a report: each is a figure of its own, made without pyplot, which keeps state and may want a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.judging.plots.confusion import plot_confusion
from zoo.judging.plots.errors import plot_errors
from zoo.judging.plots.persons import plot_persons
from zoo.judging.plots.reliability import plot_reliability
from zoo.judging.plots.roc import plot_roc
from zoo.judging.plots.scatter import plot_scatter

if TYPE_CHECKING:
    import polars as pl

    from zoo.judging.report import Report

__all__ = ["plot_all", "plot_confusion", "plot_errors", "plot_persons", "plot_reliability", "plot_roc", "plot_scatter"]


def plot_all(report: Report, held: pl.DataFrame, run: Path) -> None:
    """Draw what a report has into a run's folder.

    Of lists of labels there is no confusion and no reliability; of numbers there are errors and a scatter alone.
    """
    from zoo.judging.held import predictions_of

    if not report.classes:
        plot_errors(report, run / "subjects.png")
        plot_scatter(report, predictions_of(held, report.classes), run / "scatter.png")
        return
    plot_persons(report, run / "subjects.png")
    plot_roc(report, predictions_of(held, report.classes), run / "roc.png")
    if report.confusion:
        plot_confusion(report, run / "confusion.png")
    if report.reliability:
        plot_reliability(report, run / "reliability.png")

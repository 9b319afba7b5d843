"""ROC curves within each fold, and their mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.judging.metrics import Codes, Floats, Predictions, against_rest, rows_of

if TYPE_CHECKING:
    from zoo.judging.report import Report

GRID = np.linspace(0, 1, 201)
"""Shares of false alarms that curves are averaged at."""


def plot_roc(report: Report, own: Predictions, path: Path) -> None:
    """Draw a curve a fold and class, pale, and the mean over folds of each class; scores of folds are never pooled."""
    from matplotlib.figure import Figure

    folds = rows_of(own.fold)
    labels = np.arange(own.n_classes) if own.truth.ndim == 2 else against_rest(own)
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="chance")
    for number, at in enumerate(labels):
        curves = [curve for rows in folds if (curve := hits(own, rows, int(at))) is not None]
        if not curves:
            continue
        for curve in curves if len(curves) > 1 else []:
            axes.plot(GRID, curve, color=f"C{number}", linewidth=0.7, alpha=0.35)
        weight = "mean of folds" if len(curves) > 1 else "one fold"
        name = f"{report.classes[at]}, {weight}"
        axes.plot(GRID, np.mean(curves, axis=0), color=f"C{number}", linewidth=1.6, label=name)
    axes.set_xlabel("share of other windows that are taken for it")
    axes.set_ylabel("share of its windows that are found")
    axes.set_title(f"{report.model}: AUROC {report.metrics['auroc'].value:.3f}", fontsize=9)
    axes.legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def hits(own: Predictions, rows: Codes, at: int) -> Floats | None:
    """Share of a class's windows that are found at each share of false alarms; None where a fold lacks a side.

    Source: Fawcett, Pattern Recognition Letters 27 (2006) 861, vertical averaging.
    """
    score, mine = own.probability[rows, at], own.holds(at)[rows]
    if mine.all() or not mine.any():
        return None
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    found = np.append(0.0, np.cumsum(mine[order])[last] / mine.sum())
    alarms = np.append(0.0, np.cumsum(~mine[order])[last] / (~mine).sum())
    curve = np.interp(GRID, alarms, found)
    curve[0] = 0.0
    return np.asarray(curve)

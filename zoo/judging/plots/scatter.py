"""What was predicted, against what is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.judging.metrics import Predictions

if TYPE_CHECKING:
    from zoo.judging.report import Report

MOST = 5_000
"""Windows that are drawn at most, spread evenly over the rows; more are one blot."""


def plot_scatter(report: Report, own: Predictions, path: Path) -> None:
    """Draw held-out windows pale and each person's mean in full, with the diagonal on which a prediction is right."""
    from matplotlib.figure import Figure

    said, true = own.probability[:, 0], own.truth
    count = np.bincount(own.person)
    means = [np.bincount(own.person, weights=each) / count for each in (true, said)]
    some = slice(None, None, -(-len(true) // MOST))
    ends = [min(true.min(), said.min()), max(true.max(), said.max())]
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(ends, ends, color="0.6", linewidth=1, linestyle="--", label="right")
    axes.scatter(true[some], said[some], s=6, color="C0", alpha=0.25, linewidths=0, label="window")
    axes.scatter(means[0], means[1], s=18, color="C1", label="person, mean")
    axes.set_xlabel("true number")
    axes.set_ylabel("predicted number")
    axes.set_title(f"{report.model}: R2 {report.metrics['r2'].value:.3f} of {report.persons} persons", fontsize=9)
    axes.legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=120, metadata={"Software": None})

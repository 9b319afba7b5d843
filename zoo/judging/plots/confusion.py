"""The confusion of windows: what each class was taken for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.judging.report import Report

DARK = 0.5
"""Shares above this are written in white."""


def plot_confusion(report: Report, path: Path) -> None:
    """Draw shares of each true class, with the number of windows."""
    from matplotlib.figure import Figure

    counts = np.array([[row[f"as {name}"] for name in report.classes] for row in report.confusion], dtype=np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(report.classes)
    side = max(3.6, 0.9 * size + 1.8)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > DARK else "black"
        text = f"{value:.0%}\n{counts[row, column]:,.0f}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(size), report.classes, fontsize=8, rotation=45 if size > 4 else 0)
    axes.set_yticks(range(size), report.classes, fontsize=8)
    axes.set_xlabel("taken for")
    axes.set_ylabel("true label")
    axes.set_title(f"{report.model}: {report.windows:,} windows of {report.persons} persons", fontsize=9)
    figure.savefig(path, dpi=120, metadata={"Software": None})

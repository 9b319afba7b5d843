"""Reliability: how often what was said with a confidence is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.judging.report import Report


def plot_reliability(report: Report, path: Path) -> None:
    """Draw the bins of equal mass against the diagonal, on which a probability is one."""
    from matplotlib.figure import Figure

    bins = report.reliability
    figure = Figure(figsize=(4.2, 4.0), layout="constrained")
    axes = figure.subplots()
    least = 1 / len(report.classes)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="calibrated")
    confidence, right = [row["confidence"] for row in bins], [row["right"] for row in bins]
    axes.plot(confidence, right, marker="o", markersize=4, color="C0", label=f"{len(bins)} bins of equal mass")
    axes.set_xlim(max(0.0, min([least, *confidence]) - 0.02), 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("confidence in the predicted class")
    axes.set_ylabel("share that is right")
    error = report.metrics["ece"].value
    axes.set_title(f"{report.model}: expected calibration error {error:.3f}", fontsize=9)
    axes.legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=120, metadata={"Software": None})

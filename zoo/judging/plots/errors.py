"""Each person's error where numbers are predicted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.judging.report import Report


def plot_errors(report: Report, path: Path) -> None:
    """Draw each held-out person's mean absolute error beside that of the training windows' mean."""
    from matplotlib.figure import Figure

    shown = sorted(report.per_person, key=lambda row: row["mae"])
    places = range(len(shown))
    figure = Figure(figsize=(6, max(2.0, 0.2 * len(shown) + 1.2)), layout="constrained")
    axes = figure.subplots()
    axes.scatter([row["mae_of_train_mean"] for row in shown], places, s=18, color="0.7", label="mean of training")
    axes.scatter([row["mae"] for row in shown], places, s=18, color="C0", label="model")
    axes.set_yticks(places, [row["person"] for row in shown], fontsize=7)
    axes.set_xlim(left=0)
    axes.set_xlabel("mean absolute error, in the label's unit")
    axes.set_title(f"{report.model}: {len(shown)} held-out persons", fontsize=10)
    axes.legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=120, metadata={"Software": None})

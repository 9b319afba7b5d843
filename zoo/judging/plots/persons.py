"""Pictures of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.judging.report import Report


def plot_persons(report: Report, path: Path) -> None:
    """Draw each held-out person's AUROC, or accuracy where persons have one label each, against chance.

    The figure is made without pyplot, which keeps state and may want a display.
    """
    from matplotlib.figure import Figure

    rows = report.per_person
    metric = "auroc" if any(row["auroc"] is not None for row in rows) else "accuracy"
    shown = sorted((row for row in rows if row[metric] is not None), key=lambda row: row[metric])
    chance = 0.5 if metric == "auroc" else 1 / len(report.classes)
    figure = Figure(figsize=(6, max(2.0, 0.2 * len(shown) + 1.2)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(chance, color="0.6", linewidth=1, linestyle="--", label="chance")
    axes.scatter([row[metric] for row in shown], range(len(shown)), s=18, color="C0", label="person")
    mean = sum(row[metric] for row in shown) / len(shown)
    axes.axvline(mean, color="C1", linewidth=1, label=f"mean of persons {mean:.2f}")
    axes.set_yticks(range(len(shown)), [row["person"] for row in shown], fontsize=7)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel({"auroc": "AUROC within the person", "accuracy": "accuracy"}[metric])
    axes.set_title(f"{report.model}: {len(shown)} held-out persons", fontsize=10)
    axes.legend(fontsize=7, loc="lower right")
    figure.savefig(path, dpi=120, metadata={"Software": None})

"""What a pre-training tells when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.pretraining.masked.course import Reconstructing
from zoo.pretraining.multitask import Pretrained
from zoo.pretraining.verdict import chosen, verdict

Table = list[dict[str, Any]]


def figures(found: Pretrained | Reconstructing) -> tuple[dict[str, Table], list[str]]:
    """Tables by their titles, and lines, for people."""
    title = f"{found.name}: {found.hours:.2f} hours of {found.persons} persons"
    if isinstance(found, Pretrained):
        below = f"Held-out loss below the best constant predictor's: {found.below} of {len(found.tasks)} tasks."
        return {title: found.tasks}, [below, *chosen(found.best)]
    smooth = [row for row in found.held_out if row["error"] == "smooth_l1"]
    held_out = [_short(row) for row in found.held_out]
    return {title: found.corpora, "Hidden samples of held-out persons": held_out}, [
        *found.notes,
        *map(verdict, smooth),
        *chosen(found.best),
    ]


def use(found: Pretrained | Reconstructing, run: Path) -> str:
    """Say which commands take the weights."""
    if isinstance(found, Pretrained):
        return f"--from {run}, or biocurate zoo embed {run} …"
    return f"biocurate zoo finetune … --from {run}"


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Without the ends of the intervals, which stand in the verdicts and in pretraining.json."""
    return {name: value for name, value in row.items() if not name.startswith("less_")}

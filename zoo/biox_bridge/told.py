"""What a reader of a bridge's result must know, and its systems in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from zoo.biox_bridge import shared_time
from zoo.biox_bridge.chance import by_chance
from zoo.biox_bridge.config import BridgeConfig
from zoo.biox_bridge.roles import Roles
from zoo.biox_bridge.systems import Outcome, Sides
from zoo.data.task import Task
from zoo.judging.bootstrap import Estimate
from zoo.judging.report import Report

FIGURES = ("balanced_accuracy", "macro_f1", "weighted_f1", "auroc")


def notes_of(
    task: Task, config: BridgeConfig, roles: Sequence[Roles], outcomes: Sequence[Outcome], sides: Sequence[Sides]
) -> list[str]:
    """About the data and the choices."""
    persons = [
        [len(np.unique(task.person[part])) for part in (each.train, each.pair, each.val, each.test)] for each in roles
    ]
    counts = ", ".join(
        f"{name} {low}" if low == high else f"{name} {low} to {high}"
        for name, column in zip(("train", "pair", "val", "test"), np.transpose(persons), strict=True)
        for low, high in [(column.min(), column.max())]
    )
    apart = "these are the same persons" if roles[0].by_window else "no person has two roles"
    notes = [
        *shared_time.told(task, roles),
        f"Persons of each of {len(roles)} bridges: {counts}; {apart}. Labels of pair and val are not "
        "read; those of train only by `own, supervised`.",
        *dict.fromkeys(f"Old: {note}" for each in sides for note in each.old_source.notes),
        *dict.fromkeys(f"New: {note}" for each in sides for note in (*each.new_source.notes, *each.new.notes)),
    ]
    found = [each.built.positions for each in outcomes]
    where = ", ".join(f"{roles.name} {each.new} to {each.old}" for roles, each in zip(roles, found, strict=True))
    depth = outcomes[0].built.bridged
    notes.append(
        f"Bridges lead from after blocks of the new model's {depth.front.depth} into a block of the old model's "
        f"{depth.tail.depth}: {where}."
    )
    for note in sorted({note for each in found for note in each.notes}):
        whose = [roles.name for roles, each in zip(roles, found, strict=True) if note in each.notes]
        notes.append(note if len(whose) == len(found) else f"{', '.join(whose)}: {note}")
    notes.append(
        "Control `pairs shuffled`: windows of the new sensor exchanged among all pairs. `encoders random`: both "
        "networks with new weights, the old one's head among them. `majority`: shares of the old model's answers."
    )
    if config.bridge.loss == "moments":
        notes.append(
            "The bridge was given no pairs: windows of the new sensor were exchanged among all, as in the control."
        )
    if config.sweep:
        notes.append(
            f"sweep.csv has bridges of other {', '.join(config.sweep)}, judged on the same persons: a value chosen by "
            "it would be chosen on whom it is judged on; val_alignment needs none of them."
        )
    notes.append(
        f"`distilled` learns the old model's answers on the same pairs in as many epochs ({config.bridge.epochs}); "
        "`low rank` trains at most as many numbers as the bridge, or its head alone where that has more. Each system "
        "is trained once: nothing is tuned."
    )
    return notes


def table_of(found: Report, outcomes: Sequence[Outcome], held: pl.DataFrame, by_window: bool = False) -> pl.DataFrame:
    """One row a system: its figures with intervals, trained parameters, seconds and MiB; means over bridges.

    Where roles are by window each row says so.
    """
    rows = [_row("bridge", found.metrics, outcomes)]
    rows += [_row(system, figures, outcomes) for system, figures in found.controls.items()]
    share = held["label"].value_counts().sort("label")["count"].to_numpy() / held.height
    chance = {name: f"{value:.3f}" for name, value in by_chance(share).items()}
    rows.append({"system": "chance (closed form)", **chance})
    table = pl.DataFrame(rows, infer_schema_length=None)
    return table.with_columns(splits=pl.lit("of one person")) if by_window else table


def _row(system: str, figures: dict[str, Estimate], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    took = [each.costs[system] for each in outcomes if system in each.costs]
    costs: dict[str, Any] = dict.fromkeys(("trained", "seconds", "step_mib"))
    if took:
        costs = {
            "trained": round(np.mean([each.parameters for each in took])),
            "seconds": round(float(np.mean([each.seconds for each in took])), 2),
            "step_mib": round(float(np.mean([each.step_mib for each in took])), 2),
        }
    return {"system": system, **{name: _figure(figures[name]) for name in FIGURES}, **costs}


def _figure(found: Estimate) -> str:
    value = "-" if np.isnan(found.value) else f"{found.value:.3f}"
    return value if found.low is None or found.high is None else f"{value} ({found.low:.3f} to {found.high:.3f})"

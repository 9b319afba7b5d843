"""How much a bridge's figures hang on an option, or on where it lies: others are trained from the same passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zoo.biox_bridge.config import BridgeConfig, BridgeOptions, parse_positions
from zoo.biox_bridge.fitting import Fit
from zoo.biox_bridge.keeping import MODEL
from zoo.biox_bridge.roles import Roles
from zoo.biox_bridge.sweep_plot import plot_sweep
from zoo.biox_bridge.systems import Outcome, Sides, bridge_of, probabilities
from zoo.biox_bridge.told import FIGURES
from zoo.data.task import Task
from zoo.judging.evaluate import report
from zoo.judging.held import held_out
from zoo.models.registry import validated


@dataclass(frozen=True)
class Step:
    """What a bridge with another value of an option answers for one role's held-out windows."""

    roles: Roles
    option: str
    value: float | str
    answers: NDArray[np.float64]
    fit: Fit


def sweep(sides: Sides, roles: Roles, outcome: Outcome, config: BridgeConfig) -> list[Step]:
    """Train a bridge for each value, where the outcome's own bridge lies; for each of given positions, there."""
    test = sides.of(roles.test)
    positions = outcome.built.positions.new, outcome.built.positions.old
    steps = []
    for option, values in config.sweep.items():
        for value in values:
            built = bridge_of(sides, outcome.pair, roles.val, _changed(config, option, value, positions))
            steps.append(Step(roles, option, value, probabilities(built, test), built.fit))
    return steps


def _changed(config: BridgeConfig, option: str, value: float | str, positions: tuple[int, int]) -> BridgeConfig:
    if isinstance(value, str):
        return config.model_copy(update={"positions": parse_positions(value.replace(":", ","))})
    changed = validated(BridgeOptions, {**config.bridge.model_dump(), option: value}, "--sweep")
    return config.model_copy(update={"bridge": changed, "positions": positions})


def keep_sweep(run: Path, task: Task, config: BridgeConfig, steps: Sequence[Step]) -> None:
    """Write ``sweep.csv`` and ``sweep.png``: one row a value; and ``sweep.parquet``, what each predicts."""
    values = [(option, value) for option, values in config.sweep.items() for value in values]
    found = {asked: [step for step in steps if (step.option, step.value) == asked] for asked in values}
    held = {asked: _held(task, these) for asked, these in found.items()}
    table = pl.DataFrame(
        [_row(task, config, asked, held[asked], these) for asked, these in found.items()], infer_schema_length=None
    )
    table.write_csv(run / "sweep.csv")
    named = [
        each.with_columns(option=pl.lit(option), value=pl.lit(f"{value}")) for (option, value), each in held.items()
    ]
    pl.concat(named).write_parquet(run / "sweep.parquet")
    plot_sweep(table, run / "sweep.png")


def _held(task: Task, steps: list[Step]) -> pl.DataFrame:
    return pl.concat([held_out(task.rows[s.roles.test], s.answers, task.classes, s.roles.name) for s in steps])


def _row(
    task: Task, config: BridgeConfig, asked: tuple[str, float | str], held: pl.DataFrame, steps: list[Step]
) -> dict[str, Any]:
    found = report(held, {}, task.classes, MODEL, [], config.evaluation.draws, config.seed).metrics
    row: dict[str, Any] = {
        "option": asked[0],
        "value": f"{asked[1]}" if "positions" in config.sweep else asked[1],
        "trained": round(np.mean([step.fit.parameters for step in steps])),
        "val_alignment": float(np.mean([min(val for _, val in step.fit.curve) for step in steps])),
    }
    for name in FIGURES:
        row |= {name: found[name].value, f"{name}_low": found[name].low, f"{name}_high": found[name].high}
    return row

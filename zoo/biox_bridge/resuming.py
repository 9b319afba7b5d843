"""Bridges that a killed run has finished: kept until the run is whole, so that none is trained twice."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import torch

from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.building import Built
from zoo.biox_bridge.fitting import Fit
from zoo.biox_bridge.positions import Positions
from zoo.biox_bridge.roles import Roles
from zoo.biox_bridge.sweep import Step
from zoo.biox_bridge.systems import Outcome, Sides

FINISHED = "finished.ckpt"
"""In the folder of a bridge's log; a state of `zoo.runs.under_way`, which takes it away when the run is whole."""


def keep_finished(log: Path, outcome: Outcome, steps: list[Step]) -> None:
    """Keep what a role's systems answer and what their training took; it appears as a whole."""
    built = outcome.built
    state = {
        "bridge": built.bridged.bridge,
        "positions": asdict(built.positions),
        "fit": asdict(built.fit),
        "pair": outcome.pair,
        "answers": outcome.answers,
        "costs": {system: asdict(took) for system, took in outcome.costs.items()},
        "steps": [(step.option, step.value, step.answers, asdict(step.fit)) for step in steps],
    }
    torch.save(state, log / f"{FINISHED}.part")
    (log / f"{FINISHED}.part").rename(log / FINISHED)


def finished(log: Path, sides: Sides, roles: Roles) -> tuple[Outcome, list[Step]] | None:
    """What `keep_finished` kept; None, and nothing left of it, where a bridge was not finished."""
    if not (log / FINISHED).is_file():
        shutil.rmtree(log, ignore_errors=True)
        return None
    state = torch.load(log / FINISHED, weights_only=False)
    positions, forms = Positions(**state["positions"]), sides.pairs.old.forms
    front, tail = sides.new.chain, sides.old.chain
    ends = forms[positions.old], forms[tail.depth]
    bridged = Bridged(front, tail, state["bridge"], positions.new, positions.old, *ends)
    built = Built(bridged, positions, Fit(**state["fit"]))
    costs = {system: Fit(**took) for system, took in state["costs"].items()}
    outcome = Outcome(built, state["pair"], state["answers"], costs)
    return outcome, [
        Step(roles, option, value, answers, Fit(**took)) for option, value, answers, took in state["steps"]
    ]

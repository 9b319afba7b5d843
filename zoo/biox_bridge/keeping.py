"""A bridge on disk, with both models beside it, so that it can be used by itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import nn

from zoo.biox_bridge.bridge import FullBridge, PrototypeBridge
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.config import BridgeOptions
from zoo.biox_bridge.encoders import Encoder, frozen
from zoo.biox_bridge.plot import plot_positions
from zoo.biox_bridge.positions import inference_times
from zoo.biox_bridge.roles import Roles
from zoo.biox_bridge.systems import Outcome, Sides
from zoo.models.registry import create_model
from zoo.models.staged import Form
from zoo.runs import checkpoint
from zoo.runs import folder as runs

MODEL = "biox-bridge"
TIMED = 8
"""Windows that inference is timed on."""


def keep(path: Path, sides: Sides, outcome: Outcome, options: BridgeOptions, about: dict[str, Any]) -> None:
    """Write a bridge and both of its models as one checkpoint.

    Parameters
    ----------
    path : Path
    sides : Sides
    outcome : Outcome
    options : BridgeOptions
    about : dict
        What a run says of all its checkpoints, and of this one's fold, persons and content.
    """
    bridged = outcome.built.bridged
    parts = {"bridge": bridged.bridge, "new": sides.new.network, "old": sides.old.network}
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().numpy()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    own = {
        "model": MODEL,
        "options": options.model_dump(),
        "positions": [bridged.new, bridged.old],
        "width": sides.pairs.new.forms[bridged.new].pooled,
        "forms": [asdict(bridged.form), asdict(bridged.last)],
        "new": {"model": sides.new.model, "options": sides.new.options},
        "old": {"model": sides.old.model, "options": sides.old.options},
        "parents": [line for side in (sides.old, sides.new) if side.parent for line in side.parent.line()],
        "versions": runs.versions(),
    }
    checkpoint.save(path, tensors, {**about, **own})


def reopened(found: checkpoint.Checkpoint) -> tuple[Encoder, Bridged]:
    """The new model, and the bridge that leads from it into the old one, of a checkpoint that `keep` wrote."""
    about = found.about
    options = BridgeOptions(**about["options"])
    form, last = (Form(tuple(map(tuple, each["axes"])), tuple(map(tuple, each["sizes"]))) for each in about["forms"])
    made: nn.Module
    if options.kind == "full":
        made = FullBridge(about["width"], form.width, form.tokens)
    else:
        made = PrototypeBridge(about["width"], form.width, form.tokens, options.prototypes, options.rank)
    networks = {"bridge": made} | {side: create_model(about[side]["model"], **about[side]["options"]) for side in
                                   ("new", "old")}  # fmt: skip
    for part, network in networks.items():
        mine = {
            name.removeprefix(f"{part}."): torch.from_numpy(tensor.copy())
            for name, tensor in found.tensors.items()
            if name.startswith(f"{part}.")
        }
        frozen(network).load_state_dict(mine)
    new, old = (Encoder(about[side]["model"], about[side]["options"], networks[side], None) for side in ("new", "old"))
    begin, end = about["positions"]
    return new, Bridged(new.chain, old.chain, made, begin, end, form, last)


def keep_log(log: Path, sides: Sides, roles: Roles, outcome: Outcome, options: BridgeOptions) -> None:
    """Write the curves, what positions were chosen by, and how long inference takes by position."""
    log.mkdir(parents=True)
    for system, took in outcome.costs.items():
        curve = pl.DataFrame(took.curve, schema=["train_loss", "val_loss"], orient="row").with_row_index("epoch")
        curve.write_csv(log / f"{system.replace(',', '').replace(' ', '-')}.csv")
    some = roles.test[:TIMED]
    new, old = (side.chain for side in (sides.new, sides.old))
    times = inference_times(new, sides.new_source.inputs(some), old, sides.old_source.inputs(some))
    positions = outcome.built.positions
    runs.write_json(log / "positions.json", {**asdict(positions), "milliseconds": asdict(times)})
    if positions.alike:
        scored = "likeness to the end, CKA" if options.probe == "cka" else "probe, F1"
        plot_positions(positions, log / "positions.png", scored)

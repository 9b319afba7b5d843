"""Bridge runs that can be joined: of one old model, one manifest and the same persons in each role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from biocurate.errors import ModelError, UsageError
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.config import BridgeConfig
from zoo.biox_bridge.encoders import Encoder, digest
from zoo.biox_bridge.joining.gate import Heard
from zoo.biox_bridge.keeping import reopened
from zoo.biox_bridge.passes import batches
from zoo.biox_bridge.source import Rows, Source
from zoo.runs import checkpoint
from zoo.runs import folder as runs

SAME = ("old", "old_images", "manifest", "manifest_hash", "snapshot_id", "store_id", "seed")
"""What joined runs share; of the bridge's options those that deal out persons."""
DEALT = ("rotations", "val_share")
MOST = 6
"""Bridges that are joined at most: each set of them is judged."""


@dataclass(frozen=True)
class Member:
    """A bridge run that is joined with others."""

    name: str
    """Its sensor types; the name of its folder where another has the same."""
    run: Path
    config: BridgeConfig
    stored: Mapping[str, Any]

    def opened(self, role: str) -> checkpoint.Checkpoint:
        """Its bridge for one role.

        Raises
        ------
        ModelError
            Where it has none.
        """
        return checkpoint.load(self.run / f"model-{role}.safetensors")


def members_of(folders: Sequence[Path]) -> list[Member]:
    """Open bridge runs, and see that they can be joined.

    Raises
    ------
    ModelError
        A run of something else, or runs of another old model, manifest or seed.
    UsageError
        Fewer than two, more than `MOST`, or one twice.
    """
    if not 2 <= len(folders) <= MOST or len({each.resolve() for each in folders}) < len(folders):
        raise UsageError(f"{len(folders)} runs cannot be joined.", where="join", mend=f"Name 2 to {MOST}, each once.")
    stored = [runs.read_config(folder) for folder in folders]
    for folder, each in zip(folders, stored, strict=True):
        if "old" not in each or "bridge" not in each:
            raise ModelError("it is no run of bridges.", where=str(folder), mend="Name runs of biocurate zoo bridge.")
    shared = [
        {name: each.get(name) for name in SAME} | {name: each["bridge"].get(name) for name in DEALT} for each in stored
    ]
    if differ := [name for name in shared[0] if any(each[name] != shared[0][name] for each in shared)]:
        mend = "Train bridges of one old model, manifest and seed, with the same rotations."
        raise ModelError(f"the runs differ in {', '.join(differ)}.", where="join", mend=mend)
    configs = [
        BridgeConfig(**{name: each[name] for name in BridgeConfig.model_fields if name in each}) for each in stored
    ]
    names = _names(folders, configs)
    return [Member(*each) for each in zip(names, folders, configs, stored, strict=True)]


def _names(folders: Sequence[Path], configs: Sequence[BridgeConfig]) -> list[str]:
    sensors = ["+".join(each.new_sensors) for each in configs]
    if all(sensors) and len(set(sensors)) == len(sensors):
        return sensors
    found = [folder.name for folder in folders]
    if len(set(found)) < len(found):
        raise UsageError("two runs have one name and the same sensor types.", where="join", mend="Rename a folder.")
    return found


def bridges_of(members: Sequence[Member], role: str, old: Encoder) -> list[tuple[Encoder, Bridged]]:
    """The bridges of one role, each with its new model.

    Raises
    ------
    ModelError
        Where the old model is another by now than the one that a bridge leads into.
    """
    found = [reopened(each.opened(role)) for each in members]
    for member, (_, bridged) in zip(members, found, strict=True):
        if digest(bridged.tail.network) != digest(old.network):
            mend = "Train the bridges anew."
            raise ModelError("the old model has been trained anew since.", where=str(member.run), mend=mend)
    return found


@torch.inference_mode()
def hear(bridges: Sequence[Bridged], sources: Sequence[Source], rows: Rows, n_classes: int) -> Heard:
    """Let each bridge answer for the windows that its new sensor covers; each new model runs once over them."""
    has = np.stack([source.has[rows] for source in sources], axis=1)
    probability = torch.zeros(len(rows), len(bridges), n_classes)
    pooled = []
    for at, (bridged, source) in enumerate(zip(bridges, sources, strict=True)):
        mine = torch.zeros(len(rows), int(bridged.bridge.width_new))  # type: ignore[arg-type]
        for some in batches(np.flatnonzero(has[:, at])):
            given = bridged.given(source.inputs(rows[some]))
            places = torch.from_numpy(some)
            mine[places] = given
            probability[places, at] = bridged.answers(given).softmax(dim=1)
        pooled.append(mine)
    return Heard(probability, tuple(pooled), torch.from_numpy(has))

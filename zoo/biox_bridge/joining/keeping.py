"""Joined bridges on disk: the gate, and every bridge with both of its models, as one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.encoders import Encoder
from zoo.biox_bridge.joining.gate import Gate, Heard
from zoo.biox_bridge.joining.members import Member
from zoo.biox_bridge.keeping import reopened
from zoo.runs import checkpoint
from zoo.runs import folder as runs

JOINED = "biox-bridges"


def keep(path: Path, gate: Gate, members: Sequence[Member], role: str) -> None:
    """Write a gate and the bridges that it weighs.

    Parameters
    ----------
    path : Path
    gate : Gate
    members : sequence of Member
    role : str
    """
    opened = [each.opened(role) for each in members]
    tensors: dict[str, NDArray[Any]] = {f"gate.{name}": each.numpy() for name, each in gate.state_dict().items()}
    for at, each in enumerate(opened):
        tensors |= {f"{at}.{name}": tensor for name, tensor in each.tensors.items()}
    first = opened[0].about
    about = {
        **{name: first[name] for name in ("classes", "multi_label", "manifest", "view", "seed", "fold")},
        "model": JOINED,
        "widths": gate.widths,
        "sensors": sorted({sensor for each in opened for sensor in each.about["sensors"]}),
        "bridges": [
            {**each.about, "images": member.config.new_images} for each, member in zip(opened, members, strict=True)
        ],
        "persons": sorted({person for each in opened for person in each.about["persons"]}),
        "content": sorted({digest for each in opened for digest in each.about["content"]}),
        "parents": [line for each in opened for line in each.about["parents"]],
        "versions": runs.versions(),
    }
    checkpoint.save(path, tensors, about)


def joined_again(found: checkpoint.Checkpoint) -> tuple[Gate, list[tuple[Encoder, Bridged]]]:
    """The gate and the bridges of a checkpoint that `keep` wrote; each bridge with its new model."""

    def of(part: str) -> dict[str, NDArray[Any]]:
        own = {name: tensor for name, tensor in found.tensors.items() if name.startswith(f"{part}.")}
        return {name.removeprefix(f"{part}."): tensor for name, tensor in own.items()}

    gate = Gate(Heard(torch.empty(0), tuple(torch.zeros(1, width) for width in found.about["widths"]),
                      torch.ones(1, len(found.about["widths"]), dtype=torch.bool)))  # fmt: skip
    gate.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in of("gate").items()})
    bridges = [reopened(checkpoint.Checkpoint(of(str(at)), about)) for at, about in enumerate(found.about["bridges"])]
    return gate.eval(), bridges

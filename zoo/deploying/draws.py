"""Inputs on which a network is traced, tried and timed, and which of their axes may have any length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.testing.inputs import example

if TYPE_CHECKING:
    from zoo.deploying.network import Deployed

Inputs = dict[str, Tensor]

MOST = 1 << 16
"""Longest axis; it only has to be finite."""


def draw(deployed: Deployed, items: int = 3, channels: int = 5, patches: int = 7, seed: int = 0) -> Inputs:
    """Draw inputs by the names of the arguments of `forward`.

    Parameters
    ----------
    deployed : Deployed
    items : int
    channels, patches : int
        Of networks of windows; the lengths by which a network is traced are all different, so that none is mistaken
        for another.
    seed : int
    """
    if not of_windows(deployed.network):
        return example(deployed.model, items, seed, deployed.options)
    sizes: Any = deployed.network.architecture
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(items, channels, generator=generator) < 0.8
    present[:, 0] = True
    found = {
        "x": torch.randn(items, channels, patches * sizes.patch, generator=generator),
        "locations": torch.randn(items, channels, 3, generator=generator) * 0.1,
        "present": present,
    }
    if sizes.sensors:
        found["sensor"] = torch.randint(0, len(sizes.sensors), (items, channels), generator=generator)
    return found


def axes(deployed: Deployed, inputs: Inputs) -> dict[str, dict[int, Any]]:
    """Axes of each input that may have any length, by their places: `torch.export.Dim`, or a multiple of one."""
    batch = torch.export.Dim("batch", min=1, max=MOST)
    if not of_windows(deployed.network):
        return {name: {0: batch} for name in inputs}
    sizes: Any = deployed.network.architecture
    channels = torch.export.Dim("channels", min=1, max=MOST)
    found: dict[str, dict[int, Any]] = {name: {0: batch, 1: channels} for name in inputs}
    found["x"][2] = sizes.patch * torch.export.Dim("patches", min=1, max=MOST)
    return found


def of_windows(network: nn.Module) -> bool:
    """Whether a network takes windows of channels with places, cut into patches."""
    return hasattr(getattr(network, "architecture", None), "patch")


def refuse_reconstruction(deployed: Deployed) -> None:
    """Refuse a network of windows that scores nothing; ModelError with the option that makes it score."""
    if of_windows(deployed.network) and not deployed.options.get("num_classes"):
        mend = "Give it classes by --set num_classes=N, or name a run that was fine-tuned."
        raise ModelError("it reconstructs hidden patches, and scores nothing.", where=deployed.model, mend=mend)

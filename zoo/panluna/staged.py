"""PanLUNA as a chain: channels are summed up patch by patch, and blocks over time follow."""

from __future__ import annotations

from torch import Tensor

from biocurate.errors import ModelError
from zoo.models.staged import Axes, StagedModule
from zoo.panluna.model import PanLuna

PATCHES: Axes = ("window", "patch", "feature")


def stages(network: PanLuna) -> StagedModule:
    """Summaries of patches between the blocks over time, of shape (windows, patches, summary).

    The last ones are before the final norm, as those that the bridge's paper aligns.
    """

    def scored(latents: Tensor) -> Tensor:
        if network.head is None:
            raise ModelError("it has no classes.", where="panluna", mend="Make it with num_classes.")
        logits: Tensor = network.head(network.norm(latents))
        return logits

    return StagedModule(network, list(network.blocks), scored, PATCHES)

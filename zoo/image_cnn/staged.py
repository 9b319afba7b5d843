"""`image-cnn` as a chain: its stem, three residual stages, and the mean over the image."""

from __future__ import annotations

from zoo.image_cnn.model import SmallCnn
from zoo.models.staged import MAP, StagedModule


def stages(network: SmallCnn) -> StagedModule:
    """Feature maps between the stages; the head averages them."""
    return StagedModule(network, list(network.stages), lambda x: network.head(x.mean(dim=(2, 3))), MAP)

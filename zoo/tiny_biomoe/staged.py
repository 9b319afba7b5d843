"""Tiny-BioMoE as a chain: both experts advance side by side, and the last block leaves a vector of each."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import elu, hardtanh

from biocurate.errors import ModelError
from zoo.models.staged import MAP, Axes, Inputs, Staged, State, reached
from zoo.tiny_biomoe.layers import as_map
from zoo.tiny_biomoe.model import TinyBioMoe
from zoo.tiny_biomoe.spectformer import Stage

ROWS: Axes = ("window", "row", "column", "feature")
VECTOR: Axes = ("window", "feature")


class Experts(Staged):
    """A state has two parts, one an expert: neither sees the other before the gate.

    Four blocks: in the first three each expert runs a stage; in the last the spectral expert runs its fourth stage and
    its class token, and the cascaded one, which has three stages, averages. A bridge that made the state of one expert
    alone would leave the other without its image.
    """

    depth = 4

    def __init__(self, network: TinyBioMoe) -> None:
        self.network = network
        self._model = network

    def embed(self, inputs: Inputs) -> State:
        """The image as each expert's first convolutions leave it."""
        spectral, cascaded = self._model.spectral, self._model.cascaded
        image = reached(self._model, spectral, inputs).contiguous(memory_format=torch.channels_last)
        x = image
        for at, conv in enumerate(cascaded.embed):
            x = conv(x) if at == len(cascaded.embed) - 1 else conv(x).relu_()
        return self._stage(0).embed(as_map(image)), x

    def block(self, at: int, state: State) -> State:
        """Run a stage of both."""
        spectral, cascaded = state
        stage = self._stage(at)
        mapped = stage.norm(stage.block(spectral))
        if at == self.depth - 1:
            expert = self._model.spectral
            return expert.norm(expert.summary(mapped.flatten(1, 2))), cascaded.mean(dim=(2, 3))
        return self._stage(at + 1).embed(mapped), self._model.cascaded.stages[at](cascaded)

    def head(self, state: State) -> Tensor:
        """Gate, join and score both vectors."""
        model = self._model
        if model.head is None:
            raise ModelError("it has no classes.", where="tiny-biomoe", mend="Make it with num_classes.")
        weighed = [model.expert_norm(each) * hardtanh(model.gate(elu(each)), 0.0, 1.0) for each in state]
        logits: Tensor = model.head(model.norm(torch.cat(weighed, dim=1)))
        return logits

    def axes(self, at: int) -> tuple[Axes, ...]:
        """Maps of both layouts, and in the end two vectors."""
        return (ROWS, MAP) if at < self.depth else (VECTOR, VECTOR)

    def _stage(self, at: int) -> Stage:
        return cast("Stage", self._model.spectral.stages[at])

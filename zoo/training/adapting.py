"""What of a network is trained: all of it, its head, or its head and low-rank changes of some matrices."""

from __future__ import annotations

import math
import re
from importlib.util import find_spec
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.utils import parametrize

from biocurate.errors import ModelError, UsageError
from zoo.models.quiet import quiet
from zoo.models.tuning import Tuning

Tune = Literal["full", "frozen", "lora"]

RANK = 16
ALPHA = 32
"""What a change is multiplied with, times the rank."""
DROPPED = 0.1
"""Share of a layer's inputs that its change does not see in training."""


class LowRank(nn.Module):
    """A matrix and a change of low rank, which is none at first.

    peft changes layers that are called. A matrix that is used otherwise, such as the three parts of an attention's
    projection, would be left as it was without a word.

    Source: LoRA (Hu et al., 2021, arXiv 2106.09685), equation 3.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs)
    rank : int
    scale : float
    """

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        self.down = nn.Parameter(weight.new_empty(rank, weight.shape[1]))
        self.up = nn.Parameter(weight.new_zeros(weight.shape[0], rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        """Shape (outputs, inputs), returned in the same shape."""
        return weight + self.scale * (self.up @ self.down)


def adapt(network: nn.Module, tuning: Tuning, how: Tune) -> None:
    """Let a network be trained in part; what is frozen keeps its numbers.

    Parameters
    ----------
    network : Module
        Is changed.
    tuning : Tuning
    how : {"full", "frozen", "lora"}
        ``frozen``: the head alone; ``lora``: the head, and changes of rank 16.

    Raises
    ------
    UsageError
        Where peft is not installed.
    ModelError
        Where the network has nothing to adapt.
    """
    if how == "full":
        return
    network.requires_grad_(False)
    if how == "lora":
        _adapt_weights(network, tuning)
        _adapt_layers(network, tuning)
    for name, parameter in network.named_parameters():
        if name.startswith(tuning.head):
            parameter.requires_grad_(True)


def merge(network: nn.Module) -> None:
    """Add the changes to the matrices: the network is again what it was before `adapt`, with other numbers."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    for name, module in list(network.named_modules()):
        if hasattr(module, "lora_A") and hasattr(module, "get_base_layer"):
            adapted: Any = module
            adapted.merge(safe_merge=True)
            _put(network, name, adapted.get_base_layer())


def trained(network: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def _adapt_weights(network: nn.Module, tuning: Tuning) -> None:
    for pattern, times in tuning.weights:
        found = [name for name, _ in network.named_modules() if re.fullmatch(pattern, name)]
        if not found:
            raise ModelError(f"no layer is called {pattern}.", where="lora")
        for name in found:
            layer = network.get_submodule(name)
            assert isinstance(layer.weight, Tensor)
            # To adapt one matrix twice is to adapt it once with twice the rank.
            change = LowRank(layer.weight, times * RANK, ALPHA / RANK)
            parametrize.register_parametrization(layer, "weight", change)


def _adapt_layers(network: nn.Module, tuning: Tuning) -> None:
    if find_spec("peft") is None:
        raise UsageError("low-rank tuning needs peft, which is not installed.", mend="pip install 'biocurate[lora]'")
    with quiet():  # torchao, where it is there, tells of each of its files that this machine has no use for
        from peft import LoraConfig, inject_adapter_in_model

    asked = "|".join(f"(?:{pattern})" for pattern in tuning.layers)
    # Not peft's own freezing: it would freeze the changes that are made above.
    changing = [parameter for parameter in network.parameters() if parameter.requires_grad]
    inject_adapter_in_model(LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPPED, target_modules=asked), network)
    for parameter in changing:
        parameter.requires_grad_(True)


def _put(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, module)

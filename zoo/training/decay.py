"""Which parameters are decayed: those that weigh, not those that shift or scale."""

from __future__ import annotations

from typing import Any

from torch import nn

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)


def groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Part a network's parameters for an optimiser: decayed, and not.

    Norms, biases, tables of biases and single numbers are not decayed. A norm of whole images and a table of attention
    biases have several axes, so that their shape alone does not tell them.

    Parameters
    ----------
    network : Module
    weight_decay : float
    """
    norms = {id(each) for module in network.modules() if isinstance(module, NORMS) for each in module.parameters()}
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        weighs = parameter.ndim > 1 and id(parameter) not in norms and not name.endswith("bias")
        (decayed if weighs else spared).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]

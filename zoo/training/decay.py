"""Which parameters are decayed, those that weigh and not those that shift or scale; and how fast each layer learns."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch import nn

from biocurate.errors import ModelError

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


@runtime_checkable
class Layered(Protocol):
    """A network that knows how high its parameters lie."""

    def rate(self, name: str, decay: float) -> float:
        """Share of the learning rate of the parameter of a name."""


def layered(network: nn.Module, weight_decay: float, lr: float, layer_decay: float) -> list[dict[str, Any]]:
    """Part a network's parameters as `groups` does, and by the rate that they learn at.

    Parameters
    ----------
    network : Module
    weight_decay : float
    lr : float
        Of the highest layer.
    layer_decay : float
        1 lets all layers learn alike.

    Raises
    ------
    ModelError
        Where the network does not know its layers.
    """
    found = groups(network, weight_decay)
    if layer_decay == 1:
        return found
    if not isinstance(network, Layered):
        raise ModelError(
            "it has no layers that could learn at different rates.", where="layer_decay", mend="Leave it 1."
        )
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    parted = []
    for group in found:
        by_rate: dict[float, list[nn.Parameter]] = {}
        for parameter in group["params"]:
            by_rate.setdefault(lr * network.rate(names[id(parameter)], layer_decay), []).append(parameter)
        parted += [{**group, "params": own, "lr": rate} for rate, own in sorted(by_rate.items())]
    return parted

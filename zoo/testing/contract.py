"""What every registered network must do, whatever it is; one function a clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.models.registry import create_model, model_config
from zoo.runs import checkpoint
from zoo.testing.inputs import example, missing

CLASSES = 3
"""Of the networks that are made here."""


def shapes(name: str) -> None:
    """A batch gives a row of logits each, one item as well, and the training mode the same shape."""
    network = _made(name)
    for items in (1, 2):
        found = network(**example(name, items))
        assert found.shape == (items, CLASSES), f"{tuple(found.shape)} logits of {items} items"
        assert found.dtype == torch.float32
        assert found.isfinite().all()
    assert network.train()(**example(name, 2)).shape == (2, CLASSES)


def gradients(name: str) -> None:
    """Every parameter that is trained on labels has a finite gradient, and most are not all zero."""
    network = _made(name).train()
    torch.manual_seed(1)
    loss = nn.functional.cross_entropy(network(**example(name, 2)), torch.tensor([0, 1]))
    torch.autograd.backward(loss)
    spared = model_config(name).only_pretrained
    parameters = dict(network.named_parameters())
    trained = {each: tensor for each, tensor in parameters.items() if tensor.requires_grad and each not in spared}
    without = [each for each, tensor in trained.items() if tensor.grad is None]
    assert not without, f"no gradient reaches {', '.join(without)}"
    gradient = [tensor.grad for tensor in trained.values() if tensor.grad is not None]
    assert all(each.isfinite().all() for each in gradient)
    assert sum(bool(each.any()) for each in gradient) > len(trained) / 2


def determinism(name: str) -> None:
    """A seed gives the same weights, and these the same answers, whatever items are beside one."""
    one, other = _made(name), _made(name)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    batch = example(name, 3)
    together = one(**batch)
    assert torch.equal(together, other(**batch))
    alone = one(**{each: _part(value, 1) for each, value in batch.items()})
    torch.testing.assert_close(alone, together[1:2], rtol=1e-4, atol=1e-5)


def save_and_load(name: str) -> None:
    """Its state goes through a checkpoint into another network, which answers the same."""
    one, other = _made(name, seed=0), _made(name, seed=1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        checkpoint.save(path, {each: tensor.numpy() for each, tensor in one.state_dict().items()}, {"model": name})
        tensors = checkpoint.load(path).tensors
    checkpoint.fill(other, tensors)
    assert torch.equal(one(**example(name, 2)), other(**example(name, 2)))


def missing_input(name: str) -> None:
    """An item in which nothing is there to see is refused, scored or NaN as a whole, and spoils none beside it."""
    batch, network = example(name, 2), _made(name)
    one_is_gone = {field: _with_first(value, missing(name, 2)[field]) for field, value in batch.items()}
    try:
        found = network(**one_is_gone)
    except ModelError:
        return
    torch.testing.assert_close(found[1], network(**batch)[1], rtol=1e-4, atol=1e-5)
    assert found[1].isfinite().all()
    assert found[0].isfinite().all() or found[0].isnan().all()


def parameter_count(name: str) -> None:
    """Without a head of its own, it has as many parameters as its configuration says."""
    config = model_config(name)
    if config.parameters is not None:
        counted = sum(each.numel() for each in create_model(name).parameters())
        assert counted == config.parameters, f"{counted:,} parameters, not {config.parameters:,}"


def export(name: str) -> None:
    """Its ONNX graph answers as it does, for batches of any size; of networks of windows, for any channels and lengths.

    Needs the extra `export`.
    """
    from zoo.deploying.network import open_network
    from zoo.deploying.onnx_file import TOLERANCE, parity, traced

    deployed = open_network(name, {"num_classes": CLASSES})
    found = parity(deployed, traced(deployed))
    assert found.share < TOLERANCE, f"{found.largest:.2g} from torch, of answers up to {found.answer:.2g}"


CHECKS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (shapes, gradients, determinism, save_and_load, missing_input, parameter_count, export)
    }
)
"""By name, in the order in which they are run."""


def check(name: str) -> None:
    """Run every check on a registered network.

    Raises
    ------
    AssertionError
        At the first clause that does not hold.
    """
    for each in CHECKS.values():
        each(name)


def _made(name: str, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    network: nn.Module = create_model(name, num_classes=CLASSES)
    return network.eval()


def _with_first(value: Any, other: Any) -> Any:  # noqa: ANN401
    """A field of a batch whose first item is that of another batch."""
    if isinstance(value, Mapping):
        return {name: _with_first(each, other[name]) for name, each in value.items()}
    return torch.cat([other[:1], value[1:]]) if isinstance(value, Tensor) and value.ndim else value


def _part(value: Any, at: int) -> Any:  # noqa: ANN401
    """One item of a field of a batch."""
    if isinstance(value, Mapping):
        return {name: _part(each, at) for name, each in value.items()}
    return value[at : at + 1] if isinstance(value, Tensor) and value.ndim else value

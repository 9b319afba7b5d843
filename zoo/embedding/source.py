"""What makes the vectors: a model as it is made, or the weights of a run or an import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biocurate.errors import ModelError
from zoo.models.registry import create_model, list_models, model_config
from zoo.runs import checkpoint
from zoo.runs.parent import Parent, load_parent

if TYPE_CHECKING:
    from torch import nn

    from zoo.data.layout import Takes

EMBEDDERS = "Take a model such as tiny-biomoe, of images, or panluna, of samples."

MISPLACED = "Name the folder that they are in now: --weights DIR."
"""What mends weights that are not where a run found them."""


@dataclass(frozen=True)
class Source:
    """A network that embeds images, or windows by their samples."""

    model: str
    """Its registered name."""
    label: str
    """What a set of its embeddings is called after."""
    network: nn.Module
    size: int | None
    """Side of the images that it takes, in pixels; None where it takes samples."""
    weights: str
    """sha256 of its weights, its head's left out: equal ones give equal embeddings."""
    origin: str
    """Folder and file of the checkpoint, or ``random`` and a seed."""
    parent: Parent | None
    """Where the weights are from; None of a model as it is made."""

    @property
    def pixels(self) -> int:
        """Side of its images; ModelError where it takes samples."""
        if self.size is None:
            mend = "Name windows: biocurate zoo embed … --manifest NAME --sensors EEG,ECG"
            raise ModelError("it takes samples, and no images.", where=self.model, mend=mend)
        return self.size

    @property
    def takes(self) -> Takes:
        """Rate, patch and sensor types of its samples; ModelError where it takes images."""
        if self.size is not None:
            mend = "Name their set: biocurate zoo embed … --images SET"
            raise ModelError("it takes images, and no samples.", where=self.model, mend=mend)
        found: Takes = self.network.architecture  # type: ignore[assignment]
        return found


def open_source(name: str, options: Mapping[str, Any], seed: int = 0) -> Source:
    """Open what embeds images or samples.

    Parameters
    ----------
    name : str
        A registered model, which is made with random weights; or a checkpoint, or a folder that has one.
    options : mapping
        Of a registered model.
    seed : int
        Of random weights.

    Raises
    ------
    ModelError
        Where there is no such model or checkpoint, or it gives no embeddings.
    """
    import torch

    if name in list_models():
        _refuse_other(name)
        torch.manual_seed(seed)
        return _source(name, f"{name}-random{seed}", create_model(name, **options), f"random{seed}")
    path = Path(name).expanduser()
    if not path.exists():
        mend = f"Models are {', '.join(list_models())}; or name the folder of a run or an import."
        raise ModelError("there is no such model, and no such checkpoint.", where=name, mend=mend)
    parent = load_parent(path)
    about = parent.checkpoint.about
    _refuse_other(about["model"])
    network = create_model(about["model"], **about["options"])
    checkpoint.fill(network, parent.checkpoint.tensors)
    return _source(about["model"], parent.name.partition("/")[0], network, parent.name, parent)


def open_again(model: str, origin: str, weights: str, parent: str | None) -> Source:
    """Open the network that made some embeddings.

    Parameters
    ----------
    model, origin, weights : str
        As the rows of a set name them.
    parent : str, optional
        Its checkpoint, or a folder that has one; of no meaning where weights were random.

    Raises
    ------
    ModelError
        Where it cannot be had again, or its weights are others.
    """
    seed = seed_of(origin)
    if seed is not None:
        made = open_source(model, {}, seed)
        if made.weights != weights:
            mend = "Other options or another PyTorch made them: take vectors of a checkpoint, which is kept."
            raise ModelError("its random weights cannot be made again.", where=f"{model}, seed {seed}", mend=mend)
        return made
    if parent is None:
        raise ModelError(f"they were made by the weights of {origin}.", where="embeddings", mend=MISPLACED)
    found = open_source(parent, {})
    if found.weights != weights:
        raise ModelError(f"these are not the weights of {origin}.", where=parent, mend=MISPLACED)
    return found


def seed_of(origin: str) -> int | None:
    """Seed of random weights; None of a checkpoint's, whose origin is a folder and a file."""
    found = re.fullmatch(r"random(\d+)", origin)
    return None if found is None else int(found[1])


def weights_of(network: nn.Module) -> str:
    """Hash the weights that an embedding depends on: names, shapes and numbers, without those of a head or decoder."""
    hasher = sha256()
    beside = ("head.", *getattr(network, "beside_embedding", ()))
    for key, tensor in network.state_dict().items():
        if not key.startswith(beside):
            hasher.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
            hasher.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return hasher.hexdigest()


def _source(model: str, label: str, network: nn.Module, origin: str, parent: Parent | None = None) -> Source:
    if not hasattr(network, "embed"):
        raise ModelError("it gives no embeddings.", where=model, mend=EMBEDDERS)
    of_images = model_config(model).spec.input == "image"
    size = int(network.architecture.image_size) if of_images else None  # type: ignore[union-attr,arg-type]
    return Source(model, label, network.eval(), size, weights_of(network), origin, parent)


def _refuse_other(model: str) -> None:
    if model_config(model).spec.input not in ("image", "window"):
        raise ModelError("it takes neither images nor samples.", where=model, mend=EMBEDDERS)

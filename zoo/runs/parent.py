"""A checkpoint that a training starts from, with all that it was trained on before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.curate.leakage.seen import read_seen
from biocurate.errors import ModelError, UsageError
from zoo.models.registry import model_config
from zoo.runs import checkpoint

if TYPE_CHECKING:
    from torch import nn


UNTOLD = "Whom the weights were trained on first is not told by those who published them: leaks cannot be looked for."


@dataclass(frozen=True)
class Parent:
    """Weights of another run."""

    name: str
    """Of its run, and its file in it."""
    sha256: str
    checkpoint: checkpoint.Checkpoint
    seen: pl.DataFrame
    """Streams that it and its own parents were trained on."""

    @property
    def persons(self) -> list[str]:
        """Persons that it and its own parents were trained on."""
        return list(self.checkpoint.about["persons"])

    def line(self) -> list[dict[str, Any]]:
        """It and its own parents, as a checkpoint keeps them: the nearest first, with the terms of published ones."""
        about = self.checkpoint.about
        own = {"name": self.name, "sha256": self.sha256, "manifest": about["manifest"]}
        terms = {"licence": about["imported"]["licence"]} if "imported" in about else {}
        return [own | terms, *about.get("parents", [])]


def open_parent(path: Path, model: str) -> Parent:
    """Open the checkpoint that a model is to start from.

    Parameters
    ----------
    path : Path
        A checkpoint of a run, or the folder of a run that has one.
    model : str
        Its name.

    Raises
    ------
    ModelError
        Where it is of another model, damaged, or does not say what it was trained on.
    UsageError
        Where the folder has none or several.
    """
    found = load_parent(path)
    # A head on embeddings starts from nobody's weights, but its vectors were made by them.
    if found.checkpoint.about["model"] != model and model_config(model).spec.input != "embedding":
        raise ModelError(f"it is of {found.checkpoint.about['model']}, not of {model}.", where=found.name)
    return found


def load_parent(path: Path) -> Parent:
    """Open a checkpoint of whatever model; see `open_parent`."""
    file = path
    if path.is_dir():
        held = sorted(path.glob("model-*.safetensors"))
        if len(held) != 1:
            mend = f"Name one: {', '.join(each.name for each in held)}." if held else "Name the folder of a run."
            raise UsageError(f"it holds {len(held)} checkpoints.", where=str(path), mend=mend)
        file = held[0]
    found = checkpoint.load(file)
    name = f"{file.resolve().parent.name}/{file.name}"
    return Parent(name, sha256(file.read_bytes()).hexdigest(), found, read_seen(file.parent))


def inherit(network: nn.Module, parent: Parent) -> list[str]:
    """Put a parent's weights into a network; what does not fit stays as it was made.

    Returns
    -------
    list of str
        What has to be said of it.

    Raises
    ------
    ModelError
        Where most of the network would stay as it was made.
    """
    import torch

    own = network.state_dict()
    given = {name: torch.from_numpy(tensor.copy()) for name, tensor in parent.checkpoint.tensors.items()}
    fits = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    taken = sum(tensor.numel() for tensor in fits.values())
    if taken * 2 < sum(tensor.numel() for tensor in own.values()):
        mend = "Give the options that it was trained with, by --set."
        raise ModelError("most of its weights do not fit.", where=parent.name, mend=mend)
    network.load_state_dict(fits, strict=False)
    new = [name for name in own if name not in fits]
    left = f"; new are {', '.join(new)}" if new else ""
    parts = sorted({name.split(".")[0] for name in given if name not in fits})
    left += f"; not taken of it are parts of {', '.join(parts)}" if parts else ""
    notes = [f"Weights start from {parent.name} (sha256 {parent.sha256[:12]}){left}."]
    return notes + ([UNTOLD] if "imported" in parent.checkpoint.about else [])


def joined_seen(own: pl.DataFrame, parents: Sequence[Parent]) -> pl.DataFrame:
    """What a run and its parents were trained on, each stream once."""
    columns = own.drop("split", strict=False).columns
    parts = [own.select(columns), *(parent.seen.select(columns) for parent in parents)]
    return pl.concat(parts).unique(["recording_id", "stream_no", "digest"], keep="first", maintain_order=True)

"""Checkpoints: tensors in safetensors, and beside them whatever is needed to use them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ModelError
from zoo.runs.folder import AGAIN

if TYPE_CHECKING:
    from torch import nn

FORMAT = "biocurate-zoo-1"
"""The only key of the metadata: safetensors writes several in an order that changes from run to run."""


@dataclass(frozen=True)
class Checkpoint:
    """A fitted model on disk."""

    tensors: dict[str, NDArray[Any]]
    about: dict[str, Any]
    """model, options, classes, sensors, manifest, view, seed, fold, config, versions; persons and content (digests of
    streams) that it and its parents were trained on; parents; and what the learner adds."""


def save(path: Path, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write a checkpoint; the same content gives the same bytes."""
    from safetensors.numpy import save_file

    # Not `ascontiguousarray`, which gives a single number an axis.
    whole = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    save_file(whole, path, metadata={FORMAT: json.dumps(about, sort_keys=True)})


def fill(network: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Put tensors by their names into a network that has just these; they are copied."""
    import torch

    network.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()})


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    ModelError
        Where the file is missing, damaged, or none of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"the checkpoint cannot be read: {error}.", where=str(path), mend=AGAIN) from error
    if FORMAT not in metadata:
        raise ModelError("this is no checkpoint of a biocurate run.", where=str(path), mend="Name a folder of a run.")
    try:
        return Checkpoint(tensors, json.loads(metadata[FORMAT]))
    except ValueError as error:
        raise ModelError("what stands beside its weights is damaged.", where=str(path), mend=AGAIN) from error

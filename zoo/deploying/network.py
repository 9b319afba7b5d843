"""What is exported: a registered model as it is made, or the weights of a run, an import or a pre-training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from biocurate.errors import ModelError
from zoo.models.registry import create_model, list_models, model_config, validated
from zoo.runs import checkpoint
from zoo.runs.parent import load_parent

if TYPE_CHECKING:
    from torch import nn

NO_DERIVATIVES = re.compile(r"\bND\b|no[- ]?deriv", re.IGNORECASE)
"""In the name of a licence: what was changed must not be passed on."""


@dataclass(frozen=True)
class Deployed:
    """A network and what is known of its weights."""

    model: str
    options: Mapping[str, Any]
    network: nn.Module
    origin: str
    """Folder and file of the checkpoint with the beginning of its sha256, or ``random weights``."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Of the checkpoint; empty where the weights are random."""

    @property
    def licence(self) -> str:
        """Terms of the weights: of those who published them, or else of the model's code."""
        told = self.about.get("imported", {}).get("licence") or self.inherited
        return str(told or model_config(self.model).licence)

    @property
    def inherited(self) -> str | None:
        """Terms of published weights that a run started from; None where there are none or none are told."""
        told = [parent["licence"] for parent in self.about.get("parents", []) if parent.get("licence")]
        return str(told[-1]) if told else None


def open_network(name: str, options: Mapping[str, Any] = MappingProxyType({}), seed: int = 0) -> Deployed:
    """Open what is to be exported.

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
        Where there is no such model or checkpoint, or it is no network.
    UsageError
        Where a folder has several checkpoints.
    """
    import torch

    if name in list_models():
        _refuse_solved(name)
        chosen = validated(model_config(name).options, dict(options), name).model_dump()
        torch.manual_seed(seed)
        return Deployed(name, chosen, create_model(name, **options).eval(), "random weights")
    path = Path(name).expanduser()
    if not path.exists():
        mend = f"Models are {', '.join(list_models())}; or name a run or an import."
        raise ModelError("there is no such model, and no such checkpoint.", where=name, mend=mend)
    parent = load_parent(path)
    about = parent.checkpoint.about
    model, stored = about["model"], dict(about["options"])
    _refuse_solved(model)
    # A run keeps the options that were chosen; the number of classes is the task's.
    if about.get("classes"):
        stored["num_classes"] = len(about["classes"])
    network = create_model(model, **stored)
    checkpoint.fill(network, parent.checkpoint.tensors)
    chosen = validated(model_config(model).options, stored, model).model_dump()
    return Deployed(model, chosen, network.eval(), f"{parent.name}, sha256 {parent.sha256[:12]}", about)


def refuse_changes(deployed: Deployed) -> None:
    """Refuse to write changed weights of others who allow none; ModelError with what can be written.

    Source: Creative Commons BY-ND 4.0, section 2(a)(1)(B): adapted material may be made, and not be shared. Section
    2(a)(4) allows other formats, such as ONNX of the same numbers.
    """
    if NO_DERIVATIVES.search(deployed.licence):
        raise ModelError(
            f"its weights are under {deployed.licence}: quantised they would be changed, and could not be passed on.",
            where=deployed.origin,
            mend="Export them as they are, without --int8 and --weights, or train weights of your own.",
        )


def _refuse_solved(model: str) -> None:
    if model_config(model).spec.input == "features":
        mend = "Take one of images, windows or embeddings: biocurate zoo list."
        raise ModelError("it is solved from features, and no network.", where=model, mend=mend)

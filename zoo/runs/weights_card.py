"""The card of weights that were imported or pre-trained: what they saw, and what the paper's saw."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from zoo.models.registry import model_config
from zoo.runs import checkpoint
from zoo.runs.card import Card


def weights_file(folder: Path) -> Path | None:
    """The checkpoint of a folder that holds one of an import or a pre-training; None of any other."""
    held = sorted(folder.glob("model-*.safetensors")) if folder.is_dir() else []
    return held[0] if len(held) == 1 and not (folder / "metrics.json").is_file() else None


def weights_card(file: Path) -> Card:
    """What is known of weights.

    Raises
    ------
    ModelError
        Where the checkpoint is damaged.
    """
    about = checkpoint.load(file).about
    head = {
        "weights": file.stem.removeprefix("model-"),
        "model": about["model"],
        "file": {"name": file.name, "sha256": sha256(file.read_bytes()).hexdigest()},
        "options": about["options"],
    }
    own = _imported(about["imported"]) if "imported" in about else _pretrained(about)
    return {**head, **own, "versions": about["versions"]}


def _imported(told: dict[str, Any]) -> Card:
    return {
        "source": told["source"],
        "licence": told["licence"],
        "paper": told["paper"],
        "published file": {"name": told["file"], "sha256": told["sha256"]},
        "trained on": told["trained_on"],
        "persons": "not known: leaks cannot be looked for",
        "left over": list(told["left_over"]),
        "beside the weights": list(told["beside"]),
    }


def _pretrained(about: dict[str, Any]) -> Card:
    told, config = about["pretraining"], model_config(about["model"])
    paper = [each.trained_on for each in config.weights] or ["no weights of a paper are registered"]
    return {
        "trained on": {
            "here": f"{told['hours']:.2f} hours of {told['persons']} persons, {told['images']:,} images, "
            f"{told['passes']:,} passes",
            "the paper's": "; ".join(paper),
        },
        "tasks": [_task(task) for task in told["tasks"]],
        "manifests": about["manifests"],
        "caution": "Weights of a demonstration: not the paper's, and not comparable to them.",
    }


def _task(told: dict[str, Any]) -> str:
    verdict = "below" if told["val_loss"] < told["constant_loss"] else "NOT below"
    return (
        f"{told['task']}: {told['images']:,} images of {told['persons']} persons; held-out loss {told['val_loss']:.3f} "
        f"on {told['held_out']} others, {verdict} the best constant predictor's {told['constant_loss']:.3f}"
    )

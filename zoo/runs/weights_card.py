"""The card of weights that were imported or pre-trained: what they saw, and what the paper's saw."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from zoo.models.registry import model_config
from zoo.pretraining.names import BEST
from zoo.pretraining.verdict import chosen, verdict
from zoo.runs import checkpoint
from zoo.runs.card import Card

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the names of what a batch norm keeps beside its parameters."""


def weights_file(folder: Path) -> Path | None:
    """The checkpoint of a folder that holds one of an import or a pre-training; None of any other.

    The best step that a pre-training kept beside its last one is named itself.
    """
    if folder.is_file() and folder.name.startswith(f"{BEST}-") and folder.suffix == ".safetensors":
        return folder
    held = sorted(folder.glob("model-*.safetensors")) if folder.is_dir() else []
    return held[0] if len(held) == 1 and not (folder / "metrics.json").is_file() else None


def weights_card(file: Path) -> Card:
    """What is known of weights.

    Raises
    ------
    ModelError
        Where the checkpoint is damaged.
    """
    held = checkpoint.load(file)
    about = held.about
    head = {
        "weights": file.stem.removeprefix("model-").removeprefix(f"{BEST}-"),
        "model": about["model"],
        "file": {"name": file.name, "sha256": sha256(file.read_bytes()).hexdigest()},
        "options": about["options"],
        "parameters": _parameters(held),
    }
    own = _imported(about["imported"]) if "imported" in about else _pretrained(about)
    return {**head, **own, "versions": about["versions"]}


def _parameters(held: checkpoint.Checkpoint) -> str:
    """How many there are, and that they are not the published size where they are not; statistics of norms are none."""
    count = sum(tensor.size for name, tensor in held.tensors.items() if not name.endswith(STATISTICS))
    published = model_config(held.about["model"]).parameters
    if published in (None, count):
        return f"{count:,}"
    return f"{count:,}; not the published size, which has {published:,}"


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
            "here": f"{told['hours']:.2f} hours of {told['persons']} persons, {_items(told)}, "
            f"{told['passes']:,} passes",
            "the paper's": "; ".join(paper),
        },
        **_learned(told),
        **_best(told.get("best"), about.get("step")),
        "manifests": about["manifests"],
        "caution": "Weights of a demonstration: not the paper's, and not comparable to them.",
    }


def _best(told: dict[str, Any] | None, step: int | None) -> Card:
    """Which step the weights are of, where the best one was kept beside the last."""
    if told is None:
        return {}
    mine = f"{step or told['last_step']:,}, {'of the lowest held-out loss' if step else 'the last'}"
    return {"step": mine, "best step": chosen(told)[0]}


def _items(told: dict[str, Any]) -> str:
    kind = "images" if "images" in told else "windows"
    return f"{told[kind]:,} {kind}"


def _learned(told: dict[str, Any]) -> Card:
    """How well it did on held-out persons, by task or by sensor type."""
    if "tasks" in told:
        return {"tasks": [_task(task) for task in told["tasks"]]}
    corpora = [
        f"{each['corpus']}: {each['windows']:,} windows of {each['persons']} persons" for each in told["corpora"]
    ]
    smooth = [row for row in told["held_out"] if row["error"] == "smooth_l1"]
    return {"corpora": corpora, "hidden patches": [verdict(row) for row in smooth]}


def _task(told: dict[str, Any]) -> str:
    verdict = "below" if told["val_loss"] < told["constant_loss"] else "NOT below"
    return (
        f"{told['task']}: {told['images']:,} images of {told['persons']} persons; held-out loss {told['val_loss']:.3f} "
        f"on {told['held_out']} others, {verdict} the best constant predictor's {told['constant_loss']:.3f}"
    )

"""Several tasks at once: images with labels, each task with a head of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl
import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from biocurate.store.store import Store
from zoo.pretraining.config import PretrainConfig, Pretraining
from zoo.pretraining.loop import arithmetic
from zoo.pretraining.names import named
from zoo.pretraining.network import MultiTask
from zoo.pretraining.sampling import Mixed
from zoo.pretraining.source import Ints
from zoo.pretraining.tasks import Prepared, hours, persons, prepare
from zoo.pretraining.trivial import constant_loss


@dataclass(frozen=True)
class Pretrained:
    """How a pre-training ended."""

    name: str
    """Of the weights: ``demo-<hours>h-<persons>s``."""
    hours: float
    """Of recording that was trained on, each moment counted once."""
    persons: int
    images: int
    """Different images that were trained on."""
    passes: int
    """Images that the steps saw, each as often as it came."""
    tasks: list[dict[str, Any]]
    """Of each task: its sizes, and its losses at the end."""
    best: dict[str, Any] | None = None
    """Where the step of the lowest held-out loss is kept, too: see `zoo.pretraining.kept`."""

    @property
    def below(self) -> int:
        """Tasks whose held-out loss is below that of the best constant predictor."""
        return sum(task["val_loss"] < task["constant_loss"] for task in self.tasks)


@dataclass(frozen=True)
class Tasks:
    """A course over tasks; see `zoo.pretraining.course.Course`."""

    network: MultiTask
    sources: Sequence[Prepared]
    options: Pretraining
    mixed: Mixed
    betas: tuple[float, float] = (0.9, 0.999)

    @classmethod
    def of(cls, store: Store, backbone: nn.Module, config: PretrainConfig) -> Self:
        """Open the tasks, and give the backbone a head for each.

        Raises
        ------
        ModelError
            Where the model embeds no images, or a task has nothing to train on or to hold out.
        """
        sizes: Any = getattr(backbone, "architecture", None)
        if not hasattr(backbone, "embed") or not hasattr(sizes, "image_size"):
            raise ModelError(
                "it gives no embeddings of images.", where=config.model, mend="Take a model such as tiny-biomoe."
            )
        options = config.pretraining
        tasks = prepare(store, config.tasks, options, sizes.image_size, config.seed)
        heads = [task.n_outputs for task in tasks]
        network = MultiTask(backbone, sizes.width, heads, [task.loss for task in tasks])
        return cls(network, tasks, options, Mixed(tasks, options.batch_size, options.power, config.seed))

    @property
    def backbone(self) -> nn.Module:
        """What is kept: the heads are not."""
        return self.network.backbone

    def loss(self, step: int) -> tuple[Tensor, list[float]]:
        """Weigh the tasks' losses of a step."""
        device = torch.device(self.options.device)
        places = self.mixed.step(step)
        read = [_read(task, at, device) for task, at in zip(self.sources, places, strict=True)]
        images = torch.cat([images for images, _ in read if len(images)])
        with arithmetic(self.options):
            loss, each = self.network(images, [len(mine) for mine, _ in read], [target for _, target in read])
        return loss, [float(one) for one in each]

    def look(self, step: int, means: Sequence[float | None]) -> list[dict[str, Any]]:
        """Losses of every task on what is held out, beside the least that can be had without images."""
        return [
            {
                "step": step,
                "task": task.name,
                "train_loss": means[number],
                "val_loss": self.held_loss(number),
                "constant_loss": constant_loss(task.task.codes[task.images.row[task.val]], task.n_outputs),
                "weight": math.exp(-float(self.network.s[number].detach())),
            }
            for number, task in enumerate(self.sources)
        ]

    def held_loss(self, number: int) -> float:
        """Mean unweighted loss over the held-out images of a task."""
        device, total, task = torch.device(self.options.device), 0.0, self.sources[number]
        with torch.inference_mode(), arithmetic(self.options):
            for start in range(0, len(task.val), self.options.batch_size):
                images, target = _read(task, task.val[start : start + self.options.batch_size], device)
                total += float(self.network.task_loss(number, images, target)) * len(images)
        return total / len(task.val)

    def state(self) -> dict[str, Any]:
        """How many images of each task were seen."""
        return {"taken": list(self.mixed.taken)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on after the images that were seen."""
        self.mixed.taken = state["taken"]

    def found(self, curve: Sequence[Mapping[str, Any]]) -> Pretrained:
        """Sizes and last losses of every task."""
        length, people = hours(self.sources), persons(self.sources)
        last = {row["task"]: row for row in curve}
        told = []
        for task in self.sources:
            rows = task.used
            sizes = {
                "task": task.name,
                "classes": len(task.task.classes),
                "persons": rows.filter(pl.col("split") == "train")["person"].n_unique(),
                "held_out": rows.filter(pl.col("split") == "val")["person"].n_unique(),
                "images": len(task.train),
                "held_out_images": len(task.val),
            }
            losses = {name: last[task.name][name] for name in ("train_loss", "val_loss", "constant_loss", "weight")}
            told.append({**sizes, **losses})
        images, passes = sum(len(task.train) for task in self.sources), curve[-1]["step"] * self.options.batch_size
        return Pretrained(named(length, len(people)), length, len(people), images, passes, told)


def _read(task: Prepared, places: Ints, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images and targets of some places, on the device that trains."""
    if not len(places):
        return torch.empty(0), torch.empty(0, device=device)
    batch = task.images.__getitems__(places)  # type: ignore[arg-type]
    return batch["image"].images(device), batch["label"].to(device)

"""The steps of a pre-training, which go on after a kill to the same weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from biocurate.engine import Progress
from zoo.pretraining.config import Pretraining
from zoo.pretraining.network import MultiTask
from zoo.pretraining.sampling import Mixed
from zoo.pretraining.tasks import Prepared
from zoo.pretraining.trivial import constant_loss
from zoo.training.decay import groups

STATE = "state.ckpt"
LAST = 0.01
"""What the rate falls to, as a share of its greatest."""


@dataclass
class Curve:
    """What was measured on the way."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """step, task, train_loss (mean since the last look), val_loss, constant_loss, weight."""


def rate_at(step: int, options: Pretraining) -> float:
    """Share of the greatest rate at a step: a straight rise, then a cosine."""
    warm = round(options.warm_up * options.steps)
    if step < warm:
        return (step + 1) / warm
    way = (step - warm) / max(1, options.steps - warm)
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * way))


def train(
    network: MultiTask, tasks: Sequence[Prepared], options: Pretraining, seed: int, folder: Path, bar: Progress
) -> Curve:
    """Train in place, from the state of a killed training of the same folder where there is one.

    Parameters
    ----------
    network : MultiTask
    tasks : sequence of Prepared
    options : Pretraining
    seed : int
        The same seed, data and machine give the same weights on a processor.
    folder : Path
        Of the state.
    bar : Progress
        Is told of images.

    Returns
    -------
    Curve
    """
    device = torch.device(options.device)
    network.to(device)
    optimiser = torch.optim.AdamW(groups(network, options.weight_decay), lr=options.lr)
    mixed = Mixed(tasks, options.batch_size, options.power, seed)
    curve, sums, begun = Curve(), [[0.0, 0] for _ in tasks], 0
    if (folder / STATE).is_file():
        state = torch.load(folder / STATE, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        curve.rows, sums, begun, mixed.taken = state["curve"], state["sums"], state["step"], state["taken"]
    bar.start((options.steps - begun) * options.batch_size)
    for step in range(begun, options.steps):
        each = _step(network, tasks, mixed.step(step), optimiser, options, step)
        for total, loss in zip(sums, each, strict=True):
            if not math.isnan(loss):
                total[0], total[1] = total[0] + loss, total[1] + 1
        done = step + 1
        if done % options.evaluate == 0 or done == options.steps:
            curve.rows += _look(network, tasks, sums, done, options)
            sums = [[0.0, 0] for _ in tasks]
        if done % options.keep == 0 and done < options.steps:
            _keep(folder, network, optimiser, curve, sums, done, mixed)
        bar.advance(options.batch_size)
    return curve


def _step(
    network: MultiTask,
    tasks: Sequence[Prepared],
    places: Sequence[Any],
    optimiser: torch.optim.Optimizer,
    options: Pretraining,
    step: int,
) -> list[float]:
    """One step of the optimiser; returns each task's loss."""
    network.train()
    device = torch.device(options.device)
    read = [_read(task, at, device) for task, at in zip(tasks, places, strict=True)]
    images = torch.cat([images for images, _ in read if len(images)])
    for group in optimiser.param_groups:
        group["lr"] = options.lr * rate_at(step, options)
    with _arithmetic(options):
        loss, each = network(images, [len(mine) for mine, _ in read], [target for _, target in read])
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if options.clip_norm:
        nn.utils.clip_grad_norm_(network.parameters(), options.clip_norm)
    optimiser.step()
    return [float(one) for one in each]


def _read(task: Prepared, places: Any, device: torch.device) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Images and targets of some places, on the device that trains."""
    if not len(places):
        return torch.empty(0), torch.empty(0, device=device)
    batch = task.images.__getitems__(places)
    return batch["image"].images(device), batch["label"].to(device)


def _look(
    network: MultiTask, tasks: Sequence[Prepared], sums: Sequence[Sequence[float]], step: int, options: Pretraining
) -> list[dict[str, Any]]:
    """Losses of every task on what is held out, beside the least that can be had without images."""
    network.eval()
    rows = []
    for number, task in enumerate(tasks):
        total, count = sums[number]
        rows.append(
            {
                "step": step,
                "task": task.name,
                "train_loss": total / count if count else None,
                "val_loss": held_loss(network, number, task, options),
                "constant_loss": constant_loss(_codes(task), task.n_outputs),
                "weight": math.exp(-float(network.s[number].detach())),
            }
        )
    return rows


def _codes(task: Prepared) -> Any:  # noqa: ANN401
    return task.task.codes[task.images.row[task.val]]


def held_loss(network: MultiTask, number: int, task: Prepared, options: Pretraining) -> float:
    """Mean unweighted loss over the held-out images of a task."""
    device, total = torch.device(options.device), 0.0
    with torch.inference_mode(), _arithmetic(options):
        for start in range(0, len(task.val), options.batch_size):
            images, target = _read(task, task.val[start : start + options.batch_size], device)
            total += float(network.task_loss(number, images, target)) * len(images)
    return total / len(task.val)


def _arithmetic(options: Pretraining) -> torch.autocast:
    kind = torch.device(options.device).type
    return torch.autocast(kind, torch.bfloat16, enabled=options.precision == "bfloat16")


def _keep(
    folder: Path,
    network: MultiTask,
    optimiser: torch.optim.Optimizer,
    curve: Curve,
    sums: list[list[float]],
    step: int,
    mixed: Mixed,
) -> None:
    """Write the state aside and put it in place as a whole."""
    held = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "curve": curve.rows}
    aside = folder / f"{STATE}.part"
    torch.save({**held, "sums": sums, "step": step, "taken": list(mixed.taken)}, aside)
    aside.replace(folder / STATE)

"""The steps of a pre-training, which go on after a kill to the same weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from biocurate.engine import Progress
from zoo.pretraining.best import Best
from zoo.pretraining.config import Pretraining
from zoo.pretraining.course import Course
from zoo.training.decay import groups

STATE = "state.ckpt"
LAST = 0.01
"""What the rate falls to, as a share of its greatest."""

Curve = list[dict[str, Any]]
"""What was measured on the way: the rows that a course's looks give."""


def rate_at(step: int, options: Pretraining) -> float:
    """Share of the greatest rate at a step: a straight rise, then a cosine."""
    warm = round(options.warm_up * options.steps)
    if step < warm:
        return (step + 1) / warm
    way = (step - warm) / max(1, options.steps - warm)
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * way))


def train(course: Course, options: Pretraining, folder: Path, bar: Progress, best: Best | None = None) -> Curve:
    """Train in place, from the state of a killed training of the same folder where there is one.

    Parameters
    ----------
    course : Course
        Its losses are functions of the seed and the step, so that the same data and machine give the same weights on a
        processor.
    options : Pretraining
    folder : Path
        Of the state.
    bar : Progress
        Is told of images or windows.
    best : Best, optional
        Is shown the network at every look.
    """
    course.network.to(torch.device(options.device))
    optimiser = optimiser_of(course, options)
    curve: Curve = []
    sums, begun = [[0.0, 0] for _ in course.sources], 0
    if (folder / STATE).is_file():
        state = torch.load(folder / STATE, map_location=options.device, weights_only=True)
        course.network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        curve, sums, begun = state["curve"], state["sums"], state["step"]
        course.restore(state)
        if best is not None:
            best.restore(state["best"])
    bar.start((options.steps - begun) * options.batch_size)
    for step in range(begun, options.steps):
        each = _step(course, optimiser, options, step)
        for total, loss in zip(sums, each, strict=True):
            if not math.isnan(loss):
                total[0], total[1] = total[0] + loss, total[1] + 1
        done = step + 1
        if done % options.evaluate == 0 or done == options.steps:
            course.network.eval()
            rows = course.look(done, [total / count if count else None for total, count in sums])
            curve += rows
            if best is not None:
                best.look(course.network, done, rows)
            sums = [[0.0, 0] for _ in course.sources]
        if done % options.keep == 0 and done < options.steps:
            held = {} if best is None else {"best": best.state()}
            _keep(folder, course, optimiser, {"curve": curve, "sums": sums, "step": done, **held})
        bar.advance(options.batch_size)
    return curve


def optimiser_of(course: Course, options: Pretraining) -> torch.optim.AdamW:
    """AdamW with the betas and the decay that were asked for; norms, biases and the like are not decayed."""
    return torch.optim.AdamW(
        groups(course.network, options.weight_decay), lr=options.lr, betas=course.betas, fused=True
    )


def arithmetic(options: Pretraining) -> torch.autocast:
    """The precision that forward passes are done in."""
    kind = torch.device(options.device).type
    return torch.autocast(kind, torch.bfloat16, enabled=options.precision == "bfloat16")


def _step(course: Course, optimiser: torch.optim.Optimizer, options: Pretraining, step: int) -> list[float]:
    """One step of the optimiser; returns each source's loss."""
    course.network.train()
    for group in optimiser.param_groups:
        group["lr"] = options.lr * rate_at(step, options)
    loss, each = course.loss(step)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if options.clip_norm:
        nn.utils.clip_grad_norm_(course.network.parameters(), options.clip_norm)
    optimiser.step()
    return each


def _keep(folder: Path, course: Course, optimiser: torch.optim.Optimizer, done: dict[str, Any]) -> None:
    """Write the state aside and put it in place as a whole."""
    held = {"network": course.network.state_dict(), "optimiser": optimiser.state_dict()}
    aside = folder / f"{STATE}.part"
    torch.save({**held, **done, **course.state()}, aside)
    aside.replace(folder / STATE)

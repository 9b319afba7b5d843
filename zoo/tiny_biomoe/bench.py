"""Tiny-BioMoE's forward and training step against the same layers run one after the other, in one process by turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import torch
from torch import Tensor

from zoo.timing.turns import Timing, Work, race, short, step_of
from zoo.tiny_biomoe.model import Architecture, TinyBioMoe
from zoo.tiny_biomoe.plain import plain_embed

GFLOP = 3.079
"""Of one image's forward, multiplications and additions counted apart; a training step takes three times that.

Source: torch's FlopCounterMode on the published network: convolutions and matrix products.
"""


def bench(
    batches: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    rounds: int = 3,
    device: str = "cpu",
    precision: str = "float32",
    peak_tflops: float | None = None,
    architecture: Architecture = Architecture(),
) -> pl.DataFrame:
    """Time both at several sizes of a batch.

    Parameters
    ----------
    batches : sequence of int
    rounds, device, precision
        As of `Timing`.
    peak_tflops : float, optional
        Of the device at this precision, as its maker states it.
    architecture : Architecture

    Returns
    -------
    DataFrame
        A row a size and a work: images a second of both (medians, by wall time), their quotient (median over rounds, so
        that what else the machine does falls on both), the same of processor time, TFLOP/s and the share of the peak.

    Raises
    ------
    UsageError
        Where there is no such precision.
    """
    timing = Timing(rounds, device, precision)
    torch.manual_seed(0)
    model = TinyBioMoe(architecture=architecture).to(device)
    side = architecture.image_size
    rows = []
    for batch in batches:
        images = torch.rand(batch, 3, side, side, device=device)
        for work in ("inference", "training"):
            rows.append(_row(model, images, work, timing, peak_tflops))
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(model: TinyBioMoe, images: Tensor, work: str, timing: Timing, peak: float | None) -> dict[str, object]:
    ways = (model.embed, lambda given: plain_embed(model, given))
    quick, plain = (_work(model, images, work, timing, way) for way in ways)
    found = race(quick, plain, timing)
    batch = len(images)
    tflops = batch * GFLOP * (3 if work == "training" else 1) / found.quick_s / 1e3
    row = {
        "batch": batch,
        "work": work,
        "images_s": batch / found.quick_s,
        "plain_images_s": batch / found.plain_s,
        "faster": found.faster,
        "cpu_faster": found.cpu_faster,
        "tflops": tflops,
    }
    return {name: short(each) for name, each in row.items()} | ({"of_peak": round(tflops / peak, 4)} if peak else {})


def _work(model: TinyBioMoe, images: Tensor, work: str, timing: Timing, embed: Callable[[Tensor], Tensor]) -> Work:
    """What is timed: a forward, or a step of AdamW, which is the same for both."""

    def forward() -> None:
        model.eval()
        with torch.inference_mode(), timing.arithmetic():
            embed(images)

    if work == "inference":
        return forward
    return step_of(model, lambda: embed(images).float().square().mean(), timing)

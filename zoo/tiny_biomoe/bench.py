"""Tiny-BioMoE's forward and training step against the same layers run one after the other, in one process by turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext

import polars as pl
import torch
from torch import Tensor

from biocurate.errors import UsageError
from zoo.tiny_biomoe.model import Architecture, TinyBioMoe
from zoo.tiny_biomoe.plain import plain_embed

GFLOP = 3.079
"""Of one image's forward, multiplications and additions counted apart; a training step takes three times that.

Source: torch's FlopCounterMode on the published network: convolutions and matrix products.
"""

Work = Callable[[], None]


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
    rounds : int
        In each, both work once, one after the other; the first, which warms up, is not counted.
    device : str
    precision : str
        ``float32``, or ``bfloat16`` by autocast.
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
    if precision not in ("float32", "bfloat16"):
        raise UsageError(f"there is no {precision!r}.", where="--precision", mend="float32 or bfloat16.")
    torch.manual_seed(0)
    model = TinyBioMoe(architecture=architecture).to(device)
    side = architecture.image_size
    rows = []
    for batch in batches:
        images = torch.rand(batch, 3, side, side, device=device)
        for work in ("inference", "training"):
            quick, plain = (_work(model, images, work, precision, one) for one in (model.embed, _plain(model)))
            rows.append(_row(batch, work, quick, plain, rounds, device, peak_tflops))
    return pl.DataFrame(rows, infer_schema_length=None)


def _plain(model: TinyBioMoe) -> Callable[[Tensor], Tensor]:
    return lambda images: plain_embed(model, images)


def _work(model: TinyBioMoe, images: Tensor, work: str, precision: str, embed: Callable[[Tensor], Tensor]) -> Work:
    """What is timed: a forward, or a step of AdamW."""
    kind = images.device.type
    arithmetic = torch.autocast(kind, torch.bfloat16) if precision == "bfloat16" else nullcontext()

    def forward() -> None:
        model.eval()
        with torch.inference_mode(), arithmetic:
            embed(images)

    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-6)

    def step() -> None:
        model.train()
        optimiser.zero_grad(set_to_none=True)
        with arithmetic:
            loss = embed(images).float().square().mean()
        torch.autograd.backward(loss)
        optimiser.step()

    return forward if work == "inference" else step


def _row(
    batch: int, work: str, quick: Work, plain: Work, rounds: int, device: str, peak: float | None
) -> dict[str, object]:
    times = [[_timed(each, device) for each in (quick, plain)] for _ in range(rounds + 1)][1:]
    wall = [statistics.median(turn[one][0] for turn in times) for one in (0, 1)]
    tflops = batch * GFLOP * (3 if work == "training" else 1) / wall[0] / 1e3
    found = {
        "batch": batch,
        "work": work,
        "images_s": batch / wall[0],
        "plain_images_s": batch / wall[1],
        "faster": statistics.median(turn[1][0] / turn[0][0] for turn in times),
        "cpu_faster": statistics.median(turn[1][1] / turn[0][1] for turn in times),
        "tflops": tflops,
    }
    return {name: _short(each) for name, each in found.items()} | ({"of_peak": round(tflops / peak, 4)} if peak else {})


def _short(value: object) -> object:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _timed(work: Work, device: str) -> tuple[float, float]:
    """Wall and processor seconds."""
    _wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    _wait(device)
    return time.perf_counter() - wall, time.process_time() - cpu


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()

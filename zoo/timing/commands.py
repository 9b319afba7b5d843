"""`biocurate zoo bench`. Heavy imports stay inside the functions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson

if TYPE_CHECKING:
    import polars as pl


def bench(
    model: Annotated[str, typer.Argument(help="tiny-biomoe, panluna-reference or biox-bridge.")] = "tiny-biomoe",
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Items at once; once for each.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each takes.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    peak: Annotated[
        float | None, typer.Option(help="TFLOP/s of the device, as its maker states it; of tiny-biomoe.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Items a second of a model's work, against its layers one after the other; of a bridge's, against what it saves.

    biocurate zoo bench tiny-biomoe --batch 1 --batch 8
    biocurate zoo bench panluna-reference --threads 1
    biocurate zoo bench biox-bridge
    """
    # Read when torch is imported: its profiler, which counts memory, would tell of each start.
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")
    import torch

    from biocurate.cli.output import show
    from biocurate.errors import ModelError
    from biocurate.images.drawing.picture import device_of

    if model not in ("tiny-biomoe", "panluna-reference", "biox-bridge"):
        mend = "There are tiny-biomoe, panluna-reference and biox-bridge."
        raise ModelError("there is nothing to measure it against.", where=model, mend=mend)
    device_of(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = _raced(model, batch, rounds, device, precision, peak)
    finally:
        torch.set_num_threads(before)
    show(found, as_json, title=f"{model}, {precision} on {device}, {threads} threads")


def _raced(
    model: str, batch: list[int] | None, rounds: int, device: str, precision: str, peak: float | None
) -> pl.DataFrame:
    from zoo.biox_bridge.bench import bench as biox_bridge
    from zoo.panluna.bench import bench as panluna
    from zoo.tiny_biomoe.bench import bench as tiny_biomoe

    if model == "biox-bridge":
        return biox_bridge(batch or (16,), rounds, device, precision)
    if model == "panluna-reference":
        return panluna(batch or (4, 32), rounds, device, precision)
    return tiny_biomoe(batch or (1, 2, 4, 8, 16, 32, 64), rounds, device, precision, peak)

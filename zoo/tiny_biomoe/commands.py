"""`biocurate zoo bench`. Heavy imports stay inside the function."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson


def bench(
    model: Annotated[str, typer.Argument(help="tiny-biomoe.")] = "tiny-biomoe",
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Images at once; once for each.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each takes.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    peak: Annotated[float | None, typer.Option(help="TFLOP/s of the device, as its maker states it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Images a second of a model's forward and training step, against its layers one after the other.

    biocurate zoo bench tiny-biomoe --batch 1 --batch 8
    """
    import torch

    from biocurate.cli.output import show
    from biocurate.errors import ModelError
    from biocurate.images.drawing.picture import device_of
    from zoo.tiny_biomoe.bench import bench as run

    if model != "tiny-biomoe":
        raise ModelError("there is nothing to measure it against.", where=model, mend="There is tiny-biomoe.")
    device_of(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = run(batch or [1, 2, 4, 8, 16, 32, 64], rounds, device, precision, peak)
    finally:
        torch.set_num_threads(before)
    show(found, as_json, title=f"{model}, {precision} on {device}, {threads} threads")

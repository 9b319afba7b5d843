"""`biocurate images generate | list | show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, Scheduler, StoreOption, Workers, path_of

if TYPE_CHECKING:
    from biocurate.images.generate import Outcome

app = typer.Typer(help="Draw windows as images, store them, look at them (extra: images).", no_args_is_help=True)


@app.command()
def generate(
    manifest: Annotated[str, typer.Option(help="Manifest whose windows are drawn.", show_default=False)],
    store: StoreOption,
    sensor: Annotated[
        list[str], typer.Option(help="Sensor type to draw; once for each, such as GSR.", show_default=False)
    ],
    representation: Annotated[str, typer.Option(help="How windows are drawn.")] = "spectrogram-psd",
    parameter: Annotated[
        list[str] | None, typer.Option(help="Parameter of the representation, such as segment=64; once for each.")
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel; once for each.")] = None,
    image_set: Annotated[
        str | None, typer.Option("--set", help="Name of the set; <manifest>-<representation> where left out.")
    ] = None,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Draw everything anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw every channel of a sensor type in every window of a manifest; run it again and it goes on where it stopped.

    biocurate images generate --manifest stress-10s --representation spectrogram-psd --sensor GSR --store ~/store
    """
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.images import representation as chosen
    from biocurate.images.generate import generate as run
    from biocurate.store.store import open_store

    opened = open_store(store)
    built = opened.manifest(manifest)
    drawing = chosen(representation, **_parameters(parameter or []))
    with progress("Drawing", "images") as bar, engine(workers, scheduler) as pool:
        outcome = run(
            opened,
            built,
            drawing,
            sensor,
            channels=channel or [],
            image_set=image_set,
            pool=pool,
            progress=bar,
            overwrite=overwrite,
        )
    _print(outcome, as_json)


@app.command(name="list")
def list_sets(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """List the image sets of a store; a stale one was made from a recording that has been replaced since.

    biocurate images list --store ~/store
    """
    from biocurate.cli.output import show as print_table
    from biocurate.images.listing import list_images
    from biocurate.store.store import open_store

    print_table(list_images(open_store(store, at)), as_json)


@app.command()
def show(
    image_set: Annotated[str, typer.Argument(help="Image set.", show_default=False)],
    store: StoreOption,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="PNG to write.", parser=path_of, metavar="FILE")
    ] = Path("images.png"),
    per_label: Annotated[int, typer.Option(min=1, max=20, help="Images of each label.")] = 6,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side of each image in pixels.")] = 224,
    colour: Annotated[str, typer.Option(help="Colour map: viridis or grey.")] = "viridis",
    at: At = None,
) -> None:
    """Write a contact sheet: a row for each label, a few images of each.

    biocurate images show stress-10s-spectrogram-psd -o images.png --store ~/store
    """
    from biocurate.cli.output import console
    from biocurate.errors import UsageError
    from biocurate.images.sheet import contact_sheet
    from biocurate.store.store import open_store

    shown = contact_sheet(open_store(store, at), image_set, output, per_label=per_label, size=size, colour=colour)
    if not shown:
        raise UsageError("no image of the set shows anything.", where=image_set, mend="See: biocurate images list")
    console().print(f"{shown} images are in {output}.", markup=False)


def _parameters(given: list[str]) -> dict[str, str]:
    from biocurate.errors import UsageError

    pairs = [text.partition("=") for text in given]
    for text, (_, split, _) in zip(given, pairs, strict=True):
        if not split:
            raise UsageError(f"--parameter {text} gives no value.", mend="Write --parameter NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _print(outcome: Outcome, as_json: bool) -> None:
    from dataclasses import asdict

    from biocurate.cli.output import console, show_facts

    if as_json:
        show_facts(asdict(outcome), as_json=True)
        return
    out = console()
    if not outcome.drawn:
        out.print(f"{outcome.image_set}: nothing to do; {outcome.there_before:,} images are there.", markup=False)
    else:
        rate = outcome.drawn / max(outcome.seconds, 1e-9)
        out.print(
            f"{outcome.image_set}: {outcome.drawn:,} images of {outcome.representation} in {outcome.seconds:.1f} s "
            f"({rate:,.0f}/s), stored in {outcome.stored_bytes / 1e6:,.1f} MB; {outcome.there_before:,} were there "
            f"before; snapshot {outcome.snapshot_id}.",
            markup=False,
        )
    if outcome.windows_without:
        out.print(f"{outcome.windows_without:,} windows of the manifest lack the sensor type.", markup=False)
    for status, count in sorted(outcome.status.items()):
        if status != "ok":
            out.print(f"{count:,} images show nothing: {status}.", markup=False)

"""`biocurate images generate | verify | list | show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, Scheduler, StoreOption, Workers, path_of

SCALES = "image, recording or train."

HOW = "How windows are drawn; once for each, and samples are read once."

app = typer.Typer(help="Draw windows as images, store them, look at them (extra: images).", no_args_is_help=True)


@app.command()
def generate(
    manifest: Annotated[
        list[str], typer.Option(help="Manifest whose windows are drawn; once for each.", show_default=False)
    ],
    store: StoreOption,
    sensor: Annotated[
        list[str], typer.Option(help="Sensor type to draw; once for each, such as GSR.", show_default=False)
    ],
    representation: Annotated[list[str] | None, typer.Option(help=HOW, show_default="spectrogram-psd")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="Parameter of the representations that have it, such as segment=64; KIND.segment=64 of one."),
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel; once for each.")] = None,
    image_set: Annotated[
        str | None,
        typer.Option("--set", help="Name of the set; <manifest>-<representation>, or <manifest> of several."),
    ] = None,
    render: Annotated[
        int | None, typer.Option(help="Store images resized to this side in pixels, not at their native grid.")
    ] = None,
    scale: Annotated[
        str, typer.Option(help="Black and white of each image, of each recording, or of the train split: " + SCALES)
    ] = "image",
    fold: Annotated[
        str | None, typer.Option(help="With --scale train over folds: the fold that is held out, such as fold0.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where images are drawn: cpu or cuda.")] = "cpu",
    workers: Workers = 2,
    scheduler: Scheduler = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Draw everything anew.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say how long it would take and how much it would store; write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin also where the disk has no room for all.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw every channel of a sensor type in every window of a manifest; run it again and it goes on where it stopped.

    A representation has the defaults of each sensor type where no parameter is given. Each manifest has a set of its
    own; samples are read once for all representations.

    biocurate images generate --manifest stress-10s --representation spectrogram-psd --sensor GSR --store ~/store
    """
    from biocurate.cli.image_reports import print_estimate, print_outcomes
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.images.making.expected import expected
    from biocurate.images.making.generate import generate_sets
    from biocurate.images.making.ordering import orders, pictures
    from biocurate.images.making.scaling import scaled_order
    from biocurate.store.store import open_store

    opened = open_store(store)
    drawn = pictures(representation or ["spectrogram-psd"], sensor, _parameters(parameter or []), render)
    asked = orders([opened.manifest(name) for name in dict.fromkeys(manifest)], drawn, channel or [], image_set)
    asked = [scaled_order(opened, order, scale, fold, named=image_set is not None) for order in asked]
    with progress("Drawing", "images") as bar, engine(workers, scheduler) as pool:
        if estimate:
            found = expected(opened, asked, pool.workers, device, overwrite=overwrite)
            print_estimate(found, as_json)
            raise typer.Exit(0 if found.fits else 1)
        outcomes = generate_sets(
            opened, asked, pool=pool, progress=bar, overwrite=overwrite, device=device, force=force
        )
    print_outcomes(outcomes, as_json)
    raise typer.Exit(1 if any(outcome.all_blank for outcome in outcomes) else 0)


@app.command()
def verify(
    store: StoreOption,
    image_set: Annotated[str | None, typer.Argument(help="Image set; all where left out.")] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Draw images anew from the samples and compare every byte.")
    ] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, help="With --deep: so many images of each set; all where left out.")
    ] = None,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Check that every image is there, byte for byte: parts, hashes, rows; with --deep also that it shows its window.

    biocurate images verify stress-10s-spectrogram-psd --deep --sample 1000 --store ~/store
    """
    from biocurate.cli.image_reports import print_checks
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.errors import UsageError
    from biocurate.images.checking.check import check_images
    from biocurate.store.store import open_store

    if sample is not None and not deep:
        raise UsageError("--sample says how many images are drawn anew.", mend="Add --deep, or leave it out.")
    with progress("Verifying", "images") as bar, engine(workers, scheduler) as pool:
        found = check_images(open_store(store), image_set, pool, bar, deep=deep, sample=sample)
    print_checks(found, as_json)
    raise typer.Exit(1 if found.problems else 0)


@app.command(name="list")
def list_sets(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """List the image sets of a store; a stale one was made from a recording that has been replaced since.

    biocurate images list --store ~/store
    """
    from biocurate.cli.output import show as print_table
    from biocurate.images.reading.listing import list_images
    from biocurate.store.store import open_store

    print_table(list_images(open_store(store, at)), as_json)


@app.command()
def show(
    store: StoreOption,
    image_set: Annotated[
        str | None, typer.Argument(help="Image set; windows of the store drawn in every way where left out.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="PNG to write.", parser=path_of, metavar="FILE")
    ] = Path("images.png"),
    per_label: Annotated[int, typer.Option(min=1, max=20, help="Images of each label of a set.")] = 6,
    sensor: Annotated[
        list[str] | None, typer.Option(help="Without a set: only this sensor type; once for each.")
    ] = None,
    representation: Annotated[
        list[str] | None, typer.Option(help="Without a set: only this representation; once for each.")
    ] = None,
    length: Annotated[
        float | None, typer.Option(min=0.1, help="Without a set: seconds of a window; as its sensor type needs.")
    ] = None,
    recording: Annotated[
        list[str] | None, typer.Option(help="Without a set: only this recording; once for each.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="Without a set: this channel, such as O2; the one that shows most.")
    ] = None,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side of each image in pixels.")] = 224,
    colour: Annotated[str, typer.Option(help="Colour map: viridis or grey.")] = "viridis",
    at: At = None,
) -> None:
    """Write a contact sheet: some images of each label of a set, or every representation of each sensor type.

    biocurate images show stress-10s-spectrogram-psd -o images.png --store ~/store

    biocurate images show --sensor EEG --sensor ECG -o representations.png --store ~/store

    biocurate images show --recording eegmat/Subject02_1 --sensor EEG --channel O2 --store ~/store
    """
    from biocurate.cli.output import console
    from biocurate.errors import UsageError
    from biocurate.images.shown.examples import find_windows
    from biocurate.images.shown.gallery import gallery
    from biocurate.images.shown.sheet import contact_sheet
    from biocurate.store.store import open_store

    if output.suffix.lower() != ".png":
        raise UsageError("a contact sheet is a PNG.", where=str(output), mend="Give it a name that ends in .png.")
    opened = open_store(store, at)
    if image_set is None:
        windows = find_windows(opened, sensor or [], length, recording or [], channel)
        if not windows:
            raise UsageError("no window could be drawn.", where=store, mend="Give a shorter --length.")
        shown = gallery(windows, output, representation or [], size=size, colour=colour)
    else:
        if sensor or representation or length or recording or channel:
            raise UsageError(
                "--sensor, --representation, --length, --recording and --channel choose what is drawn anew; "
                "a set has been drawn.",
                where=image_set,
                mend="Leave them out, or leave out the set.",
            )
        shown = contact_sheet(opened, image_set, output, per_label=per_label, size=size, colour=colour)
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

"""`biocurate images generate | list | show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, Scheduler, StoreOption, Workers, path_of

if TYPE_CHECKING:
    from biocurate.images.generate import Outcome
    from biocurate.images.registry import Representation

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

    A representation has the defaults of each sensor type where no parameter is given.

    biocurate images generate --manifest stress-10s --representation spectrogram-psd --sensor GSR --store ~/store
    """
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.images import representation as chosen
    from biocurate.images.generate import generate as run
    from biocurate.store.store import open_store

    opened = open_store(store)
    built = opened.manifest(manifest)
    alike: dict[Representation, list[str]] = {}
    for name in sensor:
        alike.setdefault(chosen(representation, name, **_parameters(parameter or [])), []).append(name)
    outcomes: list[Outcome] = []
    with progress("Drawing", "images") as bar, engine(workers, scheduler) as pool:
        for drawing, sensors in alike.items():
            outcomes.append(
                run(
                    opened,
                    built,
                    drawing,
                    sensors,
                    channels=channel or [],
                    image_set=image_set,
                    pool=pool,
                    progress=bar,
                    overwrite=overwrite and not outcomes,
                )
            )
    _print(outcomes, as_json)


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
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side of each image in pixels.")] = 224,
    colour: Annotated[str, typer.Option(help="Colour map: viridis or grey.")] = "viridis",
    at: At = None,
) -> None:
    """Write a contact sheet: some images of each label of a set, or every representation of each sensor type.

    biocurate images show stress-10s-spectrogram-psd -o images.png --store ~/store

    biocurate images show --sensor EEG --sensor ECG -o representations.png --store ~/store
    """
    from biocurate.cli.output import console
    from biocurate.errors import UsageError
    from biocurate.images.gallery import find_windows, gallery
    from biocurate.images.sheet import contact_sheet
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    if image_set is None:
        windows = find_windows(opened, sensor or [], length)
        if not windows:
            raise UsageError("no window could be drawn.", where=store, mend="Give a shorter --length.")
        shown = gallery(windows, output, representation or [], size=size, colour=colour)
    else:
        if sensor or representation or length:
            raise UsageError(
                "--sensor, --representation and --length choose what is drawn anew; a set has been drawn.",
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


def _print(outcomes: list[Outcome], as_json: bool) -> None:
    from dataclasses import asdict

    from biocurate.cli.output import show_facts

    if not as_json:
        for outcome in outcomes:
            _tell(outcome)
    elif len(outcomes) == 1:
        show_facts(asdict(outcomes[0]), as_json=True)
    else:
        show_facts({outcome.representation: asdict(outcome) for outcome in outcomes}, as_json=True)


def _tell(outcome: Outcome) -> None:
    from biocurate.cli.output import console

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

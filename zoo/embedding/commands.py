"""`biocurate zoo import | embed | similar | map`. Heavy imports stay inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

Settings = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of the model.")]
Embeddings = Annotated[str, typer.Option("--embeddings", help="A set of `zoo embed`.", show_default=False)]


def import_(
    model: Annotated[str, typer.Argument(help="A name of `biocurate zoo list`.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(help="The file as its authors published it.", parser=path_of, show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", help="A new folder.", parser=path_of, metavar="DIR")],
    source: Annotated[
        str | None, typer.Option(help="Where the file is from.", show_default="the authors' page")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Its terms.", show_default="the authors'")] = None,
    set_: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Take in published weights: every name finds its place, and what is left over is told. No code of the file is run.

    biocurate zoo import tiny-biomoe Tiny-BioMoE.pth --out weights/tiny-biomoe
    """
    from dataclasses import asdict

    from biocurate.cli.output import show_facts
    from zoo.models.registry import model_config
    from zoo.runs.config import settings
    from zoo.runs.importing import import_weights

    options = settings(model_config(model), set_ or [])["options"].model_dump()
    found = import_weights(model, file, out, options, source, licence)
    show_facts(asdict(found), as_json)
    if not as_json:
        _say(*found.notes, f"Use them: --from {out}, or biocurate zoo embed {out} …")


def embed(
    source: Annotated[
        str,
        typer.Argument(metavar="MODEL|DIR|FILE", help="A run, an import or a checkpoint; a model has random weights."),
    ],
    store: StoreOption,
    images: Annotated[str | None, typer.Option("--images", help="Set of images, for a model of images.")] = None,
    manifest: Annotated[str | None, typer.Option(help="Built manifest, for a model of samples.")] = None,
    sensors: Annotated[
        str | None, typer.Option(help="With --manifest: sensor types that are seen together, such as EEG,ECG.")
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option("--channels", metavar="SENSOR=NAMES", help="With --manifest: only these, such as EEG=Fz,Cz."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the embeddings.", show_default="<images>-<source>")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images or windows that the model is given at once.")] = 32,
    device: Annotated[str, typer.Option(help="Where the model runs: cpu or cuda.")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of a model's random weights.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make all of them anew.")] = False,
    set_: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Write a vector for every image of a set, or window of a manifest; run it again and it makes what is lacking.

    biocurate zoo embed weights/tiny-biomoe --images stress-10s --store ~/store
    biocurate zoo embed runs/masked --manifest stress-5s --sensors PPG,ECG --name stress --store ~/store
    """
    from dataclasses import asdict

    from biocurate.cli.output import show_facts
    from biocurate.cli.progress import progress
    from biocurate.images.drawing.picture import device_of
    from biocurate.store.store import open_store
    from zoo.embedding.making import embed as embed_images
    from zoo.embedding.samples import embed_windows
    from zoo.embedding.source import open_source
    from zoo.models.registry import list_models, model_config
    from zoo.runs.channels import parse_channels
    from zoo.runs.config import settings

    device_of(device)
    _check_of(images, manifest, bool(sensors or channels))
    of_model = source in list_models()
    _check_set(source, of_model, set_)
    options = settings(model_config(source), set_ or [])["options"].model_dump() if of_model else {}
    opened, into = open_source(source, options, seed), open_store(store)
    how: dict[str, Any] = {"batch_size": batch_size, "device": device, "overwrite": overwrite}
    with progress("Embedding", "images" if images else "windows") as bar:
        if images is not None:
            found = embed_images(into, opened, images, name, **how, progress=bar)
        else:
            assert manifest is not None
            kinds = [each.strip() for each in (sensors or "").split(",") if each.strip()]
            chosen = parse_channels(channels or ())
            found = embed_windows(into, opened, manifest, kinds, chosen, name, **how, progress=bar)
    show_facts(asdict(found), as_json)
    if not as_json:
        _say(f'In SQL: SELECT * FROM "embeddings_{found.name.replace("-", "_")}"; it has window_id and image_id.')


def similar(
    window: Annotated[int, typer.Argument(help="Number of a window.", show_default=False)],
    store: StoreOption,
    embeddings: Embeddings,
    count: Annotated[int, typer.Option(min=1, help="Windows of anyone, and of other persons.")] = 10,
    representation: Annotated[list[str] | None, typer.Option(help="Only images of this kind; once for each.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only images of this channel; once for each.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """List the windows that are most like one, and whose they are; the nearest of other persons among them.

    biocurate zoo similar 12 --embeddings stress-10s-tiny-biomoe --store ~/store
    """
    from biocurate.cli.output import show
    from biocurate.store.store import open_store
    from zoo.embedding.similar import similar as find

    found = find(open_store(store, at), embeddings, window, count, representation or [], channel or [])
    show(found, as_json, title=f"windows like {window}, by cosine")


def map_(
    store: StoreOption,
    embeddings: Embeddings,
    output: Annotated[Path, typer.Option("-o", "--output", help="PNG, SVG or PDF.", parser=path_of, metavar="FILE")],
    colour: Annotated[str, typer.Option(help="label, corpus or person.")] = "label",
    method: Annotated[str, typer.Option(help="pca, or umap where it is installed.")] = "pca",
    seed: Annotated[int, typer.Option(min=0, help="Of UMAP.")] = 0,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Draw the windows of a set of embeddings on a plane.

    biocurate zoo map --embeddings stress-10s-tiny-biomoe --colour corpus --output map.png --store ~/store
    """
    from biocurate.cli.output import show_facts, writing
    from biocurate.store.store import open_store
    from zoo.embedding.plane import draw, plane

    wanted, by = (
        _one_of(method, ("pca", "umap"), "--method"),
        _one_of(colour, ("label", "corpus", "person"), "--colour"),
    )
    _one_of(output.suffix.lower(), (".png", ".svg", ".pdf"), "the ending of --output")
    found = plane(open_store(store, at), embeddings, wanted, seed)  # type: ignore[arg-type]
    with writing(output):
        draw(found, embeddings, by, output)  # type: ignore[arg-type]
    told = {"windows": found.rows.height, "left_out": found.left_out, "explained": found.explained}
    show_facts({**told, "file": str(output)}, as_json)


def join(app: typer.Typer) -> None:
    """Add the commands to `biocurate zoo`."""
    app.command("import")(import_)
    app.command()(embed)
    app.command()(similar)
    app.command("map")(map_)


def _check_of(images: str | None, manifest: str | None, chosen: bool) -> None:
    """Refuse an embedding of nothing, or of two things."""
    from biocurate.errors import UsageError

    if (images is None) == (manifest is None):
        mend = "Give --images SET to a model of images, or --manifest NAME to one of samples."
        raise UsageError("it is not said what is embedded.", where="zoo embed", mend=mend)
    if images is not None and chosen:
        mend = "Leave out --sensors and --channels."
        raise UsageError("images are of the sensor types and channels that they show.", where="--images", mend=mend)


def _check_set(source: str, of_model: bool, given: list[str] | None) -> None:
    """Refuse options for weights, whose network is made already."""
    from biocurate.errors import UsageError

    if given and not of_model:
        mend = "Leave out --set; or name a model, which gets random weights."
        what = f"the weights of {source} have the options that they were trained with."
        raise UsageError(what, where="--set", mend=mend)


def _one_of(given: str, known: tuple[str, ...], where: str) -> str:
    from biocurate.errors import UsageError

    if given not in known:
        raise UsageError(f"there is no {given!r}.", where=where, mend=f"Choose one of {', '.join(known)}.")
    return given


def _say(*lines: str) -> None:
    from biocurate.cli.output import console

    for line in lines:
        console().print(line, markup=False)

"""`biocurate zoo pretrain`. Heavy imports stay inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

Config = Annotated[
    Path,
    typer.Option("--config", help="YAML file of data and choices.", parser=path_of, show_default=False),
]
Run = Annotated[
    Path, typer.Option("--run", help="Folder of the run.", parser=path_of, metavar="DIR", show_default=False)
]


def pretrain(
    store: StoreOption,
    run: Run,
    config: Config,
    model: Annotated[
        str | None, typer.Argument(help="A model that embeds or reconstructs.", show_default=False)
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of the model or the training.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a run of the same name.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a killed run of the same choices stopped.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Train one network on several corpora at once: on images with labels, or to say what hidden patches held.

    biocurate zoo pretrain tiny-biomoe --config tasks.yaml --run runs/demo --store ~/store
    """
    from dataclasses import asdict

    import polars as pl

    from biocurate.cli.output import console, show, show_facts
    from biocurate.cli.progress import progress
    from biocurate.images.drawing.picture import device_of
    from biocurate.store.store import open_store
    from zoo.pretraining.choices import pretrain_config
    from zoo.pretraining.run import pretrain as train
    from zoo.pretraining.told import figures, use
    from zoo.runs.run_file import read_choices

    chosen = pretrain_config(read_choices(config), model, set_ or [], str(config))
    device_of(chosen.pretraining.device)
    with progress("Pre-training", "items") as bar:
        found = train(open_store(store, at), chosen, run, force, resume, bar)
    if as_json:
        show_facts(asdict(found), as_json)
        return
    tables, lines = figures(found)
    for title, rows in tables.items():
        show(pl.DataFrame(rows, infer_schema_length=None), title=title)
    for line in (*lines, f"Use them: {use(found, run)}"):
        console().print(line, markup=False)

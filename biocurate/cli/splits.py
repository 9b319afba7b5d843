"""`biocurate splits`."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption

app = typer.Typer(help="Look at who is on which side of a manifest.", no_args_is_help=True)


@app.callback()
def splits() -> None:
    """Look at who is on which side of a manifest."""


@app.command()
def show(
    manifest: Annotated[str, typer.Argument(help="Name of a built manifest.", show_default=False)],
    store: StoreOption,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show persons, windows, labels, age and sex of each split, and whether it has its persons to itself.

    biocurate splits show eegmat-rest-task --store ~/store
    """
    from biocurate.cli.output import console
    from biocurate.cli.output import show as print_table
    from biocurate.curate.splits.told import told
    from biocurate.curate.views.told import normalisation
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    built = opened.manifest_as_built(manifest)
    print_table(told(opened, built), as_json)
    if as_json:
        return
    for sentence in normalisation(opened, built.rows):
        console().print(sentence, style="yellow" if sentence.startswith("TRANSDUCTIVE") else "", markup=False)
    if not built.by_person:
        console().print(
            "Persons are on several sides: this tests new times of known persons, not new persons.", style="yellow"
        )

"""`biocurate check`: gates before training."""

from __future__ import annotations

import typer

from biocurate.cli.options import AsJson, At, StoreOption

app = typer.Typer(name="check", help="Checks of what a store holds.", no_args_is_help=True)


@app.callback()
def check() -> None:
    """Checks of what a store holds."""


@app.command("duplicates")
def find_duplicates(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """List recordings that hold the same samples under different names, also in different corpora; exit status 1.

    biocurate check duplicates --store ~/store
    """
    from biocurate.cli.output import console, show
    from biocurate.store.duplicates import duplicates
    from biocurate.store.store import open_store

    found = duplicates(open_store(store, at))
    if found.height or as_json:
        show(found, as_json, title="The same samples under several names")
    else:
        console().print("No two recordings hold the same samples.")
    raise typer.Exit(1 if found.height else 0)

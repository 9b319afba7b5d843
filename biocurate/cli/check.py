"""`biocurate check`: gates before training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption

app = typer.Typer(name="check", help="Checks of what a store holds.", no_args_is_help=True)


@app.callback()
def check() -> None:
    """Checks of what a store holds."""


@app.command("leakage")
def find_leakage(
    manifest: Annotated[str, typer.Argument(help="Name of a built manifest.", show_default=False)],
    store: StoreOption,
    against: Annotated[
        list[Path] | None, typer.Option(help="Also against what the models of this run saw; may be repeated.")
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Look for persons, times and content that splits of a manifest share; exit status 1 where there are any.

    Content is compared by digests of whole streams, and by fingerprints, which find copies after resampling or scaling,
    and stretches that begin elsewhere in the other: equal numbers from about 8 s on, others from about half a minute.

    biocurate check leakage eegmat-rest-task --store ~/store

    biocurate check leakage eegmat-test --against runs/pretrained --store ~/store
    """
    from biocurate.cli.output import console, show, show_facts
    from biocurate.cli.progress import progress
    from biocurate.curate.leakage.check import find_leaks
    from biocurate.curate.leakage.seen import read_seen
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    rows = opened.manifest(manifest).rows
    with progress("Fingerprints", "streams") as bar:
        leaks = find_leaks(opened, rows, {run.name: read_seen(run) for run in against or ()}, bar)
    facts = {
        "manifest": manifest,
        "persons": leaks.persons,
        "recordings": leaks.recordings,
        "streams with fingerprints": leaks.streams,
        "streams without": leaks.unseen,
    }
    if as_json:
        show_facts(
            facts | {"clean": leaks.clean, "uncropped": leaks.uncropped, "found": leaks.found.to_dicts()}, as_json=True
        )
    else:
        show_facts(facts)
        if leaks.clean:
            console().print("The splits share no person, no overlapping window and no recording's content.")
        else:
            show(leaks.found, title="What splits share")
        for note in leaks.notes:
            console().print(note, style="yellow", markup=False)
    raise typer.Exit(0 if leaks.clean else 1)


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

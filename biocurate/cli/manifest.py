"""`biocurate manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli import manifest_files
from biocurate.cli.options import AsJson, At, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest
    from biocurate.store.store import Store

app = typer.Typer(help="Freeze selections of windows with labels and splits.", no_args_is_help=True)


@app.command()
def build(
    file: Annotated[
        Path, typer.Argument(help="Definition: a YAML file, or the name of one that is shipped.", show_default=False)
    ],
    store: StoreOption,
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Build a manifest from its definition; the same definition and sources give the same hash.

    biocurate manifest build eegmat-rest-task --store ~/store

    Windows that the definition cuts for itself are judged first where it asks for quality; a build that is refused
    leaves no window set behind.
    """
    from biocurate.cli.progress import progress
    from biocurate.curate.manifests.build import build_manifest
    from biocurate.curate.manifests.catalogue import find_definition
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    definition, opened = find_definition(file), open_store(store)
    with progress("Judging", "windows") as bar, engine(workers) as pool:
        built = build_manifest(opened, definition, pool=pool, progress=bar)
    _print(opened, built, as_json)


@app.command("list")
def list_manifests(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """List the manifests of a store; a stale one was built from a recording that has been replaced since.

    biocurate manifest list --store ~/store
    """
    from biocurate.cli.output import show
    from biocurate.curate.manifests.build import list_manifests as listed
    from biocurate.store.store import open_store

    show(listed(open_store(store, at)), as_json)


@app.command("show")
def show_manifest(
    name: Annotated[str, typer.Argument(help="Name of a built manifest.", show_default=False)],
    store: StoreOption,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show a manifest: its hash, and windows and persons of each split and label.

    biocurate manifest show eegmat-rest-task --store ~/store
    """
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    built = opened.manifest_as_built(name)
    _print(opened, built, as_json, stale=opened.is_stale(built.rows.lazy()))


app.command()(manifest_files.diff)
app.command()(manifest_files.export)
app.command()(manifest_files.resolve)


def _spelled(terms: Mapping[str, object]) -> str:
    """One corpus' terms in words; what a licence does not forbid goes without saying."""
    said = [f"{terms['corpus']}: {terms['licence']}"]
    said += [f"{terms['access']} access"] if terms["access"] != "open" else []
    said += ["not to be passed on"] if terms["redistribute"] is False else []
    said += ["what is derived stays under it"] if terms["share_alike"] else []
    return ", ".join(said)


def _few(names: list[str], mark: str = ", ", most: int = 5) -> str:
    """Some of many names, and how many others there are."""
    others = [f"{len(names) - most} more"] if len(names) > most else []
    return mark.join([*names[:most], *others])


def _print(store: Store, manifest: Manifest, as_json: bool, stale: bool = False) -> None:
    from biocurate.cli.output import console, show, show_facts
    from biocurate.curate.views.told import normalisation

    normalised = normalisation(store, manifest.rows)
    facts = {
        "manifest": manifest.name,
        "title": manifest.definition.get("title", ""),
        "hash": manifest.hash,
        "windows": manifest.rows.height,
        "persons": manifest.rows["person"].n_unique(),
        "classes": manifest.classes,
        "built from snapshot": manifest.snapshot_id,
        "stale": stale,
        "licences": [_spelled(terms) for terms in manifest.terms],
    }
    if as_json:
        balance = manifest.balance().to_dicts()
        show_facts(
            facts
            | {
                "licences": list(manifest.terms),
                "absent": manifest.absent,
                "one_sided": manifest.one_sided,
                "definition": manifest.definition,
                "balance": balance,
                "dropped": list(manifest.dropped),
                "normalisation": normalised,
            },
            as_json=True,
        )
        return
    show_facts(facts)
    for sentence in normalised:
        console().print(sentence, style="yellow" if sentence.startswith("TRANSDUCTIVE") else "", markup=False)
    show(manifest.balance())
    _print_dropped(manifest)
    if stale:
        console().print(
            "It is stale: recordings that it was built from have been replaced. Build it again: biocurate manifest "
            f"build FILE. Or read the store as it was: --at {manifest.snapshot_id}",
            style="yellow",
            markup=False,
        )
    if manifest.one_sided:
        lacking = [f"{split} has no {_few(labels)}" for split, labels in manifest.one_sided.items()]
        console().print(f"Not every split has every class: {_few(lacking, '; ')}.", style="yellow", markup=False)
    if manifest.absent:
        console().print(
            f"No window is labelled {', '.join(manifest.absent)}, which the definition names.", markup=False
        )


def _print_dropped(manifest: Manifest) -> None:
    """Print whom the thresholds on quality drop, and how many windows each other step leaves out."""
    import polars as pl

    from biocurate.cli.output import console, show
    from biocurate.curate.manifests.left_out import UNLABELLED, UNPAIRED, UNSPLIT

    said = {UNPAIRED: "without pairs", UNLABELLED: "without a label", UNSPLIT: "without a split"}
    judged = [line for line in manifest.dropped if line["by"] not in {"cap", *said}]
    if judged:
        rows = pl.DataFrame(judged).with_columns(share=pl.col("dropped") / pl.col("windows"))
        show(rows, title="Dropped for their quality")
    for line in manifest.dropped:
        if line["by"] == "cap":
            kept = line["windows"] - line["dropped"]
            console().print(f"{kept:,} of {line['windows']:,} windows are kept: {line['value']}.", markup=False)
        if line["by"] in said:
            of = f"{line['dropped']:,} of {line['windows']:,} windows"
            console().print(f"{of} are left out {said[line['by']]}: {line['value']}.", markup=False)

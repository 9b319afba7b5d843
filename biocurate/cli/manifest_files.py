"""`biocurate manifest diff | export | resolve`: manifests beside others, and as files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

if TYPE_CHECKING:
    import polars as pl

    from biocurate.curate.manifests.files.rebuild import Rebuilt
    from biocurate.curate.manifests.files.resolve import Resolution


class Form(StrEnum):
    """What a manifest is written as."""

    parquet = "parquet"
    csv = "csv"
    croissant = "croissant"
    meds = "meds"


def diff(
    a: Annotated[str, typer.Argument(help="A built manifest, or a file of one.", show_default=False)],
    store: StoreOption,
    b: Annotated[str | None, typer.Argument(help="Another; the same one where left out.", show_default=False)] = None,
    at: At = None,
    at_b: Annotated[str | None, typer.Option("--at-b", help="The same for B: a snapshot's id or a date.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two manifests, or one at two snapshots: what entered, what left, and what has another label or split.

    biocurate manifest diff eegmat-rest-task --at 3 --store ~/store
    """
    from biocurate.cli.output import console, show, to_json
    from biocurate.curate.manifests.diff import counts
    from biocurate.curate.manifests.diff import diff as compare

    (before, without), (after, without_b) = _side(a, store, at), _side(b or a, store, at_b)
    changes = compare(before, after, {*without, *without_b})
    if as_json:
        facts = {"before": before.height, "after": after.height, "counts": counts(changes).to_dicts()}
        print(to_json(facts | {"changes": changes.to_dicts()}))
        return
    out = console()
    out.print(f"{before.height:,} windows before, {after.height:,} after.", markup=False)
    if changes.is_empty():
        out.print("No window entered, left or changed.", markup=False)
    else:
        show(counts(changes))
    for corpus in sorted({*without, *without_b}):
        out.print(f"{corpus}: one of the files has no labels of it, so that labels are not compared.", markup=False)


def export(
    name: Annotated[str, typer.Argument(help="Name of a built manifest.", show_default=False)],
    store: StoreOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the files.", parser=path_of, metavar="DIR")],
    form: Annotated[
        Form, typer.Option("--format", help="Rows as Parquet or CSV, Parquet described by Croissant, or MEDS labels.")
    ] = Form.parquet,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write a manifest as files for others: windows, labels, splits, definition, hash and terms, but no samples.

    biocurate manifest export eegmat-rest-task -o ~/files --store ~/store
    """
    from biocurate.cli.output import console, show_facts
    from biocurate.curate.manifests.files.export import export_manifest
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    made = export_manifest(opened, opened.manifest(name), out, form.value, overwrite=overwrite)
    files = [str(path) for path in made.files]
    facts = {"manifest": name, "windows": made.rows, "files": files}
    if as_json:
        show_facts(facts | {"notes": list(made.notes)}, as_json=True)
        return
    show_facts(facts)
    for note in made.notes:
        console().print(note, style="yellow", markup=False)


def resolve(
    file: Annotated[Path, typer.Argument(help="An exported manifest.", parser=path_of, show_default=False)],
    store: StoreOption,
    build: Annotated[
        str | None, typer.Option("--build", help="Build what is found, under this name.", metavar="NAME")
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Look for a colleague's manifest in a store: which samples are here, under that name or another, and which not.

    The exit status is 1 where some are not.

    biocurate manifest resolve ~/files/eegmat-rest-task.manifest.json --build theirs --store ~/store
    """
    from biocurate.cli.output import console, show, to_json
    from biocurate.curate.manifests.files.document import read_manifest_file
    from biocurate.curate.manifests.files.rebuild import rebuild
    from biocurate.curate.manifests.files.resolve import resolve as look
    from biocurate.store.store import open_store

    opened, asked = open_store(store, at), read_manifest_file(file)
    found = look(opened, asked)
    built = rebuild(opened, asked, found, build) if build else None
    if as_json:
        print(to_json(_facts(found, asked.name, asked.hash, built)))
    else:
        show(found.counts)
        if found.recordings.height:
            show(found.recordings, title="Not here as the file names them")
        for note in found.notes:
            console().print(note, style="yellow", markup=False)
        if built:
            _tell(built, asked.hash)
    raise typer.Exit(0 if found.complete else 1)


def _side(name: str, url: str, at: str | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows of a built manifest or of a file, and the corpora whose labels it does not have."""
    from biocurate.curate.manifests.files.document import read_manifest_file
    from biocurate.store.store import open_store

    path = path_of(name)
    if path.suffix in (".json", ".parquet", ".csv") or len(path.parts) > 1:
        file = read_manifest_file(path)
        return file.rows, file.unlabelled
    return open_store(url, at).manifest_as_built(name).rows, ()


def _facts(found: Resolution, name: str, asked: str, built: Rebuilt | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "manifest": name,
        "hash": asked,
        "complete": found.complete,
        "counts": found.counts.to_dicts(),
        "recordings": found.recordings.to_dicts(),
        "notes": list(found.notes),
    }
    if built:
        facts["built"] = {
            "manifest": built.manifest.name,
            "hash": built.manifest.hash,
            "equal": built.equal,
            "windows": built.manifest.rows.height,
            "asked": built.asked,
            "left_out": built.left_out,
            "relabelled": built.relabelled,
        }
    return facts


def _tell(built: Rebuilt, asked: str) -> None:
    from biocurate.cli.output import console

    out = console()
    out.print(f"{built.manifest.name}: {built.manifest.rows.height:,} of {built.asked:,} windows.", markup=False)
    if built.left_out:
        text = f"{built.left_out:,} windows whose samples are here cannot be cut or labelled as the definition says."
        out.print(text, style="yellow", markup=False)
    if built.relabelled:
        out.print(f"{built.relabelled:,} windows have another label here.", style="yellow", markup=False)
    if built.equal:
        out.print(f"Its hash is equal: {asked}", style="green", markup=False)
    else:
        out.print(f"Its hash is another: {built.manifest.hash}, not {asked}", style="yellow", markup=False)

"""`biocurate init | verify | snapshots | vacuum`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.recipes import Recipe


def init(store: Annotated[str, typer.Argument(help="Folder or URL of the new store.", show_default=False)]) -> None:
    """Make an empty store.

    biocurate init ~/store
    """
    from biocurate.cli.output import console
    from biocurate.store.store import create_store

    made = create_store(store)
    console().print(
        f"An empty store is at {made.url}. Next: biocurate ingest RECIPE --root DIR --store {store}", markup=False
    )


def verify(
    store: StoreOption,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read the raw files again by a second path and compare.")
    ] = False,
    root: Annotated[
        list[str] | None, typer.Option(help="With --deep: CORPUS=DIR, or DIR where the store has one corpus.")
    ] = None,
    recipe: Annotated[
        list[Path] | None,
        typer.Option(help="With --deep: recipe file of a corpus; by default the installed one, else the stored text."),
    ] = None,
    all_snapshots: Annotated[
        bool, typer.Option("--all-snapshots", help="Check the parts, too, that only older snapshots name.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Check every stored sample, and with --deep every sample against the raw files.

    biocurate verify --store ~/store

    biocurate verify --deep --root eegmat=~/data/eegmat --store ~/store

    biocurate verify --deep --root mine=~/data/mine --recipe mine.yaml --store ~/store
    """
    from biocurate.cli.output import console
    from biocurate.cli.progress import progress
    from biocurate.cli.reports import print_deep, print_findings
    from biocurate.engine import engine
    from biocurate.errors import UsageError
    from biocurate.store.store import open_store
    from biocurate.store.verify import verify as check

    opened = open_store(store)
    if deep and not root:
        raise UsageError("--deep needs the raw files.", mend="Add --root CORPUS=DIR, once for each corpus.")
    # A damaged table is a finding, not an end: without --root none has to be read here.
    named = opened.recordings.select("corpus").unique().collect()["corpus"].to_list() if root or recipe else []
    roots = _roots(root or [], named)
    recipes = _recipes(recipe or [], [corpus for corpus, _ in roots])
    with engine(workers) as pool, progress("Verifying", "parts") as bar:
        found = check(opened, pool, bar, all_snapshots=all_snapshots)
    print_findings(found, as_json and not deep, all_snapshots)
    problems = len(found.problems)
    if deep:
        from biocurate.verify import verify_deep

        for corpus, folder in roots:
            with progress(f"Comparing {corpus}", "recordings") as bar:
                compared = verify_deep(opened, corpus, folder, bar, recipes.get(corpus))
            print_deep(compared, as_json)
            problems += len(compared.problems)
        if left := sorted(set(named) - {corpus for corpus, _ in roots}):
            console(stderr=True).print(f"Not compared, as no --root was given: {', '.join(left)}.", markup=False)
    raise typer.Exit(1 if problems else 0)


def _roots(given: list[str], corpora: list[str]) -> list[tuple[str, Path]]:
    from biocurate.errors import UsageError

    found = []
    for text in given:
        name, split, folder = text.partition("=")
        if not split and len(corpora) == 1:
            name, folder = corpora[0], text
        if name not in corpora or not Path(folder).expanduser().is_dir():
            raise UsageError(
                f"--root {text} names no corpus of the store with a folder.",
                mend=f"Write --root CORPUS=DIR; the store has {', '.join(sorted(corpora))}.",
            )
        found.append((name, Path(folder).expanduser()))
    return found


def _recipes(given: list[Path], corpora: list[str]) -> dict[str, Recipe]:
    from biocurate.errors import UsageError
    from biocurate.recipes import load_recipe

    found = {}
    for path in given:
        recipe = load_recipe(path.expanduser())
        if recipe.name not in corpora:
            raise UsageError(
                f"--recipe {path} is of {recipe.name}, which no --root names.",
                mend=f"Add --root {recipe.name}=DIR, or leave it out.",
            )
        found[recipe.name] = recipe
    return found


def snapshots(store: StoreOption, as_json: AsJson = False) -> None:
    """List the snapshots that `--at` can read.

    biocurate snapshots --store ~/store
    """
    import polars as pl

    from biocurate.cli.output import show
    from biocurate.store.store import open_store

    rows = open_store(store).snapshots.sort("snapshot_id")
    rows = rows.with_columns(
        tables=pl.col("tables").list.eval(pl.format("{}@{}", pl.element().struct[0], pl.element().struct[1]))
    )
    show(rows.collect(), as_json)


def vacuum(
    store: StoreOption,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only listed.")] = False,
    keep_snapshots: Annotated[
        int | None, typer.Option(min=1, help="First drop all snapshots but the newest N and those of manifests.")
    ] = None,
    drop_snapshots_before: Annotated[
        str | None, typer.Option(help="First drop the snapshots of before this date, but those of manifests.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List, or with --yes remove, parts that no snapshot and no manifest refers to.

    Nothing younger than 24 hours is touched.

    biocurate vacuum --store ~/store --yes

    biocurate vacuum --keep-snapshots 10 --store ~/store --yes
    """
    from biocurate.cli.output import show_facts
    from biocurate.store.snapshots import day
    from biocurate.store.store import open_store
    from biocurate.store.vacuum import vacuum as sweep

    before = None if drop_snapshots_before is None else day(drop_snapshots_before)
    swept = sweep(open_store(store), dry_run=not yes, keep_snapshots=keep_snapshots, drop_before=before)
    facts = {
        "snapshots dropped" if yes else "snapshots to drop": len(swept.snapshots),
        "parts removed" if yes else "parts to remove": len(swept.parts),
        "objects": swept.objects,
        "MB": round(swept.n_bytes / 1e6, 3),
        "unreferenced but younger than 24 h": swept.kept_young,
    }
    show_facts({**facts, "snapshots": swept.snapshots, "parts": swept.parts} if as_json else facts, as_json)

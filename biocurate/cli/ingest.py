"""`biocurate ingest`."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson, RootDir, Scheduler, StoreOption, Workers


def ingest(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a recipe file.", show_default=False)],
    root: RootDir,
    store: StoreOption,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only the first N recordings.")] = None,
    named: Annotated[
        str | None, typer.Option("--as", help="Name of the corpus, for a recipe that serves many, such as bids.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read; write nothing.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say how long it would take and how much it would store; write nothing.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Read again what failed before.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Read again what has damaged parts.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove recordings whose files are gone from the root.")
    ] = False,
    keep_identifiers: Annotated[
        bool,
        typer.Option("--keep-identifiers", help="Store patient and date fields and free header text, too."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin also where the disk has no room for all.")] = False,
    codec: Annotated[str, typer.Option(help="pcodec-5 (small) or blosc-lz4-5 (fast).")] = "pcodec-5",
    as_json: AsJson = False,
) -> None:
    """Read a corpus into the store, losslessly; run it again and it goes on where it stopped.

    biocurate ingest eegmat --root ~/data/eegmat --store ~/store
    """
    from dataclasses import replace

    from biocurate.cli.output import console
    from biocurate.cli.progress import progress
    from biocurate.cli.reports import print_estimate, print_outcome, print_plan
    from biocurate.engine import engine
    from biocurate.errors import UsageError
    from biocurate.ingest import ingest as run
    from biocurate.ingest import make_plan
    from biocurate.ingest.estimate import estimate as measure
    from biocurate.ingest.told import told
    from biocurate.recipes import load_recipe
    from biocurate.recipes.expectations import is_unproven, tried_on
    from biocurate.recipes.todo import todos
    from biocurate.store.store import open_store

    if prune and limit is not None:
        raise UsageError("--prune with --limit: what was not looked at is not gone.", mend="Leave one of them out.")
    opened, chosen = open_store(store), load_recipe(recipe, named)
    if is_unproven(chosen):
        console(stderr=True).print(tried_on(chosen), markup=False)
    if left := todos(chosen.text):
        said = f"{chosen.name}: {len(left)} places of the recipe are still marked TODO, the first in line {left[0][0]}."
        console(stderr=True).print(f"{said} See: biocurate recipes check {recipe}", markup=False)
    with engine(workers, scheduler) as pool:
        plan = make_plan(
            chosen,
            root,
            opened,
            pool,
            limit=limit,
            retry_failed=retry_failed,
            repair=repair,
            keep_identifiers=keep_identifiers,
        )
        if dry_run:
            print_plan(plan, as_json)
            return
        if estimate:
            expected = measure(plan, opened, codec=codec, workers=pool.workers)
            print_estimate(expected, as_json)
            raise typer.Exit(0 if expected.fits else 1)
        with progress("Ingesting", "MB") as bar:
            outcome = run(plan, pool, opened, bar, codec=codec, prune=prune, force=force)
    # JSON has the rows as the store does; people are told which files.
    print_outcome(outcome if as_json else replace(outcome, failures=told(plan, outcome.failures)), as_json)
    raise typer.Exit(1 if outcome.failures or outcome.failed_before else 0)

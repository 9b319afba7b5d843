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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read; write nothing.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Read again what failed before.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Read again what has damaged parts.")] = False,
    codec: Annotated[str, typer.Option(help="pcodec-5 (small) or blosc-lz4-5 (fast).")] = "pcodec-5",
    as_json: AsJson = False,
) -> None:
    """Read a corpus into the store, losslessly; run it again and it goes on where it stopped.

    biocurate ingest eegmat --root ~/data/eegmat --store ~/store
    """
    from biocurate.cli.progress import progress
    from biocurate.cli.reports import print_outcome, print_plan
    from biocurate.engine import engine
    from biocurate.ingest import ingest as run
    from biocurate.ingest import make_plan
    from biocurate.recipes import load_recipe
    from biocurate.store.store import open_store

    opened = open_store(store)
    plan = make_plan(load_recipe(recipe), root, opened, limit=limit, retry_failed=retry_failed, repair=repair)
    if dry_run:
        print_plan(plan, as_json)
        return
    with progress("Ingesting", "MB") as bar, engine(workers if plan.todo else 0, scheduler) as pool:
        outcome = run(plan, pool, opened, bar, codec=codec)
    print_outcome(outcome, as_json)
    raise typer.Exit(1 if outcome.failures or outcome.failed_before else 0)

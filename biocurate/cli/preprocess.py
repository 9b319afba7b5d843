"""`biocurate preprocess`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, Scheduler, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.curate.views.preprocess import Outcome


def preprocess(
    view: Annotated[str, typer.Argument(help="A view's file, or the name of one that is shipped.", show_default=False)],
    store: StoreOption,
    corpus: Annotated[list[str] | None, typer.Option(help="Only this corpus; may be repeated.")] = None,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    codec: Annotated[str, typer.Option(help="pcodec-5 (small) or blosc-lz4-5 (fast).")] = "pcodec-5",
    lazy: Annotated[
        bool, typer.Option("--lazy", help="Write rows only; samples are computed when they are read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Filter, resample and scale streams by a declared chain; run it again and it goes on where it stopped.

    biocurate preprocess panluna --store ~/store
    """
    from biocurate.cli.progress import progress
    from biocurate.curate.views.preprocess import preprocess as run
    from biocurate.curate.views.schema import find_view
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    opened, chosen = open_store(store), find_view(view)
    with progress("Deriving", "h") as bar, engine(workers, scheduler) as pool:
        outcome = run(opened, chosen, corpora=tuple(corpus or ()), pool=pool, progress=bar, codec=codec, lazy=lazy)
    _print(outcome, as_json)


def _print(outcome: Outcome, as_json: bool) -> None:
    from dataclasses import asdict

    from biocurate.cli.output import console, show_facts

    if as_json:
        show_facts(asdict(outcome), as_json=True)
        return
    out = console()
    if not outcome.derived:
        out.print(f"{outcome.view}: nothing to do; {outcome.there_before:,} streams are derived.", markup=False)
    else:
        speed = outcome.hours * 3600 / max(outcome.seconds, 1e-9)
        out.print(
            f"{outcome.view}: {outcome.derived:,} streams of {outcome.hours:,.2f} h in {outcome.seconds:.1f} s "
            f"({speed:,.0f} times real time), stored in {outcome.stored_bytes / 1e6:,.1f} MB; "
            f"{outcome.there_before:,} were there before; snapshot {outcome.snapshot_id}.",
            markup=False,
        )
    if outcome.rows_moved:
        out.print(f"{outcome.rows_moved:,} rows were written anew; their samples are the same.", markup=False)
    if outcome.removed:
        out.print(f"{outcome.removed:,} rows of streams that are gone were removed.", markup=False)
    for step, count in sorted(outcome.dropped.items()):
        out.print(f"left out of {count:,} streams: {step}.", markup=False)
    for reason, count in sorted(outcome.reasons.items()):
        out.print(f"{count:,} streams: {reason}.", markup=False)
    for sensor, scope in outcome.transductive.items():
        out.print(f"{sensor} is normalised over the {scope}: transductive, and to be said with results.", markup=False)

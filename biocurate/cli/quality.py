"""`biocurate quality score | list | show | validate | bias`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, Scheduler, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.curate.quality.build import Outcome

app = typer.Typer(help="Judge the quality of windows, channel by channel.", no_args_is_help=True)

WindowSet = Annotated[str, typer.Argument(help="Window set.", show_default=False)]
Roots = Annotated[
    list[str], typer.Option("--root", help="RECIPE=DIR; once for each corpus that is at hand.", show_default=False)
]


@app.command()
def score(
    window_set: WindowSet,
    store: StoreOption,
    workers: Workers = 2,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Judge every channel of every window of a set; run it again and it goes on where it stopped.

    biocurate quality score w10 --store ~/store
    """
    from biocurate.cli.progress import progress
    from biocurate.curate.quality.build import score_set
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    opened = open_store(store)
    with progress("Judging", "windows") as bar, engine(workers, scheduler) as pool:
        outcome = score_set(opened, window_set, pool=pool, progress=bar)
    _print(outcome, as_json)


@app.command("list")
def list_measures(as_json: AsJson = False) -> None:
    """List the measures: column with version, absolute or relative, and where each comes from.

    biocurate quality list
    """
    from biocurate.cli.output import show as print_table
    from biocurate.curate.quality.listing import list_measures as listed

    print_table(listed(), as_json)


@app.command()
def show(window_set: WindowSet, store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """Show what was measured of a set: percentiles by corpus, sensor type and measure, and the reasons.

    biocurate quality show w10 --store ~/store
    """
    from biocurate.cli.output import show as print_table
    from biocurate.cli.output import show_facts
    from biocurate.curate.quality.listing import reasons, show_quality
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    measured, counted = show_quality(opened, window_set), reasons(opened, window_set)
    if as_json:
        show_facts({"measures": measured.to_dicts(), "reasons": counted.to_dicts()}, as_json=True)
        return
    print_table(measured, most=200)
    print_table(counted)


@app.command()
def validate(
    root: Roots,
    half: Annotated[str, typer.Option(help="Half of the persons: show, or choose, which constants were set on.")] = (
        "show"
    ),
    only: Annotated[list[str] | None, typer.Option("--measure", help="Only this one; may be repeated.")] = None,
    every_rhythm: Annotated[bool, typer.Option("--every-rhythm", help="Also ECG whose beats differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge the indices themselves: real clean recordings, and the same with noise of known size.

    biocurate quality validate --root ludb=~/data/ludb --root cpsc2018=~/data/cpsc2018
    """
    from biocurate.cli.output import show as print_table
    from biocurate.cli.output import show_facts
    from biocurate.curate.quality.catalogue import find_measure
    from biocurate.curate.quality.validation.material import EVERY_RHYTHM, MATERIAL, material
    from biocurate.curate.quality.validation.table import validate as judge
    from biocurate.curate.quality.validation.table import verdicts

    chosen = [find_measure(each) for each in only] if only else None
    table = judge(material(_roots(root), half, EVERY_RHYTHM if every_rhythm else MATERIAL), chosen)
    if as_json:
        show_facts({"half": half, "table": table.to_dicts(), "verdicts": verdicts(table).to_dicts()}, as_json=True)
        return
    print_table(table, most=1000)
    print_table(verdicts(table))


@app.command()
def bias(
    root: Roots,
    at_least: Annotated[float, typer.Option(help="Threshold on ecg_sqi_v1.")] = 0.8,
    as_json: AsJson = False,
) -> None:
    """Print the share of ECG windows that a threshold drops, by rhythm: indices by likeness of beats reject AF.

    biocurate quality bias --root cpsc2018=~/data/cpsc2018 --root cpsc2021=~/data/cpsc2021
    """
    from biocurate.cli.output import show as print_table
    from biocurate.curate.quality.validation.bias import dropped_by_rhythm

    print_table(dropped_by_rhythm(_roots(root), at_least), as_json)


def _roots(given: list[str]) -> dict[str, Path]:
    from biocurate.cli.options import folder_of
    from biocurate.errors import UsageError

    found = {}
    for text in given:
        name, split, folder = text.partition("=")
        if not split:
            raise UsageError(f"--root {text} names no recipe.", mend="Write --root RECIPE=DIR.")
        found[name] = folder_of(folder)
    return found


def _print(outcome: Outcome, as_json: bool) -> None:
    from dataclasses import asdict

    from biocurate.cli.output import console, show_facts

    if as_json:
        show_facts(asdict(outcome), as_json=True)
        return
    out = console()
    if not outcome.judged:
        out.print(f"{outcome.window_set}: nothing to do; all of its windows are judged.", markup=False)
        return
    out.print(
        f"{outcome.window_set}: {outcome.judged:,} channels of {outcome.windows:,} windows in {outcome.seconds:.1f} s; "
        f"snapshot {outcome.snapshot_id}.",
        markup=False,
    )
    for reason, count in outcome.reasons.items():
        out.print(f"{count:,} are {reason}.", markup=False)

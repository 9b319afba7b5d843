"""`biocurate audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from biocurate.cli.options import AsJson, At, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.audit.run import Audit

NAMED = 6
"""Channels that a finding names on a terminal; JSON has them all."""


def audit(
    store: StoreOption,
    corpus: Annotated[str | None, typer.Argument(help="One corpus; by default all.", show_default=False)] = None,
    workers: Workers = 2,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Ask whether units, rates and headers can be true: limb leads, lead ranges, amplitudes, mains, heart rates, sexes.

    biocurate audit eegmat --store ~/store
    """
    from biocurate.audit.run import audit as run
    from biocurate.cli.output import show_facts
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    with progress("Auditing", "recordings") as bar, engine(workers) as pool:
        done = run(opened, pool, corpus, bar)
    if as_json:
        show_facts({"checks": done.table().to_dicts(), "findings": done.findings()}, as_json=True)
    else:
        _print(done)
    raise typer.Exit(1 if done.unread else 0)


def _print(done: Audit) -> None:
    from biocurate.cli.output import console, show

    show(done.table(), title="Checks")
    out = console()
    for row in done.findings():
        out.print(f"\n{row['corpus']}: {_headline(row)}", markup=False, style="bold red" if row["suspect"] else "bold")
        out.print(f"  {row['recordings']} of {row['of recordings']} recordings{_measured(row)}", markup=False)
        if row["channels"]:
            out.print(f"  channels: {_some(row['channels'])}", markup=False)
        out.print(f"  for example: {', '.join(row['examples'])}", markup=False)
        if row["channels"]:
            out.print(f"  marked suspect in the store: {row['marked suspect']} of {row['recordings']}", markup=False)
        if row["unmarked"]:
            out.print(f"  {_unmarked(row)}", markup=False, style="bold red")
        out.print(f"  {row['means']}", markup=False)
    if not done.findings():
        out.print("Nothing contradicts itself.")


def _unmarked(row: dict[str, Any]) -> str:
    """What to do where the store says less than this audit."""
    return (
        f"The store trusts {_some(row['unmarked'])}: `biocurate ingest {row['corpus']} --root DIR` judges rows of an "
        "earlier version anew; what it leaves shows only beyond the part of a recording that an ingest looks at, and "
        "needs `unit_status: suspect` in the recipe."
    )


def _headline(row: dict[str, Any]) -> str:
    return f"{row['says']} ({row['of']})" if row["of"] else str(row["says"])


def _measured(row: dict[str, Any]) -> str:
    """Median and range of what was measured, where something was."""
    if row["median"] is None:
        return ""
    spread = "" if row["least"] == row["most"] else f" ({row['least']:.4g} to {row['most']:.4g})"
    return f", {row['median']:.4g}{spread} {row['unit']}".rstrip()


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

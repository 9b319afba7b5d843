"""`biocurate zoo reproduce`. Heavy imports stay inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, Workers, path_of

if TYPE_CHECKING:
    from zoo.reproducing.run import Reproduced


def reproduce(
    name: Annotated[
        str | None, typer.Argument(metavar="FAMILY/NAME|FILE", help="An experiment of --list.", show_default=False)
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder of the corpus.", parser=path_of, metavar="DIR", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for store, runs and table.", parser=path_of, metavar="DIR")] = Path(
        "reproduced"
    ),
    twin: Annotated[bool, typer.Option("--twin", help="Write a small twin of the corpus, and run on that.")] = False,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Weights of `zoo import` or `zoo pretrain`, for rows that take some.", parser=path_of, metavar="DIR"
        ),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only rows whose name holds this; once for each.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the experiments.")] = False,
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Run a paper's experiment from raw files to a table that has the published row beside ours.

    Run it again and it goes on where it stopped. The exit status is 1 where a row could not be trained.

    biocurate zoo reproduce --list

    biocurate zoo reproduce tiny-biomoe/ai4pain --root ~/data/ai4pain --out ~/ai4pain

    biocurate zoo reproduce tiny-biomoe/ai4pain --twin --out /tmp/twin
    """
    from biocurate.errors import UsageError

    if list_:
        _list(as_json)
        return
    if name is None:
        raise UsageError("no experiment is named.", mend="See: biocurate zoo reproduce --list")
    if root is None and not twin:
        mend = "Give --root DIR, or --twin to run on a small twin."
        raise UsageError("it is not said where its corpus is.", where=name, mend=mend)
    if root is not None and twin:
        raise UsageError("--root and --twin exclude each other.", where=name, mend="Give one of the two.")
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from zoo.reproducing.catalogue import find_experiment
    from zoo.reproducing.mixture import mixtures
    from zoo.reproducing.run import reproduce as run

    if name in mixtures():
        if weights is not None or only:
            raise UsageError("it has no rows, and starts from no weights.", where=name, mend="Leave them out.")
        _mix(name, root, out, workers, as_json)
        return
    experiment = find_experiment(name)
    with engine(workers) as pool:
        found = run(name, experiment, root, out, pool, progress, weights, tuple(only or ()))
    _print(found, as_json)
    raise typer.Exit(1 if found.undone else 0)


def _list(as_json: bool) -> None:
    import polars as pl

    from biocurate.cli.output import show
    from zoo.reproducing.catalogue import experiments, find_experiment
    from zoo.reproducing.mixture import load_mixture, mixtures

    rows = []
    for name in experiments():
        each = find_experiment(name)
        corpora, models = ", ".join(each.corpora), ", ".join(dict.fromkeys(row.model for row in each.rows))
        rows.append({"experiment": name, "title": each.title, "corpora": corpora, "models": models})
    for name, path in mixtures().items():
        one = load_mixture(path)
        rows.append({"experiment": name, "title": one.title, "corpora": ", ".join(one.names), "models": one.model})
    show(pl.DataFrame(rows), as_json, title="experiments")


def _mix(name: str, root: Path | None, out: Path, workers: int, as_json: bool) -> None:
    """Carry a pre-training out, and print its table."""
    from biocurate.cli.output import console, show, show_facts
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from zoo.reproducing.mixing import mix
    from zoo.reproducing.mixture import load_mixture, mixtures
    from zoo.reproducing.run import MEANINGLESS

    with engine(workers) as pool:
        found = mix(name, load_mixture(mixtures()[name]), root, out, pool, progress)
    notes = [*([MEANINGLESS] if found.twin else []), *found.notes]
    if as_json:
        facts = {"experiment": name, "title": found.title, "twin": found.twin, "notes": notes}
        show_facts({**facts, "run": str(found.run), "rows": found.rows.to_dicts()}, as_json)
        return
    ending = f" ({MEANINGLESS})" if found.twin else ""
    show(found.rows, title=f"{name}: {found.title}{ending}", most=found.rows.height)
    for note in (*notes, f"Start from its weights: biocurate zoo reproduce panluna/… --weights {found.run}"):
        console().print(f"- {note}", markup=False)


def _print(found: Reproduced, as_json: bool) -> None:
    from biocurate.cli.output import console, show, show_facts
    from zoo.reproducing.run import MEANINGLESS

    if as_json:
        facts = {"experiment": found.name, "title": found.title, "twin": found.twin, "notes": list(found.notes)}
        undone = {why: list(rows) for why, rows in found.undone.items()}
        show_facts({**facts, "undone": undone, "rows": found.rows.to_dicts()}, as_json)
        return
    ending = f" ({MEANINGLESS})" if found.twin else ""
    show(found.rows, title=f"{found.name}: {found.title}{ending}", most=found.rows.height)
    for note in found.notes:
        console().print(f"- {note}", markup=False)
    for why, rows in found.undone.items():
        console().print(f"- NOT TRAINED, {len(rows)} rows such as {rows[0]}: {why}", markup=False)

"""`biocurate recipes`: what comes with the program, and whether a recipe is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson

if TYPE_CHECKING:
    import polars as pl

    from biocurate.recipes.check import ChannelCount, LabelCount, Report

app = typer.Typer(help="List, show and check recipes: how a corpus' files become recordings.", no_args_is_help=True)

RecipeName = Annotated[str, typer.Argument(help="Name of a recipe, or a recipe file.", show_default=False)]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder of the raw corpus to hold the recipe against.", exists=True, file_okay=False),
]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the recipes that came with the program.

    biocurate recipes list
    """
    import polars as pl

    from biocurate.cli.output import show
    from biocurate.recipes import list_recipes

    rows = [
        {
            "name": recipe.name,
            "title": recipe.title,
            "licence": recipe.licence,
            "access": recipe.access,
            "format": recipe.reader,
            "sensors": sorted({str(rule.sensor) for rule in recipe.definition.channels if rule.sensor}),
            "recordings": recipe.expect.recordings,
        }
        for recipe in list_recipes()
    ]
    show(pl.DataFrame(rows), as_json)


@app.command()
def show(recipe: RecipeName, as_json: AsJson = False) -> None:
    """Print a recipe's text, to read or to start one's own from; with --json, its fields and hashes.

    biocurate recipes show eegmat
    """
    from biocurate.cli.output import show_facts
    from biocurate.recipes import load_recipe

    found = load_recipe(recipe)
    if not as_json:
        print(found.text, end="")
        return
    fields = found.definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    show_facts({**fields, "signal_hash": found.signal_hash, "metadata_hash": found.metadata_hash}, as_json=True)


@app.command()
def check(recipe: RecipeName, root: Root = None, as_json: AsJson = False) -> None:
    """Check a recipe by itself or, with --root, against the corpus; exit status 1 where the two contradict.

    biocurate recipes check eegmat --root ~/data/eegmat
    """
    from dataclasses import asdict

    from biocurate.cli.output import show_facts
    from biocurate.recipes import load_recipe

    found = load_recipe(recipe)
    if root is None:
        show_facts({"recipe": found.name, "file": str(found.path), "valid": True}, as_json)
        return
    from biocurate.recipes.check import check as hold

    report = hold(found, root)
    if as_json:
        show_facts(asdict(report), as_json=True)
    else:
        _print(report)
    raise typer.Exit(1 if report.findings else 0)


def _print(report: Report) -> None:
    from biocurate.cli.output import console, show, show_facts

    unread = [f"{n:,} {extension}" for extension, n in report.unread.items()]
    show_facts(
        {
            "recipe": report.recipe,
            "root": report.root,
            "recordings": report.recordings,
            "subjects": report.subjects,
            "files not read": unread or 0,
        }
    )
    show(_table(report.channels), title="channels")
    if report.labels:
        show(_table(report.labels), title="labels")
    out = console()
    for note in report.notes:
        out.print(f"note     {note}", markup=False)
    for finding in report.findings:
        out.print(f"finding  {finding}", markup=False, style="bold red")
    if not report.findings:
        out.print("The recipe and the corpus agree.")


def _table(rows: Sequence[ChannelCount | LabelCount]) -> pl.DataFrame:
    from dataclasses import asdict

    import polars as pl

    return pl.DataFrame([asdict(row) for row in rows])

"""`biocurate recipes`: what comes with the program, and whether a recipe is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, folder_of, path_of

if TYPE_CHECKING:
    import polars as pl

    from biocurate.recipes.check import ChannelCount, LabelCount, Report

app = typer.Typer(help="List, show and check recipes: how a corpus' files become recordings.", no_args_is_help=True)

RecipeName = Annotated[str, typer.Argument(help="Name of a recipe, or a recipe file.", show_default=False)]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root", help="Folder of the raw corpus to hold the recipe against.", parser=folder_of, metavar="DIR"
    ),
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
            "format": ", ".join(recipe.readers),
            "sensors": sorted({str(rule.sensor) for rule in recipe.definition.channels if rule.sensor}),
            "recordings": recipe.expect.recordings,
            "verified": recipe.definition.verified,
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


@app.command()
def new(
    folder: Annotated[
        Path,
        typer.Option("--from", help="Folder of a raw corpus.", parser=folder_of, metavar="DIR", show_default=False),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the corpus; by default the folder's.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write; by default it is printed.", parser=path_of, metavar="FILE"),
    ] = None,
) -> None:
    """Draft a recipe from the names and headers of files; what only a person can say is marked TODO.

    biocurate recipes new --from ~/data/mycorpus -o mycorpus.yaml
    """
    import re

    from biocurate.cli.output import console, writing
    from biocurate.errors import UsageError
    from biocurate.recipes.draft import recipe_text, survey

    if output is not None and output.exists():
        raise UsageError("is there already.", where=str(output), mend="Give another name, or remove it.")
    plain = re.sub(r"[^a-z0-9._-]+", "-", (name or folder.resolve().name).lower()).strip("-._") or "corpus"
    found = survey(folder)
    text = recipe_text(plain, found)
    if output is None:
        print(text, end="")
        return
    with writing(output):
        output.write_text(text, encoding="utf-8")
    out = console()
    todo = text.count("TODO")
    out.print(f"{len(found.pattern.paths):,} files match; {todo} places are marked TODO in {output}.", markup=False)
    out.print(f"Then: biocurate recipes check {output} --root {folder}", markup=False)


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

"""`biocurate recipes`: what comes with the program, and whether a recipe is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, folder_of, path_of

if TYPE_CHECKING:
    import polars as pl

    from biocurate.recipes import Recipe
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
    """Check a recipe by itself or, with --root, against the corpus; exit status 1 where something is left to be done.

    That is where the two contradict each other, and where the recipe still has a TODO.

    biocurate recipes check eegmat --root ~/data/eegmat
    """
    from dataclasses import asdict

    from biocurate.cli.output import show_facts
    from biocurate.recipes.todo import todos

    found = _loaded(recipe)
    if root is None:
        left = todos(found.text)
        facts = {"recipe": found.name, "file": str(found.path), "valid": True}
        show_facts({**facts, "todo": [f"line {line}: {said}" for line, said in left]} if as_json else facts, as_json)
        if not as_json:
            _print_todos(found.path, left)
        raise typer.Exit(1 if left else 0)
    from biocurate.recipes.check import check as hold

    report = hold(found, root)
    if as_json:
        show_facts(asdict(report), as_json=True)
    else:
        _print(report, found.path)
    raise typer.Exit(1 if report.findings or report.todo else 0)


def _loaded(name: str) -> Recipe:
    """Read a recipe; where it is not valid, the places that are marked TODO are told, too."""
    from biocurate.errors import RecipeError
    from biocurate.recipes import load_recipe
    from biocurate.recipes.todo import todos

    try:
        return load_recipe(name)
    except RecipeError as error:
        path = Path(name)
        left = todos(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else []
        if not left:
            raise
        lines = ", ".join(str(line) for line, _ in left)
        mend = f"{error.mend} Lines that are marked TODO: {lines}.".strip()
        raise RecipeError(error.what, where=error.where, mend=mend) from None


@app.command()
def new(
    folder: Annotated[
        Path,
        typer.Option("--from", help="Folder of a raw corpus.", parser=folder_of, metavar="DIR", show_default=False),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the corpus; by default the folder's.")] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=1e-6, help="Hertz, of tables without a column of times.", metavar="HZ")
    ] = None,
    reader: Annotated[
        str | None, typer.Option(help="Format to draft for, where the folder has several.", show_default=False)
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="Regular expression for the files' paths, with its groups, where the one found is wrong."),
    ] = None,
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
    from biocurate.recipes.todo import todos

    if output is not None and output.exists():
        raise UsageError("is there already.", where=str(output), mend="Give another name, or remove it.")
    plain = re.sub(r"[^a-z0-9._-]+", "-", (name or folder.resolve().name).lower()).strip("-._") or "corpus"
    found = survey(folder, rate_hz=rate, only=reader, regex=pattern)
    text = recipe_text(plain, found)
    if output is None:
        print(text, end="")
        return
    with writing(output):
        output.write_text(text, encoding="utf-8")
    out = console()
    matched = len(found.pattern.paths)
    out.print(
        f"{matched:,} {'file matches' if matched == 1 else 'files match'}; "
        f"{len(todos(text))} places are marked TODO in {output}.",
        markup=False,
    )
    out.print(f"Then: biocurate recipes check {output} --root {folder}", markup=False)


def _print(report: Report, path: Path) -> None:
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
    show(_channel_table(report.channels), title="channels")
    if report.labels:
        show(_table(report.labels), title="labels")
    out = console()
    for note in report.notes:
        out.print(f"note     {note}", markup=False)
    for finding in report.findings:
        out.print(f"finding  {finding}", markup=False, style="bold red")
    _print_todos(path, report.todo)
    if not report.findings and not report.todo:
        out.print("The recipe and the corpus agree.")
    elif not report.findings:
        out.print("Nothing in the corpus contradicts the recipe, but the recipe is not finished.")


def _print_todos(path: Path, left: Sequence[tuple[int, str]]) -> None:
    from biocurate.cli.output import console

    out = console()
    for line, said in left:
        out.print(f"todo     line {line}: {said}", markup=False, style="yellow")
    if left:
        places = "1 place is" if len(left) == 1 else f"{len(left)} places are"
        out.print(f"{places} left to be said in {path}; take each TODO out as it is done.", markup=False)


def _channel_table(channels: Sequence[ChannelCount]) -> pl.DataFrame:
    """Channels with their rates in one column: one number, or a range."""
    import polars as pl

    rows = _table(channels)
    if rows.is_empty():
        return rows
    low, high = rows["rate_hz"], rows["rate_max_hz"]
    said = [f"{a:g}" if a == b else f"{a:g} to {b:g}" for a, b in zip(low, high, strict=True)]
    return rows.with_columns(pl.Series("rate_hz", said)).drop("rate_max_hz")


def _table(rows: Sequence[ChannelCount | LabelCount]) -> pl.DataFrame:
    from dataclasses import asdict

    import polars as pl

    return pl.DataFrame([asdict(row) for row in rows])

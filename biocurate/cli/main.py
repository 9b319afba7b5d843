"""The program `biocurate`: its commands, and how errors reach a person."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points

import typer

from biocurate.cli import (
    annotate,
    audit,
    bench,
    check,
    demo,
    explain,
    export,
    images,
    ingest,
    manifest,
    pairs,
    preprocess,
    quality,
    query,
    recipes,
    splits,
    status,
    store,
    upkeep,
    windows,
)
from biocurate.errors import BiocurateError

app = typer.Typer(
    name="biocurate",
    help="Biosignal recordings to training data: ingest, curate, image, train.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(store.init)
app.add_typer(recipes.app, name="recipes")
app.command()(ingest.ingest)
app.command()(annotate.annotate)
app.command()(status.status)
app.command()(store.verify)
app.command()(audit.audit)
app.command()(store.snapshots)
app.command()(store.vacuum)
app.command()(upkeep.compact)
app.command()(upkeep.forget)
app.command()(upkeep.merge)
app.add_typer(splits.app, name="splits")
app.add_typer(check.app, name="check")
app.command()(export.export)
app.command()(preprocess.preprocess)
app.add_typer(windows.app, name="windows")
app.add_typer(pairs.app, name="pairs")
app.add_typer(quality.app, name="quality")
app.command()(query.query)
app.command()(explain.explain)
app.add_typer(manifest.app, name="manifest")
app.add_typer(images.app, name="images")
app.command()(demo.demo)
app.add_typer(bench.app, name="bench")


INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def _join_plugins() -> None:
    """Join the command groups that other packages register, `zoo` among them; once, however often the program runs."""
    there = {group.name for group in app.registered_groups}
    for point in sorted(entry_points(group="biocurate.commands"), key=lambda item: item.name):
        if point.name not in there:
            app.add_typer(point.load(), name=point.name)


def main() -> None:
    """Run the program; an error is one paragraph and an exit status, never a traceback."""
    _join_plugins()
    try:
        app()
    except BiocurateError as error:
        fail(error)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            # Typer has caught Ctrl-C already; what it says is only that.
            again = "Stopped. Run the same command again, with --resume where it has that: it goes on where it stopped."
            print(again, file=sys.stderr)
        raise
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone: there is no one to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        # Tables are read lazily, so that polars itself can come upon a damaged file.
        from biocurate.store.damage import as_damage

        damage = as_damage(error)
        if damage is None:
            raise
        fail(damage)


def fail(error: BiocurateError) -> None:
    """Print an error as a paragraph and exit with its status."""
    from biocurate.cli.output import console

    out = console(stderr=True)
    head = f"{error.where}: {error.what}" if error.where else error.what
    out.print(head, style="bold red", markup=False)
    if error.mend:
        out.print(error.mend, markup=False)
    raise SystemExit(error.exit_code)

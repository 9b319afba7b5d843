"""`biocurate export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

if TYPE_CHECKING:
    from biocurate.export import Outcome


class FileFormat(StrEnum):
    """What files are written."""

    edf = "edf"
    wfdb = "wfdb"


class LabelChoice(StrEnum):
    """What labels go into the files."""

    all = "all"
    file = "file"


def export(
    store: StoreOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the files.", parser=path_of, metavar="DIR")],
    form: Annotated[
        FileFormat, typer.Option("--format", help="EDF+ (BDF+ where integers have more than 16 bits), or WFDB.")
    ] = FileFormat.edf,
    recording: Annotated[list[str] | None, typer.Option(help="A recording's id; may be given again.")] = None,
    corpus: Annotated[str | None, typer.Option(help="Every recording of a corpus.")] = None,
    where: Annotated[str | None, typer.Option(help="Recordings that fit a condition in SQL.")] = None,
    labels: Annotated[
        LabelChoice,
        typer.Option(help="All labels, or the raw file's own annotations alone; those have its own texts either way."),
    ] = LabelChoice.all,
    scale: Annotated[
        bool, typer.Option("--scale", help="Round samples that the format has no integers for; the loss is told.")
    ] = False,
    pad: Annotated[
        bool,
        typer.Option(
            "--pad", help="EDF+: fill up the last record where its rate would else be off; an annotation says."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    i_have_rights: Annotated[
        bool, typer.Option("--i-have-rights", help="Export credentialed corpora, as your agreement lets you.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write recordings as EDF+ or WFDB files: the integers as stored, units, gaps and annotations.

    biocurate export --corpus eegmat --format edf -o ~/files --store ~/store

    biocurate export --where "subject = '02'" --format wfdb -o ~/files --store ~/store
    """
    from biocurate.cli.output import writing
    from biocurate.cli.progress import progress
    from biocurate.export import export as run
    from biocurate.export import select
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    chosen = select(opened, recordings=recording or (), corpus=corpus, where=where)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    with progress("Exporting", "recordings") as bar:
        outcome = run(
            opened,
            chosen,
            out,
            form.value,
            labels=labels.value,
            scale=scale,
            pad=pad,
            overwrite=overwrite,
            i_have_rights=i_have_rights,
            progress=bar,
        )
    _print(outcome, out, as_json)
    raise typer.Exit(outcome.exit_code)


def _print(outcome: Outcome, out: Path, as_json: bool) -> None:
    """One row a recording: its files and what to know of them, or why there are none."""
    import polars as pl

    from biocurate.cli.output import show

    rows: list[dict[str, Any]] = [
        {
            "recording_id": recording_id,
            "status": "written",
            "files": [path.relative_to(out).as_posix() for path in made.files],
            "MB": round(made.n_bytes / 1e6, 3),
            "notes": list(made.notes),
        }
        for recording_id, made in outcome.written.items()
    ]
    rows += [
        {
            "recording_id": each.recording_id,
            "status": "not written",
            "files": [],
            "MB": 0.0,
            "notes": [f"{each.reason} {each.mend}".strip()],
        }
        for each in outcome.refused
    ]
    table = pl.DataFrame(sorted(rows, key=lambda row: (row["status"], row["recording_id"])), strict=False)
    show(table, as_json, title=f"{len(outcome.written)} written, {len(outcome.refused)} not")

"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def path_of(text: str | Path) -> Path:
    """A path as a person writes it: a shell leaves the ``~`` of ``--root=~/data`` as it is."""
    return Path(text).expanduser()


def folder_of(text: str | Path) -> Path:
    """A folder that is there."""
    path = path_of(text)
    if not path.is_dir():
        raise typer.BadParameter(f"{str(text)!r} is no folder.")
    return path


StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="BIOCURATE_STORE", help="The store: a folder or a URL.", show_default=False),
]
RootDir = Annotated[
    Path,
    typer.Option("--root", help="Folder of the raw corpus.", parser=folder_of, metavar="DIR", show_default=False),
]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Local worker processes; 0 runs in this one.")]
Scheduler = Annotated[str | None, typer.Option("--scheduler", help="Address of a Dask scheduler to use instead.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
At = Annotated[str | None, typer.Option("--at", help="Read the store as it was: a snapshot's id or a date.")]

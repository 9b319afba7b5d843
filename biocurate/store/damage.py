"""Damage to tables: files that the log lists and that are missing or cut off, and logs that cannot be read.

Delta lists the size of every file. In a folder each is looked up before a table is read, since polars ends in a
traceback where a file is missing, and in a crash of its own where one was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from biocurate.errors import DamageError

if TYPE_CHECKING:
    from biocurate.store.objects import Objects

MEND = (
    "Restore it from a copy of the store. Windows, manifests, images and embeddings can be built again; where "
    "recordings or their annotations are lost, ingest into a new store."
)

_UNREADABLE = re.compile(r"^parquet: |No such file or directory.*\.parquet|Object at location .*\.parquet not found")


def open_table(url: str, version: int | None = None) -> Any:  # noqa: ANN401
    """Open a Delta table; DamageError where its log cannot be read."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return DeltaTable(url, version=version)
    except (DeltaError, OSError) as error:
        said = re.split(r"[\n|]", str(error))[0].strip().rstrip(".")
        raise DamageError(f"the table's log cannot be read: {said}.", where=url, mend=MEND) from error


def hurt_files(table: Any, folder: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Files of an open table that are not what its log says, and what is wrong with each.

    Parameters
    ----------
    table : DeltaTable
    folder : str
        Where it lies, in the file system.
    """
    listed = table.get_add_actions().select(["path", "size_bytes"])
    for name, size in zip(listed["path"].to_pylist(), listed["size_bytes"].to_pylist(), strict=True):
        path = Path(folder, unquote(name))
        try:
            found = path.stat().st_size
        except OSError as error:
            lost = isinstance(error, FileNotFoundError | NotADirectoryError)
            yield str(path), "this file of the table is missing." if lost else f"it cannot be read: {error.strerror}."
            continue
        if found != size:
            yield str(path), f"this file of the table has {found:,} bytes; {size:,} were written."


def check_files(table: Any, folder: str) -> None:  # noqa: ANN401
    """Refuse a table with damaged files: DamageError that names the first."""
    for where, what in hurt_files(table, folder):
        raise DamageError(what, where=where, mend=MEND)


def as_damage(error: BaseException) -> DamageError | None:
    """What polars says of a table's file that it cannot read, as DamageError; None where it says something else."""
    text = str(error).partition("(set POLARS_VERBOSE")[0].strip()
    if not _UNREADABLE.search(text):
        return None
    return DamageError(f"a file of a table cannot be read: {text.splitlines()[0].rstrip('.')}.", mend=MEND)


def damaged_tables(objects: Objects, names: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Look at every file of some tables in a folder.

    Parameters
    ----------
    objects : Objects
    names : mapping of str to int
        Tables, each with a version that it must have reached.

    Yields
    ------
    where : str
    what : str
    """
    for name, least in names.items():
        url = f"{objects.folder or objects.url.rstrip('/')}/tables/{name}"
        try:
            table = open_table(url)
        except DamageError as error:
            yield error.where, error.what
            continue
        if table.version() < least:
            yield url, f"the table's log ends at version {table.version()}; version {least} was published."
        elif objects.folder is not None:
            yield from hurt_files(table, url)

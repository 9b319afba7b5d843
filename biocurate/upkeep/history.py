"""Take files out of a Delta table's history, so that versions which no one may read any more hold nothing.

Delta's own vacuum goes by age and leaves the log as it is, which states the smallest and largest value of every column
and the ids that a commit replaced. Here what is kept is told: the files of some versions. Every other file goes, and
the log forgets that it was there. The kept versions read as before; any other is no state of the table any more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import unquote

from biocurate.errors import StoreError
from biocurate.store.objects import Objects
from biocurate.store.tables import Tables

CHECKPOINT_FROM = 100
"""A log of so many versions is read through a checkpoint."""


def live_files(objects: Objects, name: str) -> Iterator[tuple[int, frozenset[str]]]:
    """Each version of a table with the names of its files.

    Raises
    ------
    StoreError
        Where the log lacks a version.
    """
    live: set[str] = set()
    for version, key in enumerate(_commits(objects, name)):
        for action in _actions(objects, key):
            if "add" in action:
                live.add(unquote(action["add"]["path"]))
            if "remove" in action:
                live.discard(unquote(action["remove"]["path"]))
        yield version, frozenset(live)


def data_files(objects: Objects, name: str) -> list[str]:
    """Names of all files in a table's folder, also of those that no version lists, such as a killed run's."""
    return _names_in(objects, f"tables/{name}")


def purge(tables: Tables, name: str, versions: Collection[int]) -> int:
    """Remove every file that none of these versions consists of, and every trace of it in the log.

    Killed anywhere, these versions read as before, and the next purge goes on. What a commit replaced by which ids is
    taken out of the log of all versions.

    Parameters
    ----------
    tables : Tables
        Under a lease.
    name : str
        The table.
    versions : collection of int
        Versions that must stay readable.

    Returns
    -------
    int
        Files removed.
    """
    objects = tables.objects
    kept: set[str] = set()
    for version, files in live_files(objects, name):
        if version in versions:
            kept |= files
    log = f"tables/{name}/_delta_log"
    commits = _commits(objects, name)
    # First what repeats the log: with it gone, readers take the commits themselves.
    others = set(_names_in(objects, log)) - {key.rpartition("/")[2] for key in commits}
    for other in sorted(others, key=lambda each: (each != "_last_checkpoint", each)):
        _remove(objects, f"{log}/{other}")
    for key in commits:
        before = list(_actions(objects, key))
        after = [cleaned for action in before if (cleaned := _cleaned(action, kept)) is not None]
        if after != before:
            objects.put(key, "".join(json.dumps(each) + "\n" for each in after).encode())
    dead = [file for file in data_files(objects, name) if file not in kept]
    for file in dead:
        _remove(objects, f"tables/{name}/{file}")
    if len(commits) > CHECKPOINT_FROM:
        tables.checkpoint(name)
    return len(dead)


def _cleaned(action: dict[str, Any], kept: Collection[str]) -> dict[str, Any] | None:
    """An action of the log without what is gone; None where nothing is left of it."""
    for kind in ("add", "remove"):
        if kind in action:
            return action if unquote(action[kind]["path"]) in kept else None
    if "commitInfo" in action:
        return {"commitInfo": {key: action["commitInfo"][key] for key in INFO if key in action["commitInfo"]}}
    return action


INFO = ("timestamp", "operation", "engineInfo")
"""What the log may say of a commit beside its files: its parameters name ids."""


def _commits(objects: Objects, name: str) -> list[str]:
    """Keys of the log's commits, from version 0 on."""
    log = f"tables/{name}/_delta_log"
    names = sorted(each for each in _names_in(objects, log) if each.endswith(".json") and each[:-5].isdigit())
    if names != [f"{version:020d}.json" for version in range(len(names))]:
        raise StoreError(
            "the table's log lacks a version.", where=f"{objects.url}/{log}", mend="Restore the store from a copy."
        )
    return [f"{log}/{each}" for each in names]


def _actions(objects: Objects, key: str) -> Iterator[dict[str, Any]]:
    for line in objects.get(key).splitlines():
        if line.strip():
            yield json.loads(line)


def _names_in(objects: Objects, folder: str) -> list[str]:
    """Names directly in a folder, those of half-written files included, which listing an object store leaves out."""
    if objects.folder is not None:
        here = objects.folder / folder
        return sorted(path.name for path in here.iterdir() if path.is_file()) if here.is_dir() else []
    heads = (entry.key.rpartition("/") for entry in objects.list(folder))
    return sorted(name for head, _, name in heads if head == folder)


def _remove(objects: Objects, key: str) -> None:
    if objects.folder is not None:
        # An object store's client refuses names that it would give to a half-written file.
        (objects.folder / key).unlink(missing_ok=True)
        return
    objects.delete(key)

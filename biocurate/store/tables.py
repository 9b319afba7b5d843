"""The tables of a store: Delta Lake, one commit a write, every version readable."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import polars as pl
import pyarrow as pa

from biocurate.errors import LeaseError, StoreError
from biocurate.store.objects import Objects
from biocurate.store.schema import PROPERTIES

MOST_IDS = 10_000
"""A predicate that names 25,000 ids ends in a segmentation fault of deltalake 1.6."""

ATTEMPTS = 8
"""Commits that another writer overtook are planned anew this often."""


@dataclass(frozen=True)
class Tables:
    """Read and write the tables below a store.

    Parameters
    ----------
    objects : Objects
        The store's root.
    versions : mapping of str to int, optional
        Versions to read, as a snapshot lists them; the newest where absent.
    """

    objects: Objects
    versions: Mapping[str, int] | None = None

    def url(self, name: str) -> str:
        """Where a table lies, for any Delta reader."""
        folder = self.objects.folder
        base = str(folder) if folder is not None else self.objects.url.rstrip("/")
        return f"{base}/tables/{name}"

    def exists(self, name: str) -> bool:
        """Tell whether a table is there, in the snapshot that is read."""
        if self.versions is not None:
            return name in self.versions
        return self.objects.exists(f"tables/{name}/_delta_log/{0:020d}.json")

    def names(self) -> list[str]:
        """Names of all tables, such as ``recordings`` and ``windows/w10``."""
        if self.versions is not None:
            return sorted(self.versions)
        found = []
        for name in self.objects.folders("tables"):
            if self.exists(name):
                found.append(name)
            # `manifests` is a table of its own, and the folder of one more for each manifest.
            if name == "manifests" or not self.exists(name):
                parts = self.objects.folders(f"tables/{name}")
                found += [f"{name}/{part}" for part in parts if part != "_delta_log"]
        return found

    def version(self, name: str) -> int:
        """The newest version of a table, or the one that the snapshot lists."""
        if self.versions is not None and name in self.versions:
            return self.versions[name]
        return int(self._table(name).version())

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """Read a table lazily.

        Raises
        ------
        StoreError
            Where the store has no such table.
        """
        if not self.exists(name):
            raise StoreError(
                f"there is no table {name!r}.", where=self.objects.url, mend=f"It has {', '.join(self.names())}."
            )
        if version is None and self.versions is not None:
            version = self.versions[name]
        url = self.url(name)
        if self.objects.folder is not None and quote(url) != url:
            return self._scan_files(name, version)
        return pl.scan_delta(url, version=version)

    def _scan_files(self, name: str, version: int | None) -> pl.LazyFrame:
        """Read a table in a folder with a blank or an umlaut in its name, which `scan_delta` looks for in vain."""
        from deltalake import DeltaTable

        table = DeltaTable(self.url(name), version=version)
        schema = pl.Schema(table.schema())
        files = [unquote(uri) for uri in table.file_uris()]
        return pl.scan_parquet(files, schema=schema) if files else pl.LazyFrame(schema=schema)

    def create(self, name: str, schema: pa.Schema) -> None:
        """Make an empty table that keeps its history; nothing happens where it is there."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if self.versions is not None or not self.exists(name):
            try:
                DeltaTable.create(self.url(name), schema, mode="ignore", configuration=PROPERTIES)
            except (DeltaError, OSError) as error:
                raise _write_failure(self.url(name), error) from error

    def write(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Replace a whole table, columns included; returns the new version.

        A reader is written batch by batch, in bounded memory. It can be read only once, so that a commit which another
        writer overtakes is not tried again.
        """
        self.create(name, rows.schema)
        return self._commit(name, rows, mode="overwrite", schema_mode="overwrite")

    def append(self, name: str, rows: pa.Table) -> int:
        """Add rows that no other writer can have added, such as a run's own; returns the new version."""
        self.create(name, rows.schema)
        return self._commit(name, rows, mode="append")

    def replace(self, name: str, rows: pa.Table, column: str, ids: Iterable[str | int]) -> int:
        """Put rows in the place of all rows whose ``column`` is one of ``ids``; returns the new version.

        Plain appends of the same ids by two processes both succeed and leave duplicates; this does not.
        """
        self.create(name, rows.schema)
        values = sorted(set(ids))
        if not values:
            return self.version(name)
        if len(values) > MOST_IDS:
            raise ValueError(f"{len(values):,} ids in one commit; Delta's predicate bears {MOST_IDS:,}")
        return self._commit(name, rows, mode="overwrite", predicate=f"{column} IN ({', '.join(map(_literal, values))})")

    def _table(self, name: str) -> Any:  # noqa: ANN401
        from deltalake import DeltaTable

        return DeltaTable(self.url(name))

    def _commit(self, name: str, rows: pa.Table | pa.RecordBatchReader, **options: Any) -> int:  # noqa: ANN401
        from deltalake import write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        once = isinstance(rows, pa.RecordBatchReader)
        for attempt in range(1 if once else ATTEMPTS):
            table = self._table(name)
            try:
                write_deltalake(table, rows, **options)
            except CommitFailedError:
                # Another writer was first: read the table anew and plan the commit on what is there now.
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)
            except (DeltaError, OSError) as error:
                raise _write_failure(self.url(name), error) from error
            else:
                return int(table.version())
        raise LeaseError(
            f"{1 if once else ATTEMPTS} commits in a row were overtaken by other writers.",
            where=self.url(name),
            mend="Run the command again when the other one has ended.",
        )


def _literal(value: str | int) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(int(value))


def _write_failure(url: str, error: Exception) -> StoreError:
    text = str(error)
    if "os error 28" in text or "No space left" in text:
        return StoreError("no space is left.", where=url, mend="Make room, then run the same command again.")
    if "os error 13" in text or "Permission denied" in text:
        return StoreError("permission is denied.", where=url, mend="Check who owns the store.")
    said = re.search(r"<Message>(.*?)</Message>", text)
    return StoreError(f"the table could not be written: {said[1] if said else text.splitlines()[0]}", where=url)

"""The tables of a store: Delta Lake, one commit a write, every version readable."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import polars as pl
import pyarrow as pa

from biocurate.errors import DamageError, LeaseError, StoreError
from biocurate.store.damage import MEND, check_files, open_table
from biocurate.store.fence import seen, under
from biocurate.store.lease import Lease
from biocurate.store.objects import Objects
from biocurate.store.pace import paced
from biocurate.store.parquet import writer_properties
from biocurate.store.schema import PROPERTIES, TABLES, completed

MOST_IDS = 10_000
"""A predicate that names 25,000 ids ends in a segmentation fault of deltalake 1.6."""

ATTEMPTS = 8
"""Commits that another writer overtook are planned anew this often."""


@dataclass
class Tables:
    """Read and write the tables below a store.

    Parameters
    ----------
    objects : Objects
        The store's root.
    versions : mapping of str to int, optional
        Versions to read, as a snapshot lists them; the newest where absent.
    lease : Lease, optional
        What every commit is made under; LeaseError once it is lost.
    """

    objects: Objects
    versions: Mapping[str, int] | None = None
    lease: Lease | None = None

    def url(self, name: str) -> str:
        """Where a table lies, for any Delta reader."""
        folder = self.objects.folder
        base = str(folder) if folder is not None else self.objects.url.rstrip("/")
        return f"{base}/tables/{name}"

    def exists(self, name: str) -> bool:
        """Tell whether a table is there, in the snapshot that is read."""
        if self.versions is not None:
            return name in self.versions
        return self._is_begun(name)

    def _is_begun(self, name: str) -> bool:
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
                # A write that was killed before its table's first commit leaves a folder that is no table.
                found += [f"{name}/{part}" for part in parts if part != "_delta_log" and self.exists(f"{name}/{part}")]
        return found

    def version(self, name: str) -> int:
        """The newest version of a table, or the one that the snapshot lists."""
        if self.versions is not None and name in self.versions:
            return self.versions[name]
        return int(open_table(self.url(name)).version())

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """Read a table lazily.

        Raises
        ------
        StoreError
            Where the store has no such table.
        DamageError
            Where its log cannot be read, or one of its files is missing or cut off.
        """
        if not self.exists(name):
            if name in TABLES and self.versions is None:
                raise DamageError("the start of the table's log is missing.", where=self.url(name), mend=MEND)
            raise StoreError(
                f"there is no table {name!r}.", where=self.objects.url, mend=f"It has {', '.join(self.names())}."
            )
        if version is None and self.versions is not None:
            version = self.versions[name]
        url = self.url(name)
        if self.objects.folder is None:
            return completed(name, pl.scan_delta(url, version=version))
        table = open_table(url, version)
        check_files(table, url)
        return completed(name, pl.scan_delta(table) if quote(url) == url else _scan_files(table))

    def create(self, name: str, schema: pa.Schema) -> None:
        """Make an empty table that keeps its history; nothing happens where it is there."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not self._is_begun(name):
            self._check_lease()
            made = under(self._number)
            try:
                DeltaTable.create(
                    self.url(name), schema, mode="ignore", configuration=PROPERTIES, commit_properties=made
                )
            except (DeltaError, OSError) as error:
                raise _write_failure(self.url(name), error) from error

    def write(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Replace a whole table, columns included; returns the new version.

        A reader is written batch by batch, in bounded memory. It can be read only once, so that a commit which another
        writer overtakes is not tried again.
        """
        properties = writer_properties(rows.schema)
        return self._commit(name, rows, mode="overwrite", schema_mode="overwrite", writer_properties=properties)

    def append(self, name: str, rows: pa.Table) -> int:
        """Add rows that no other writer can have added, such as a run's own; returns the new version."""
        return self._commit(name, rows, mode="append", schema_mode="merge")

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
        predicate = f"{column} IN ({', '.join(map(_literal, values))})"
        # Columns that joined the schema since the table was made are added to it.
        return self._commit(name, rows, mode="overwrite", predicate=predicate, schema_mode="merge")

    def put_back(self, name: str, version: int | None) -> None:
        """Undo what no snapshot lists yet: a table has its rows of a version again, or is none where that is None."""
        from deltalake.exceptions import DeltaError

        if not self._is_begun(name) or (version is not None and version == self.version(name)):
            return
        self._check_lease()
        if version is not None:
            try:
                self._table(name).restore(version, commit_properties=under(self._number))
            except (DeltaError, OSError) as error:
                raise _write_failure(self.url(name), error) from error
            return
        # The log's first entry goes first: what is without it is no table, whatever is left of it.
        self.objects.delete(f"tables/{name}/_delta_log/{0:020d}.json")
        for entry in list(self.objects.list(f"tables/{name}/")):
            self.objects.delete(entry.key)

    def fence(self, name: str) -> None:
        """Commit nothing but the lease's number: what its last holder has begun to commit fails from here on."""
        rows = pa.Table.from_batches([], pa.schema(open_table(self.url(name)).schema().to_arrow()))
        self._commit(name, rows, mode="append", schema_mode="merge")

    def files(self, name: str) -> int:
        """How many files the newest version of a table consists of."""
        return len(self._table(name).file_uris())

    def compact(self, name: str) -> bool:
        """Join a table's small files into few; tells whether there was anything to join. Every version stays."""
        from deltalake.exceptions import DeltaError

        table = self._table(name)
        if len(table.file_uris()) < 2:
            return False
        self._check_lease()
        self._refuse_later(name, table)
        try:
            return bool(table.optimize.compact(commit_properties=under(self._number))["numFilesRemoved"])
        except (DeltaError, OSError) as error:
            self._check_lease()
            raise _write_failure(self.url(name), error) from error

    def checkpoint(self, name: str) -> None:
        """Sum up a table's log, so that opening it reads one object instead of each commit."""
        self._check_lease()
        self._table(name).create_checkpoint()

    def _table(self, name: str) -> Any:  # noqa: ANN401
        from deltalake import DeltaTable

        return DeltaTable(self.url(name))

    def _commit(self, name: str, rows: pa.Table | pa.RecordBatchReader, **options: Any) -> int:  # noqa: ANN401
        from deltalake.exceptions import CommitFailedError, DeltaError

        once = isinstance(rows, pa.RecordBatchReader)
        if once:
            rows = self._checked_at_the_end(rows)
        for attempt in range(1 if once else ATTEMPTS):
            self._check_lease()
            try:
                return self._write(name, rows, options)
            except CommitFailedError:
                self._check_lease()
                time.sleep(random.uniform(0.05, 0.2) * 2**attempt)
                # Another writer was first: read the table anew and plan the commit on what is there now.
            except (DeltaError, OSError) as error:
                self._check_lease()  # a reader that finds it lost ends in a DeltaError
                raise _write_failure(self.url(name), error) from error
        raise LeaseError(
            f"{1 if once else ATTEMPTS} commits in a row were overtaken by other writers.",
            where=self.url(name),
            mend="Run the command again when the other one has ended.",
        )

    def _write(self, name: str, rows: pa.Table | pa.RecordBatchReader, options: Mapping[str, Any]) -> int:
        """Commit once; a new table begins with its first rows, so that a killed run leaves no empty one."""
        from deltalake import write_deltalake

        if self._is_begun(name):
            table = self._table(name)
            self._refuse_later(name, table)
            write_deltalake(table, rows, commit_properties=under(self._number), **options)
            return int(table.version())
        # Two that begin one table would both succeed, and leave the rows of both, if Delta tried again by itself.
        alone = under(self._number, most_retries=0)
        write_deltalake(self.url(name), rows, configuration=PROPERTIES, commit_properties=alone, **options)
        return 0

    def _checked_at_the_end(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Look at the lease again behind the last batch: a long write can outlive it."""

        def batches() -> Iterator[pa.RecordBatch]:
            yield from paced(rows)
            self._check_lease()

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    @property
    def _number(self) -> int | None:
        return None if self.lease is None else self.lease.number

    def _refuse_later(self, name: str, table: Any) -> None:  # noqa: ANN401
        """Refuse a table that was written under a later lease: whoever holds that one came after us."""
        if self.lease is not None and seen(table) > self.lease.number:
            raise LeaseError(
                "the table was written under a later lease than this process has.",
                where=self.url(name),
                mend="Nothing more was written. Where no other process writes, check this machine's clock; then run "
                "the command again.",
            )

    def _check_lease(self) -> None:
        if self.lease is not None:
            self.lease.check()


def _scan_files(table: Any) -> pl.LazyFrame:  # noqa: ANN401
    """Read a table in a folder with a blank or an umlaut in its name, which `scan_delta` looks for in vain."""
    schema = pl.Schema(table.schema())
    files = [unquote(uri) for uri in table.file_uris()]
    return pl.scan_parquet(files, schema=schema) if files else pl.LazyFrame(schema=schema)


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

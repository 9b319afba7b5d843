"""A store: open it, read its relations and recordings, publish what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from biocurate.errors import StaleError, StoreError, UsageError
from biocurate.plugins import COMPUTING, brought
from biocurate.store import lease as leases
from biocurate.store.card import CARD, is_published, new_card, read_card
from biocurate.store.item_parts import PREFIXES
from biocurate.store.manifests import Manifest, open_manifest
from biocurate.store.objects import Objects
from biocurate.store.pair_schema import CLOCKS
from biocurate.store.schema import SNAPSHOTS, TABLES, cast
from biocurate.store.stale import gone, rebuild, stale_error, windows_moved
from biocurate.store.stale_views import moved, moved_error
from biocurate.store.stored import StoredRecording
from biocurate.store.tables import Tables
from biocurate.store.view_schema import DERIVED_STREAMS

UNVERSIONED = frozenset({"snapshots", "runs"})
"""Tables that only grow; a snapshot does not fix them."""

_MADE = ("windows/", "pairs/", "quality/", *PREFIXES, "manifests/")
"""Begin the names of tables that are made from recordings, and stale when these are replaced."""


class Store:
    """Everything in a store, as polars frames and recordings.

    Parameters
    ----------
    objects : Objects
        The store's root.
    versions : mapping of str to int, optional
        Table versions to read, for time travel.
    snapshot_id : int, optional
        The snapshot that these versions are of.
    """

    def __init__(
        self, objects: Objects, versions: Mapping[str, int] | None = None, snapshot_id: int | None = None
    ) -> None:
        self.objects = objects
        self.tables = Tables(objects, versions)
        self._at = snapshot_id

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.objects, self.tables.versions, self._at)

    @property
    def url(self) -> str:
        """Where the store lies."""
        return self.objects.url

    @cached_property
    def card(self) -> dict[str, Any]:
        """Format version and identity."""
        return read_card(self.objects)

    @property
    def opened_at(self) -> int | None:
        """The snapshot that it was opened at; None where it is read as it stands."""
        return self._at

    @property
    def recordings(self) -> pl.LazyFrame:
        """One row a recording; ``streams`` is nested."""
        return self.tables.scan("recordings")

    @property
    def streams(self) -> pl.LazyFrame:
        """One row a stream of a recording; ``channels`` and ``segments`` are nested."""
        rows = self.recordings.select("recording_id", "revision", "corpus", "person", "subject", "streams", "clocks")
        each = rows.explode("streams").unnest("streams").filter(pl.col("stream_id").is_not_null())
        clock = pl.col("clocks").list.get(pl.col("stream_no"), null_on_oob=True)
        return each.with_columns(clock=clock).drop("clocks")

    @property
    def derived_streams(self) -> pl.LazyFrame:
        """One row a stream of a view, of recordings as they stand now; none before the first `preprocess`."""
        if not self.tables.exists("derived_streams"):
            return pl.LazyFrame(schema=pl.Schema(DERIVED_STREAMS))
        live = self.recordings.select("recording_id", "revision")
        return self.tables.scan("derived_streams").join(live, on=["recording_id", "revision"], how="semi")

    def streams_of(self, view_id: str | None) -> pl.LazyFrame:
        """Streams as recorded, or those that were made of them by a view, under the same numbers."""
        if view_id is None:
            return self.streams
        return self.derived_streams.filter((pl.col("view_id") == view_id) & (pl.col("n_samples") > 0))

    @property
    def channels(self) -> pl.LazyFrame:
        """One row a channel of a stream."""
        rows = self.streams.select(
            "stream_id", "recording_id", "revision", "corpus", "subject", "sensor_type", "rate_hz", "channels"
        )
        return rows.explode("channels").unnest("channels")

    @property
    def annotations(self) -> pl.LazyFrame:
        """One row an annotation of a recording as it stands now."""
        live = self.recordings.select("recording_id", "revision")
        return self.tables.scan("annotations").join(live, on=["recording_id", "revision"], how="semi")

    @property
    def clocks(self) -> pl.LazyFrame:
        """One row a device whose clock was looked for in a recording as it stands now; none before the first."""
        if not self.tables.exists("clocks"):
            return pl.LazyFrame(schema=pl.Schema(CLOCKS))
        live = self.recordings.select("recording_id", "revision")
        return self.tables.scan("clocks").join(live, on=["recording_id", "revision"], how="semi")

    @property
    def failures(self) -> pl.LazyFrame:
        """One row a file that could not be taken in."""
        return self.tables.scan("failures")

    @property
    def snapshots(self) -> pl.LazyFrame:
        """One row a snapshot."""
        return self.tables.scan("snapshots")

    def relations(self) -> dict[str, Callable[[], pl.LazyFrame]]:
        """Every relation that SQL can name; ``windows/w10`` is called ``windows_w10``."""
        named: dict[str, Callable[[], pl.LazyFrame]] = {
            _sql_name(name): self._scan(name) for name in self.tables.names()
        }
        named |= {"streams": lambda: self.streams, "channels": lambda: self.channels}
        named |= {"annotations": lambda: self.annotations}
        named |= {"derived_streams": lambda: self.derived_streams} if "derived_streams" in named else {}
        named |= {"clocks": lambda: self.clocks} if "clocks" in named else {}
        return named

    def _scan(self, name: str) -> Callable[[], pl.LazyFrame]:
        return lambda: self.tables.scan(name)

    def _current(self, name: str) -> Callable[[], pl.LazyFrame]:
        """A set whose rows were made from recordings as they stand now; StaleError where they were not."""

        def scan() -> pl.LazyFrame:
            if name.startswith("pairs/"):
                return self.pairs(name.removeprefix("pairs/"))
            rows = self.tables.scan(name)
            self.check_live(rows, name)
            return rows

        return scan

    def relation(self, name: str) -> pl.LazyFrame:
        """One relation by its SQL name."""
        relations = self.relations()
        if name not in relations:
            raise StoreError(f"there is no relation {name!r}.", where=self.url, mend=f"It has {', '.join(relations)}.")
        return relations[name]()

    def sql(self, query: str) -> pl.DataFrame:
        """Answer one SELECT or WITH statement over the store's relations."""
        from biocurate.store.sql import run

        return run(query, self.live_relations())

    def live_relations(self) -> dict[str, Callable[[], pl.LazyFrame]]:
        """Every relation that SQL can name; to open one that is stale is a StaleError."""
        made = [name for name in self.tables.names() if name.startswith(_MADE)]
        return self.relations() | {_sql_name(name): self._current(name) for name in made}

    def recording(self, recording_id: str) -> StoredRecording:
        """Open one recording; StoreError where there is none of that id."""
        rows = self.recordings.filter(pl.col("recording_id") == recording_id).collect()
        if rows.is_empty():
            near = self.recordings.select("recording_id").head(3).collect().to_series().to_list()
            raise StoreError(f"there is no recording {recording_id!r}.", where=self.url, mend=f"Ids look like {near}.")
        row = rows.row(0, named=True)
        mine = pl.col("recording_id") == recording_id
        annotations, derived = self.annotations.filter(mine), self.derived_streams.filter(mine)
        return StoredRecording(self.objects, row, annotations, derived, lambda: brought(COMPUTING)(self))

    def windows(self, name: str) -> pl.LazyFrame:
        """A window set.

        Raises
        ------
        StaleError
            Where a window was cut from a revision that has been replaced.
        """
        rows = self.tables.scan(f"windows/{name}")
        self.check_live(rows, f"windows/{name}")
        return rows

    def pairs(self, name: str) -> pl.LazyFrame:
        """A set of pairs.

        Raises
        ------
        StaleError
            Where a recording has been replaced, or the window set was cut anew by another rule.
        """
        rows = self.tables.scan(f"pairs/{name}")
        self.check_live(rows, f"pairs/{name}")
        if windows_moved(rows, self.tables.scan(f"windows/{name}")):
            mend = f"Pair them again: {rebuild(f'pairs/{name}')}."
            raise StaleError(f"the window set {name!r} was cut anew since it was paired.", where=self.url, mend=mend)
        return rows

    def check_live(self, rows: pl.LazyFrame, table: str = "", snapshot_id: int | None = None) -> None:
        """Refuse rows made from revisions of recordings that are gone.

        Parameters
        ----------
        rows : LazyFrame
            With recording_id and revision.
        table : str
            What they are, such as ``windows/w10``; windows that come from no table where left out.
        snapshot_id : int, optional
            A snapshot in which they are live, where it is known.

        Raises
        ------
        StaleError
            Where a recording has been replaced or removed, or a view makes other samples of it.
        """
        if (stale := gone(rows, self.recordings)).height:
            raise stale_error(stale, table, self.url, snapshot_id)
        if (others := moved(rows, self.tables, self.streams)).height:
            raise moved_error(others, table, self.url)

    def is_stale(self, rows: pl.LazyFrame) -> bool:
        """Tell whether `check_live` would refuse the rows."""
        return any(each.height for each in (gone(rows, self.recordings), moved(rows, self.tables, self.streams)))

    def manifest(self, name: str) -> Manifest:
        """A built manifest: rows, labels, splits and hash.

        In a store opened at a snapshot, the manifest that was built from this snapshot comes first.

        Raises
        ------
        ManifestError
            Where there is none of that name.
        StaleError
            Where it was built from a revision that has been replaced; it can be read in a store that is opened at its
            own snapshot. `manifest_as_built` opens it all the same.
        """
        found = self.manifest_as_built(name)
        self.check_live(found.rows.lazy(), f"manifests/{name}", found.snapshot_id)
        return found

    def manifest_as_built(self, name: str) -> Manifest:
        """A built manifest, also where it is stale: to look at it or build it again, not to read samples by it."""
        return open_manifest(self.tables, name, self._at)

    @contextmanager
    def lease(self, purpose: str, run_id: str = "") -> Iterator[leases.Lease]:
        """Hold the right to write while the block runs; once it is lost, the tables refuse every commit.

        Raises
        ------
        LeaseError
            When another process writes to the store.
        """
        if self._at is not None:
            raise StoreError("a store opened at a snapshot is read-only.", where=self.url, mend="Leave out --at.")
        with leases.lease(self.objects, purpose, run_id) as held:
            self.tables.lease = held
            try:
                if held.is_taken_over:
                    for name in self.tables.names():
                        self.tables.fence(name)
                yield held
            finally:
                self.tables.lease = None

    @property
    def snapshot_id(self) -> int:
        """The snapshot that is read: the one it was opened at, or the newest; 0 before the first."""
        if self._at is not None:
            return self._at
        newest = self.snapshots.select(pl.col("snapshot_id").max()).collect().item()
        return int(newest or 0)

    def publish(self, run_id: str) -> int:
        """Write a snapshot row with the version of every table; returns its id.

        Nothing is written when no table has changed since the newest snapshot.
        """
        versions = {name: self.tables.version(name) for name in self.tables.names() if name not in UNVERSIONED}
        newest = self.snapshots.sort("snapshot_id").tail(1).collect()
        if newest.height and {item["table"]: item["version"] for item in newest["tables"][0]} == versions:
            return int(newest["snapshot_id"][0])
        number = int(newest["snapshot_id"][0]) + 1 if newest.height else 1
        tables = [{"table": name, "version": version} for name, version in sorted(versions.items())]
        row = {"snapshot_id": number, "time": datetime.now(UTC), "run_id": run_id, "tables": tables}
        self.tables.append("snapshots", cast([row], SNAPSHOTS))
        return number


def _sql_name(table: str) -> str:
    return table.replace("/", "_").replace("-", "_")


def create_store(url: str) -> Store:
    """Make an empty store; StoreError where something lies there already."""
    objects = _place(url)
    if objects.exists(CARD) or is_published(objects):
        read_card(objects)  # one that is damaged is mended, not made anew
        raise StoreError("a store is here already.", where=objects.url, mend="Use it, or choose another place.")
    if objects.folder is not None:
        if bad := set("[]%") & set(str(objects.folder)):
            raise StoreError(
                f"Delta tables cannot lie in a folder with {' and '.join(sorted(bad))} in its name.",
                where=objects.url,
                mend="Choose another name.",
            )
        # Tables without a card are what a killed `init` left: it goes on.
        if objects.folder.is_dir() and any(path.name != "tables" for path in objects.folder.iterdir()):
            raise StoreError("the folder is not empty.", where=objects.url, mend="Choose an empty or a new folder.")
        try:
            objects.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the folder cannot be made: {error.strerror}.", where=objects.url) from error
    tables = Tables(objects)
    for name, schema in TABLES.items():
        tables.create(name, schema)
    # The card comes last: a folder without it is no store yet.
    new_card(objects)
    return Store(objects)


def _place(url: str) -> Objects:
    """Where a store lies; an empty text is no place, though the file system takes it for the working folder."""
    if not str(url).strip():
        raise UsageError("the store has no name.", mend="Name a folder or URL; `.` is the working folder.")
    return Objects(str(url))


def open_store(url: str, at: int | str | None = None) -> Store:
    """Open a store.

    Parameters
    ----------
    url : str
        Folder or URL.
    at : int or str, optional
        A snapshot's id, or a date or time in ISO form: the newest snapshot up to then is read.

    Raises
    ------
    StoreError
        Where there is no store, its format is newer than this code, or it has no such snapshot.
    DamageError
        Where the store's card is missing or damaged.
    """
    objects = _place(url)
    read_card(objects)
    store = Store(objects)
    if at is None:
        return store
    row = _snapshot(store, at)
    versions = {item["table"]: item["version"] for item in row["tables"]}
    versions |= {name: store.tables.version(name) for name in UNVERSIONED}
    return Store(objects, versions, row["snapshot_id"])


def _snapshot(store: Store, at: int | str) -> dict[str, Any]:
    """Find the snapshot of an id, or the newest one up to a time."""
    rows = store.snapshots.sort("snapshot_id").collect()
    if str(at).isdigit():
        chosen = rows.filter(pl.col("snapshot_id") == int(at))
    else:
        chosen = rows.filter(pl.col("time") <= _until(str(at), store.url)).tail(1)
    if chosen.is_empty():
        ids = rows["snapshot_id"]
        known = f"from {ids[0]} to {ids[-1]}" if rows.height else "none yet"
        known += "; others in between were dropped" if rows.height and ids[-1] - ids[0] >= rows.height else ""
        raise StoreError(f"there is no snapshot {at!r}.", where=store.url, mend=f"Snapshots: {known}.")
    return chosen.row(0, named=True)


def _until(text: str, url: str) -> datetime:
    """End of the day, or the moment, that an ISO text names; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        mend = "Write a snapshot's number, or a date such as 2026-11-22 or 2026-11-22T14:30."
        raise StoreError(f"{text!r} is neither a snapshot nor a date.", where=url, mend=mend) from error
    if len(text) == len("2026-11-22"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""Where a person is in a store: in rows as they stand, in every older version of them, and in which parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from biocurate.errors import StoreError
from biocurate.recipes.naming import hashed
from biocurate.store.item_parts import item_tables
from biocurate.store.store import UNVERSIONED, Store
from biocurate.upkeep.derived import TABLE, parts_of
from biocurate.upkeep.history import data_files, live_files

NAMELESS = frozenset({"snapshots", "runs", "manifests", "forgotten"})
"""Tables without a `recording_id`; what they may say of a person all the same is looked for by its own rule."""


@dataclass(frozen=True)
class Traces:
    """What leads to a person, from every version of every table."""

    persons: frozenset[str]
    recordings: frozenset[str]
    """Ids of all recordings that were ever stored as theirs, and are no one else's now."""
    paths: frozenset[str]
    """Names of their raw files, as stored."""
    parts: frozenset[str]
    """Signal parts that hold, or held, samples of theirs, whoever shares them."""
    item_parts: frozenset[str]
    """Parts of images and embeddings of theirs."""
    manifests: dict[str, dict[str, str]] = field(default_factory=dict)
    """Built manifests that list or name one of their recordings: hash and definition."""

    def hot(self, schema: pl.Schema) -> pl.Expr:
        """Whether a row of a table with these columns leads to them."""
        found = pl.lit(False)
        if "recording_id" in schema:
            found |= pl.col("recording_id").is_in(list(self.recordings))
        if "person" in schema:
            found |= pl.col("person").is_in(list(self.persons))
        if "part" in schema:
            found |= pl.col("part").is_in([*self.parts, *self.item_parts])
        if "streams" in schema and "part" in _fields(schema["streams"]):
            inside = pl.element().struct.field("part").is_in(list(self.parts))
            found |= pl.col("streams").list.eval(inside).list.any()
        if "definition" in schema:
            found |= pl.col("name").is_in(list(self.manifests)) | self.names_in("definition")
        if "config" in schema:
            found |= self.names_in("config")
        return found.fill_null(False)

    def names_in(self, column: str) -> pl.Expr:
        """Whether a text names the person, one of their recordings or files."""
        return pl.col(column).str.contains(self.pattern)

    @property
    def pattern(self) -> str:
        """What a text names them by, for a regular expression; names that only begin or end alike are others."""
        names = sorted(self.recordings | self.paths | self.persons, key=len, reverse=True)
        # Texts are JSON: a line's end is a backslash and a letter there.
        return rf"(^|[^\w./-]|\\[nrt])({'|'.join(map(re.escape, names))})($|[^\w/-])" if names else r"\b\B"


def trace(store: Store, subject: str) -> Traces:
    """Follow a person through every version of every table.

    Parameters
    ----------
    store : Store
    subject : str
        ``<corpus>/<subject>`` or a person, ``<namespace>/<id>``; where a recipe hashes names, the name or its hash.

    Raises
    ------
    StoreError
        Where the store has a table of which it is not known whose rows it has.
    """
    _refuse_unknown(store)
    corpus, _, name = subject.partition("/")
    files = list(scan_files(store, "recordings"))
    spelled = [subject, f"{corpus}/{hashed(name)}"]
    is_theirs = pl.col("person").is_in(spelled) | (
        (pl.col("corpus") == corpus) & pl.col("subject").is_in([name, hashed(name)])
    )
    persons = {
        str(row[0] or f"{row[1]}/{row[2]}")
        for each in files
        for row in each.filter(is_theirs).select("person", "corpus", "subject").unique().collect().rows()
    }
    theirs = pl.col("person").is_in(list(persons)) | (is_theirs & pl.col("person").is_null())
    others = set(store.recordings.filter(~theirs).select("recording_id").collect()["recording_id"])
    rows = [each.filter(theirs).select("recording_id", "sources", "streams").collect() for each in files]
    ids = {str(each) for frame in rows for each in frame["recording_id"]} - others
    paths = {
        str(item)
        for frame in rows
        for source in frame.filter(pl.col("recording_id").is_in(list(ids)))["sources"].drop_nulls()
        for entry in source
        for item in (entry["path"], entry["member"])
        if item
    }
    parts = {
        str(stream["part"])
        for frame in rows
        for streams in frame.filter(pl.col("recording_id").is_in(list(ids)))["streams"].drop_nulls()
        for stream in streams
    }
    if store.tables.exists(TABLE):
        parts |= parts_of(list(scan_files(store, TABLE)), ids)
    shared = _shared_paths(store, ids)
    items = _item_parts(store, ids)
    found = Traces(frozenset(persons), frozenset(ids), frozenset(paths - shared), frozenset(parts), items)
    return replace(found, manifests=_manifests(store, found))


def hot_files(store: Store, name: str, traces: Traces) -> frozenset[str]:
    """Files of a table, of whatever version, with a row that leads to the person; what cannot be read is one, too."""
    hot = []
    for file in data_files(store.tables.objects, name):
        try:
            rows = _scan(store, name, file)
            found = rows.filter(traces.hot(rows.collect_schema())).head(1).collect().height
        except (pl.exceptions.PolarsError, OSError):
            found = 1  # the rest of a killed write
        if found:
            hot.append(file)
    return frozenset(hot)


def clean_snapshots(store: Store, hot: dict[str, frozenset[str]]) -> tuple[list[int], list[int]]:
    """Snapshots whose tables consist of clean files alone, and all others.

    Parameters
    ----------
    store : Store
    hot : dict of table to its files that lead to the person

    Returns
    -------
    kept, dropped : list of int
    """
    clean = {
        name: {version for version, files in live_files(store.objects, name) if not files & hot[name]} for name in hot
    }
    kept: list[int] = []
    dropped: list[int] = []
    for number, tables in store.snapshots.sort("snapshot_id").select("snapshot_id", "tables").collect().iter_rows():
        fine = all(item["version"] in clean.get(item["table"], ()) for item in tables)
        (kept if fine else dropped).append(number)
    return kept, dropped


def scan_files(store: Store, name: str) -> Iterator[pl.LazyFrame]:
    """Every readable file of a table, of whatever version."""
    for file in data_files(store.tables.objects, name):
        rows = _scan(store, name, file)
        try:
            rows.collect_schema()
        except (pl.exceptions.PolarsError, OSError):
            continue  # the rest of a killed write
        yield rows


def versioned(store: Store) -> list[str]:
    """Tables whose versions the snapshots fix."""
    return [name for name in store.tables.names() if name not in UNVERSIONED]


def _scan(store: Store, name: str, file: str) -> pl.LazyFrame:
    return pl.scan_parquet(f"{store.tables.url(name)}/{file}", glob=False)


def _fields(dtype: pl.DataType) -> list[str]:
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return [each.name for each in inner.fields] if isinstance(inner, pl.Struct) else []


def _refuse_unknown(store: Store) -> None:
    for name in store.tables.names():
        if name not in NAMELESS and not {"recording_id", "person"} & set(store.tables.scan(name).collect_schema()):
            raise StoreError(
                f"table {name!r} does not say of which recordings its rows are.",
                where=store.url,
                mend="No one can be forgotten with certainty until it is removed.",
            )


def _shared_paths(store: Store, ids: set[str]) -> set[str]:
    """Files that recordings of others were read from, too, such as one archive of everyone."""
    rows = store.recordings.filter(~pl.col("recording_id").is_in(list(ids))).select("sources").collect()
    return {
        str(item)
        for source in rows["sources"].drop_nulls()
        for entry in source
        for item in (entry["path"], entry["member"])
        if item
    }


def _item_parts(store: Store, ids: set[str]) -> frozenset[str]:
    parts: set[str] = set()
    for name in item_tables(store.tables):
        for rows in scan_files(store, name):
            mine = rows.filter(pl.col("recording_id").is_in(list(ids))).select("part").unique().collect()
            parts |= set(mine["part"])
    return frozenset(parts)


def _manifests(store: Store, traces: Traces) -> dict[str, dict[str, str]]:
    rows = store.tables.scan("manifests").select("name", "hash", "definition").collect()
    named = set(rows.filter(traces.names_in("definition"))["name"])
    touched = {}
    for name, content, definition in rows.iter_rows():
        listed = store.tables.scan(f"manifests/{name}").filter(pl.col("recording_id").is_in(list(traces.recordings)))
        if name in named or listed.head(1).collect().height:
            touched[name] = {"hash": content, "definition": definition}
    return touched

"""Rows that were made from recordings which have been replaced since: found, told, and refused."""

from __future__ import annotations

import polars as pl

from biocurate.errors import StaleError

KEY = ("recording_id", "revision")
"""What a row was made from."""

OWN_SET = "manifest-"
"""Begins the name of a window set that belongs to a manifest; no other set's name does."""

WORDS = {
    "windows": "window set",
    "pairs": "set of pairs",
    "quality": "quality of window set",
    "images": "image set",
    "embeddings": "set of embeddings",
    "manifests": "manifest",
}
"""What a table of each kind is called in errors."""


def gone(rows: pl.LazyFrame, recordings: pl.LazyFrame) -> pl.DataFrame:
    """Recordings and revisions that rows were made from and that are there no more, one row each."""
    lost = rows.select(KEY).unique().join(recordings.select(KEY), on=KEY, how="anti")
    return lost.sort(KEY).collect(engine="streaming")


SAMPLED = 200
"""Rows that are compared to tell whether windows are those that something was made from."""


def windows_moved(rows: pl.LazyFrame, windows: pl.LazyFrame) -> bool:
    """Tell whether a window set was cut anew, by another rule, since rows were made from it.

    Rows evenly from first to last are compared: a set that is cut anew has other windows under most of its numbers.
    """
    key = ("window_id", "recording_id", "t0_ns", "duration_ns")
    height = rows.select(pl.len()).collect().item()
    some = rows.select(key).gather_every(max(1, height // SAMPLED)).collect()
    last = rows.select(key).last().collect()
    tried = pl.concat([some, last]).unique()
    there = windows.select(key).filter(pl.col("window_id").is_in(tried["window_id"].implode()))
    return tried.join(there.collect(), on=key, how="anti").height > 0


def stale_error(stale: pl.DataFrame, table: str, where: str, snapshot_id: int | None) -> StaleError:
    """Say of which recordings a table is stale, how to make it anew, and how to read it as it was.

    Parameters
    ----------
    stale : DataFrame
        As `gone` gives it.
    table : str
        ``windows/w10``, ``manifests/m`` or ``images/s``; empty for windows that come from no table.
    where : str
        The store.
    snapshot_id : int or None
        A snapshot in which the rows are what they were made from, where it is known.
    """
    kind, _, name = table.partition("/")
    what = f"{WORDS.get(kind, kind)} {name!r} was" if table else "the windows were"
    at = "SNAPSHOT" if snapshot_id is None else snapshot_id
    return StaleError(
        f"{what} made from {stale.height} recordings that have been replaced or removed since, "
        f"such as {stale['recording_id'][0]}.",
        where=where,
        mend=f"Build it again: {rebuild(table)}. Or read the store as it was: open_store(url, at={at}), and "
        f"--at {at} with commands that only read.",
    )


def rebuild(table: str) -> str:
    """The command that makes a table anew."""
    kind, _, name = table.partition("/")
    if kind == "images":
        return f"biocurate images generate --set {name} --manifest MANIFEST --sensor SENSOR"
    if kind == "embeddings":
        first = "biocurate images generate … or manifest build FILE"
        return f"{first}, then biocurate zoo embed MODEL --images SET or --manifest NAME, --name {name}"
    if kind == "pairs":
        return f"biocurate windows build {name} …, then biocurate pairs build {name} --sensors SENSORS"
    if kind == "quality":
        return f"biocurate windows build {name} …, then biocurate quality score {name}"
    if kind == "manifests" or name.startswith(OWN_SET):
        return "biocurate manifest build FILE"
    if kind == "windows":
        return f"biocurate windows build {name} --length LENGTH --overwrite"
    return "biocurate windows build, then biocurate manifest build"

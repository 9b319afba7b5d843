"""Let a set of images follow its manifest as it is now, in memory that the number of images hardly matters to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.store.manifests import Manifest
from biocurate.store.schema import IMAGES, cast
from biocurate.store.store import Store

WINDOW = ["recording_id", "revision", "t0_ns", "duration_ns"]
"""What a window is, whatever its number."""

ROWS = 250_000
"""Rows that are in memory at once, at most."""


def follow(store: Store, image_set: str, manifest: Manifest, overwrite: bool) -> NDArray[np.int64]:
    """Drop images of windows that a manifest no longer has, and number those that it has as it does now.

    A manifest that is built again can number its windows anew, have more of them, or fewer.

    Parameters
    ----------
    store : Store
        Under a lease.
    image_set : str
    manifest : Manifest
    overwrite : bool
        Drop all.

    Returns
    -------
    array of int64, sorted
        Ids of the images that the set keeps.

    Raises
    ------
    UsageError
        Where the set is of another manifest.
    """
    table = f"images/{image_set}"
    if not store.tables.exists(table):
        return np.empty(0, np.int64)
    there = store.tables.scan(table)
    if overwrite:
        store.tables.write(table, cast(IMAGES.empty_table(), IMAGES))
        return np.empty(0, np.int64)
    _refuse_foreign(store, image_set, manifest, there)
    now = manifest.rows.select(*WINDOW, now="window_id").sort("now")
    if _has_moved(there, now):
        store.tables.write(table, _batches(there, now))
    return ids_of(store, table)


def ids_of(store: Store, table: str) -> NDArray[np.int64]:
    """Ids of the images of a set, sorted; none where there is no such table yet.

    They are eight bytes each, and all that is kept: some rows are read at a time.
    """
    if not store.tables.exists(table):
        return np.empty(0, np.int64)
    there = store.tables.scan(table).select("image_id")
    ids = np.empty(_count(there), np.int64)
    for start, some in _stretches(there):
        ids[start : start + some.height] = some["image_id"].to_numpy()
    ids.sort()  # in place: another 8 bytes for each are not needed
    return ids


def _refuse_foreign(store: Store, image_set: str, manifest: Manifest, there: pl.LazyFrame) -> None:
    foreign = there.filter(pl.col("manifest") != manifest.name).select("manifest").head(1).collect()
    if foreign.height:
        raise UsageError(
            f"image set {image_set!r} is of manifest {foreign['manifest'][0]!r}.",
            where=store.url,
            mend="Choose another name with --set, or --overwrite: snapshots keep the older images.",
        )


def _has_moved(there: pl.LazyFrame, now: pl.DataFrame) -> bool:
    """Tell whether a window of the set is not in the manifest, or has another number there; `now` is sorted."""
    numbers = now["now"].to_numpy()
    if not len(numbers):
        return bool(there.head(1).collect().height)
    for _, some in _stretches(there.select(*WINDOW, "window_id")):
        windows = some.unique()
        place = np.minimum(np.searchsorted(numbers, windows["window_id"].to_numpy()), len(numbers) - 1)
        known = now[place].rename({"now": "window_id"})
        if not known.select(windows.columns).equals(windows):
            return True
    return False


def _count(there: pl.LazyFrame) -> int:
    return int(there.select(pl.len()).collect().item())


def _stretches(there: pl.LazyFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Rows of a table, some at a time, and the number of the first: of 40 million images all would be over a GiB."""
    for start in range(0, _count(there), ROWS):
        yield start, there.slice(start, ROWS).collect()


def _batches(there: pl.LazyFrame, now: pl.DataFrame) -> pa.RecordBatchReader:
    """Rows of windows that are still there, as a stream of batches, which a table takes one by one."""

    def batches() -> Iterator[pa.RecordBatch]:
        for _, rows in _stretches(there):
            kept = rows.join(now, on=WINDOW, how="inner", maintain_order="left")
            yield from cast(kept.with_columns(window_id="now").drop("now").to_arrow(), IMAGES).to_batches()

    return pa.RecordBatchReader.from_batches(cast(IMAGES.empty_table(), IMAGES).schema, batches())

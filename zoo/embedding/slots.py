"""Vectors of windows by sensor type and representation, for a head that is trained on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from biocurate.store.embeddings import each_part, embedding_rows
from biocurate.store.store import Store
from zoo.embedding.source import open_source, seed_of

SPAN = ["recording_id", "revision", "t0_ns", "duration_ns"]
STREAM = ["recording_id", "revision", "stream_no"]

TOGETHER = "+"
"""Joins the names of sensor types that a network saw together."""

Slot = tuple[str, str]
"""Sensor type, or several that a network saw together (``ECG+EEG``), and representation."""


@dataclass(frozen=True)
class Slots:
    """The vectors of some windows; channels of one sensor type are averaged."""

    vectors: NDArray[np.float32]
    """Shape (windows, slots, width); NaN where a window has no such image."""
    slots: tuple[Slot, ...]
    sources: tuple[str, ...]
    """Where the weights are from that made them."""


def read_slots(
    store: Store,
    windows: pl.DataFrame,
    names: Sequence[str],
    sensors: Sequence[str] = (),
    representations: Sequence[str] = (),
) -> Slots:
    """Read sets of embeddings for windows, in memory that holds the windows' vectors and those of one part.

    Parameters
    ----------
    store : Store
    windows : DataFrame
        Of a manifest.
    names : sequence of str
        Sets of embeddings, all made by the same weights.
    sensors : sequence of str
        Only these; all where left out.
    representations : sequence of str
        Only these kinds, such as ``scalogram``; all where left out.

    Raises
    ------
    ModelError
        Where no window has a vector, a representation has none, or the sets were made by different weights.
    """
    found = slot_rows(store, windows, names, sensors, representations)
    slots = found.unique("slot").sort("slot").select("sensor_type", "representation").rows()
    mean = averaged(each_part(store, found), found, (windows.height, len(slots)))
    return Slots(mean, tuple(slots), tuple(found["source"].unique().sort()))


def slot_rows(
    store: Store,
    windows: pl.DataFrame,
    names: Sequence[str],
    sensors: Sequence[str] = (),
    representations: Sequence[str] = (),
) -> pl.DataFrame:
    """List the vectors of windows; as of `read_slots`.

    Returns
    -------
    DataFrame
        ``place`` (of the window in ``windows``), ``slot``, and of each vector its image, its part and who made it.
    """
    found = pl.concat([_rows(store, name, windows) for name in names])
    found = found.filter(_only_of(sensors)) if sensors else found
    where = f"embeddings {', '.join(names)}"
    if found.is_empty():
        raise ModelError("no window of the manifest has a vector in it.", where=where)
    found = _of_kinds(found, representations, where) if representations else found
    if found["weights"].n_unique() > 1:
        mend = "Make them by one: biocurate zoo embed … --overwrite"
        raise ModelError("they were made by different weights.", where=where, mend=mend)
    keys = ["sensor_type", "representation"]
    slots = found.select(keys).unique().sort(keys).with_row_index("slot")
    return found.join(slots, on=keys, how="left", maintain_order="left")


def averaged(
    parts: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]], rows: pl.DataFrame, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Average vectors by window and slot.

    Parameters
    ----------
    parts : iterable
        Places in ``rows`` and their vectors; every row in one part.
    rows : DataFrame
        place and slot of each vector.
    shape : tuple of int
        Windows and slots.

    Returns
    -------
    array, shape (windows, slots, width), float32; NaN where there is no vector
    """
    into = rows["place"].to_numpy().astype(np.int64) * shape[1] + rows["slot"].to_numpy()
    total: NDArray[np.float64] | None = None
    for at, vectors in parts:
        total = np.zeros((shape[0] * shape[1], vectors.shape[1])) if total is None else total
        np.add.at(total, into[at], vectors)
    assert total is not None
    count = np.bincount(into, minlength=len(total))[:, None]
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return mean.astype(np.float32).reshape(*shape, -1)


def _of_kinds(found: pl.DataFrame, kinds: Sequence[str], where: str) -> pl.DataFrame:
    """Rows of some kinds of images; a representation's id is its kind, a hyphen and a hash."""
    kind = pl.col("representation").str.replace(r"-[0-9a-f]+$", "")
    there = found.select(kind.unique().sort()).to_series().to_list()
    unknown = [name for name in kinds if name not in there]
    if unknown:
        mend = f"There are {', '.join(there)}."
        raise ModelError(f"no window has a vector of {', '.join(unknown)}.", where=where, mend=mend)
    return found.filter(kind.is_in(list(kinds)))


def check_source(store: Store, names: Sequence[str], sources: Sequence[str], parent: str | None) -> None:
    """Refuse vectors of trained weights whose training is not told, since whom they saw could be judged on.

    Raises
    ------
    ModelError
        Where the vectors are not of the weights that `parent` names.
    """
    trained = [source for source in sources if seed_of(source) is None]
    where = f"embeddings {', '.join(names)}"
    if trained and parent is None:
        mend = f"Name them, so that leaks can be looked for: --from {trained[0].partition('/')[0]}"
        raise ModelError(f"they were made by the weights of {trained[0]}.", where=where, mend=mend)
    if parent is None:
        return
    known = open_source(str(Path(parent)), {}).weights
    made = {embedding_rows(store, name).select("weights").first().collect().item() for name in names}
    if made != {known}:
        mend = "Name those that made them: --from, or --weights of a run; neither where they are random."
        raise ModelError(f"they were not made by the weights of {parent}.", where=where, mend=mend)


def _rows(store: Store, name: str, windows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a set that are of the windows, with the windows' places and the sensor types.

    That of an image is its stream's; those of samples stand in the row.
    """
    spans = windows.select(SPAN).with_row_index("place").lazy()
    sensors = store.streams.select(*STREAM, "sensor_type")
    rows = embedding_rows(store, name).join(spans, on=SPAN, how="inner")
    made = ["part", "part_digest", "row", "image_set", "model", "weights", "source"]
    kept = ["place", "sensor_type", "stream_no", "channel", "representation", *made]
    several = pl.col("sensor_types").list.sort().list.join(TOGETHER)
    joined = rows.join(sensors, on=STREAM, how="left").with_columns(pl.coalesce("sensor_type", several))
    return joined.drop_nulls("sensor_type").select(kept).sort("place", "part", "row").collect()


def together(sensor: str) -> list[str]:
    """Sensor types of a slot, which may be several."""
    return sensor.split(TOGETHER)


def _only_of(sensors: Sequence[str]) -> pl.Expr:
    """Whether a vector is of no other sensor types than these."""
    return pl.col("sensor_type").str.split(TOGETHER).list.eval(pl.element().is_in(list(sensors))).list.all()

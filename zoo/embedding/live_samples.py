"""Vectors of windows that are made anew by their samples: with noise in them, or without a sensor type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.store.arrays import ArrayReader
from biocurate.store.embeddings import PREFIX, read_embeddings
from biocurate.store.item_parts import item_key
from zoo.data.noise import Disturb
from zoo.embedding.live import BATCH, refuse_apart
from zoo.embedding.samples import Given, vectors_of

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.placed import PlacedRows
    from zoo.embedding.source import Source


class LiveSamples:
    """Vectors of windows of a manifest; one batch of samples is in memory.

    Parameters
    ----------
    store : Store
    windows : DataFrame
        Of the manifest.
    rows : DataFrame
        The stored vectors, as of `zoo.embedding.slots.slot_rows` for all of the windows.
    shape : tuple of int
        Slots, and width of a vector.
    source : Source
        What made them.

    Raises
    ------
    ModelError
        Where the vectors become others than the stored ones.
    """

    def __init__(
        self, store: Store, windows: pl.DataFrame, rows: pl.DataFrame, shape: tuple[int, int], source: Source
    ) -> None:
        self.store, self.rows, self.shape, self.source = store, windows, shape, source
        parts = rows.unique("slot").sort("slot").select("part", "part_digest").rows()
        self.given = [_given(store, windows, part, digest) for part, digest in parts]
        self._opened: dict[tuple[int, tuple[str, ...]], PlacedRows] = {}
        some = rows[np.unique(np.linspace(0, rows.height - 1, BATCH).astype(int))]
        at = np.arange(some.height), some["slot"].to_numpy()
        made = self.of(some["place"].to_numpy().astype(np.intp), None)[at]
        refuse_apart(made, read_embeddings(store, some), "read again, its samples")

    def of(self, windows: NDArray[np.intp], by: Disturb | None, absent: Sequence[str] = ()) -> NDArray[np.float32]:
        """Make the vectors of some windows.

        Parameters
        ----------
        windows : array of int, shape (n,)
            Places in the manifest.
        by : Disturb, optional
            What samples go through.
        absent : sequence of str
            Sensor types that the network is not given.

        Returns
        -------
        array, shape (n, slots, width), float32; NaN where a window has nothing of a slot
        """
        out = np.full((len(windows), *self.shape), np.nan, dtype=np.float32)
        for slot, given in enumerate(self.given):
            left = tuple(sensor for sensor in given.sensors if sensor not in absent)
            if left:
                placed = self._windows(slot, left)
                placed.disturb = by
                at = np.flatnonzero(placed.covered[windows])
                if len(at):
                    vectors, has = vectors_of(self.source, placed, windows[at], BATCH)
                    out[at[has], slot] = vectors[has]
        return out

    def _windows(self, slot: int, sensors: tuple[str, ...]) -> PlacedRows:
        if (slot, sensors) not in self._opened:
            whole = self.given[slot]
            chosen = {sensor: names for sensor, names in whole.channels.items() if sensor in sensors}
            given = Given(list(sensors), chosen, whole.view)
            self._opened[slot, sensors] = given.windows(self.store, self.rows, self.source)
        return self._opened[slot, sensors]


def _given(store: Store, windows: pl.DataFrame, part: str, digest: str) -> Given:
    """What the network was given, as a part's own metadata have it."""
    said: dict[str, Any] = ArrayReader(store.objects, item_key(PREFIX, part), digest).attributes
    return Given.of(windows, said["sensors"], said["channels"])

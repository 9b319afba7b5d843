"""Spans of many recordings at once, straight from the parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.store.arrays import ArrayReader, open_array
from biocurate.store.reading import catalogue, read_parts
from biocurate.store.signals import part_key
from biocurate.store.spans import Target, put_spans
from biocurate.store.store import Store
from biocurate.store.stream_index import StreamIndex


class SignalReader:
    """Read spans of many streams at once, past zarr-python's indexing.

    Parameters
    ----------
    store : Store
    recording_ids : sequence of str, optional
        Restrict the catalogue to these recordings.
    view : str, optional
        Id of a view: read the streams that it made, and not those that were recorded.
    streams : DataFrame, optional
        Rows of another reader's catalogue, where the streams to read are known: no table is looked at then.
    """

    def __init__(
        self,
        store: Store,
        recording_ids: Sequence[str] | None = None,
        view: str | None = None,
        streams: pl.DataFrame | None = None,
    ) -> None:
        self.store = store
        self.view = view
        self._recording_ids = recording_ids
        self._known = streams

    @classmethod
    def of(cls, store: Store, windows: pl.DataFrame) -> SignalReader:
        """One for the recordings of some windows, and for the view that they are windows of."""
        return cls(store, windows["recording_id"].unique().to_list(), view_of(windows))

    @cached_property
    def streams(self) -> pl.DataFrame:
        """One row a stream: where it lies, its rate, and lists of each channel's name, unit, scale, invalid code.

        ``scale`` and ``shift`` go from digital values straight to the canonical unit.
        """
        if self._known is not None:
            return self._known
        streams = self.store.streams_of(self.view)
        if self._recording_ids is not None:
            streams = streams.filter(pl.col("recording_id").is_in(list(self._recording_ids)))
        return catalogue(streams.collect())

    @cached_property
    def index(self) -> StreamIndex:
        """The same as arrays, made once and looked up by every batch."""
        return StreamIndex(self.streams)

    def digital(
        self, parts: Sequence[str], digests: Sequence[str], starts: NDArray[np.int64], n_samples: int
    ) -> NDArray[Any]:
        """Read one span of each of many parts, as stored.

        Parameters
        ----------
        parts, digests : sequence of str, one a span
            Part and the digest of its list of objects.
        starts : array of int, one a span
            First sample in the part.
        n_samples : int

        Returns
        -------
        array, shape (spans, channels, n_samples)

        Raises
        ------
        DamageError
            Where a stored byte is missing or differs.
        """
        return read_parts(self.store.objects, parts, digests, starts, n_samples)

    def dtype(self, streams: NDArray[np.int64]) -> np.dtype[Any]:
        """Type that holds what is stored of some rows of the catalogue; float32 where a view computes them."""
        parts = np.unique(self.index.part[streams])
        return np.result_type(*(self._part(int(part)).dtype if part >= 0 else np.float32 for part in parts))

    def put(
        self,
        streams: NDArray[np.int64],
        first: NDArray[np.int64],
        rows: NDArray[np.int64],
        kinds: NDArray[np.int64],
        target: Target,
    ) -> None:
        """Put a span of each of many streams that lie in parts into rows of an array.

        Parameters
        ----------
        streams, first, rows, kinds : array of int, one a span
            Row of the catalogue; first sample in the stream; row of ``target``; number of the scale.
        target : Target

        Raises
        ------
        DamageError
            Where a stored byte is missing or differs.
        """
        at, parts = self.index.start[streams] + first, self.index.part[streams]
        for part in np.unique(parts):
            mine = np.flatnonzero(parts == part)
            put_spans(self._part(int(part)), at[mine], rows[mine], kinds[mine], target)

    @cached_property
    def _parts(self) -> pl.DataFrame:
        """Part and digest of its list of objects, in the order of the index."""
        return self.streams.select("part", "part_digest").drop_nulls("part").unique("part").sort("part")

    def _part(self, number: int) -> ArrayReader:
        part, digest = self._parts.row(number)
        return open_array(self.store.objects, part_key(part), digest)


def view_of(windows: pl.DataFrame) -> str | None:
    """The view that windows are of; None where they are of what was recorded.

    Raises
    ------
    UsageError
        Where they are of several.
    """
    found = windows["view"].unique().to_list() if "view" in windows.columns else [None]
    if len(found) > 1:
        named = ", ".join(sorted(str(view or "as recorded") for view in found))
        raise UsageError(f"the windows are of several views: {named}.", mend="Read those of each view apart.")
    return found[0] if found else None

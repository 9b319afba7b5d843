"""Samples of a view that are computed when they are read: the same, to the last bit, as those that are stored."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.views.catalogue import steps
from biocurate.curate.views.chain import plan_stream
from biocurate.curate.views.run import Derived, derive
from biocurate.curate.views.schema import DEFINITION, View, parse_view
from biocurate.errors import StaleError
from biocurate.store.objects import Objects
from biocurate.store.reading import catalogue
from biocurate.store.store import Store

HELD = 4
"""Blocks that are kept: windows come sorted, so that the next one is mostly in the same."""

STREAMS = 64
"""Streams whose segments are looked up once."""


@dataclass
class Computing:
    """Computes samples of derived streams that have no part.

    Parameters
    ----------
    store : Store
    """

    store: Store
    _streams: OrderedDict[str, Derived] = field(default_factory=OrderedDict)
    _blocks: OrderedDict[tuple[str, int, int], NDArray[np.float32]] = field(default_factory=OrderedDict)

    def windows(self, rows: pl.DataFrame, n_samples: int) -> NDArray[np.float32]:
        """One span of each of many streams, shape (rows, channels, n_samples).

        Parameters
        ----------
        rows : DataFrame
            Rows of ``derived_streams``, with the index in the stream of the span's first sample in ``first``.
        n_samples : int
        """
        read = [self.read(row, row["first"], row["first"] + n_samples) for row in rows.iter_rows(named=True)]
        return np.stack(read)

    def read(self, row: Mapping[str, Any], start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``[start, stop)`` of a derived stream, shape (channels, stop - start), as they would be stored.

        Parameters
        ----------
        row : mapping
            Of ``derived_streams``: stream_id, recording_id, revision, stream_no, sensor_type, chain, mains_hz.
        start, stop : int

        Raises
        ------
        StaleError
            Where the raw stream is gone, or this version of the program would compute something else.
        """
        derived = self._derived(row)
        pieces = [
            block[:, max(0, start - first) : stop - first]
            for first, block in self._around(str(row["stream_id"]), derived, start, stop)
        ]
        if not pieces:
            return np.empty((len(derived.plan.form.names), 0), dtype=np.float32)
        return np.concatenate(pieces, axis=1)

    def _around(self, stream_id: str, derived: Derived, start: int, stop: int) -> list[tuple[int, NDArray[np.float32]]]:
        """The blocks that a span lies in, and the index in the stream of each one's first sample."""
        found = []
        for number, begin in enumerate(derived.starts[:-1]):
            end = derived.starts[number + 1]
            if begin >= stop or end <= start:
                continue
            first = (max(start, begin) - begin) // derived.block * derived.block
            for at in range(first, min(stop, end) - begin, derived.block):
                found.append((begin + at, self._block(stream_id, derived, number, at)))
        return found

    def _block(self, stream_id: str, derived: Derived, number: int, at: int) -> NDArray[np.float32]:
        key = (stream_id, number, at)
        if key not in self._blocks:
            self._blocks[key] = derived.compute(number, at)
            while len(self._blocks) > HELD:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _derived(self, row: Mapping[str, Any]) -> Derived:
        stream_id = str(row["stream_id"])
        if stream_id not in self._streams:
            raw = self.store.streams.filter(
                (pl.col("recording_id") == row["recording_id"])
                & (pl.col("revision") == row["revision"])
                & (pl.col("stream_no") == row["stream_no"])
            ).collect()
            if raw.is_empty():
                raise _stale(stream_id, "the recording that it is made from was replaced", self.store.url)
            self._streams[stream_id] = _laid(self.store.objects, raw, row, self.store.url)
            while len(self._streams) > STREAMS:
                self._streams.popitem(last=False)
        return self._streams[stream_id]


def _laid(objects: Objects, raw: pl.DataFrame, row: Mapping[str, Any], url: str) -> Derived:
    stream = catalogue(raw).with_columns(raw["channels"]).row(0, named=True)
    view = view_of_chain(str(row["chain"]), str(row["sensor_type"]))
    if view is None:
        raise _stale(str(row["stream_id"]), "this version of the program computes it otherwise", url)
    return derive(objects, stream, plan_stream(view, stream, row["mains_hz"]))


def _stale(stream_id: str, why: str, url: str) -> StaleError:
    return StaleError(f"{stream_id}: {why}.", where=url, mend="Make the view again: biocurate preprocess VIEW --lazy.")


def view_of_chain(chain: str, sensor: str) -> View | None:
    """The view of a sensor type whose canonical JSON stands in a row; None where a definition has changed since."""
    facts = json.loads(chain)
    known = steps()
    chained = [dict(step) for step in facts["chain"]]
    for step in chained:
        if step["step"] not in known or known[step["step"]].definition != step.pop("definition"):
            return None
    if facts["definition"] != DEFINITION:
        return None
    return parse_view({"name": "stored", "allow_suspect": facts["allow_suspect"], "chains": {sensor: chained}})

"""Stored images by their number, a block of neighbours decoded once and kept for those that are asked for next."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.errors import DamageError
from biocurate.images.drawing.registry import kind_of
from biocurate.images.making.part import image_key
from biocurate.images.reading.pieces import Decoded
from biocurate.store.arrays import ArrayReader, open_array
from biocurate.store.store import Store

Ints = NDArray[np.int64]

KEPT_BYTES = 128 * 1024 * 1024
"""Decoded blocks that a process keeps: twice what `biocurate.images.reading.order` mixes by default."""

PART = ("representation", "part", "part_digest")


@dataclass
class StoredImages:
    """Images of a set, read block by block.

    A block is a chunk of a part: to read one of its images is to decode all. Read in the order of `dealt`, each is
    decoded once.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Rows of an image set: representation, part, part_digest and row.
    kept_bytes : int
        Decoded bytes that are kept at most; the blocks of the batch that is read come on top.
    """

    store: Store
    rows: pl.DataFrame
    kept_bytes: int = KEPT_BYTES
    decoded: int = 0
    """Blocks decoded so far."""
    _kept: OrderedDict[tuple[int, int], NDArray[np.uint8]] = field(default_factory=OrderedDict, repr=False)
    _kept_size: int = 0

    @cached_property
    def _parts(self) -> pl.DataFrame:
        return self.rows.select(PART).unique(maintain_order=True).with_row_index("number")

    @cached_property
    def _readers(self) -> list[ArrayReader]:
        return [self._open(part, digest) for part, digest in self._parts.select("part", "part_digest").iter_rows()]

    @cached_property
    def _columns(self) -> tuple[Ints, Ints, Ints]:
        """Part, chunk in it and place in that, of each image."""
        numbered = self.rows.select(*PART, "row").join(self._parts, on=PART, how="left", maintain_order="left")
        part, row = (numbered[name].to_numpy().astype(np.int64) for name in ("number", "row"))
        length = np.array([reader.layout.chunk for reader in self._readers], dtype=np.int64)[part]
        return part, row // length, row % length

    @property
    def block(self) -> Ints:
        """Number of each image's block."""
        part, chunk, _ = self._columns
        step = int(chunk.max(initial=0)) + 1
        return np.asarray(np.unique(part * step + chunk, return_inverse=True)[1], dtype=np.int64)

    @property
    def block_bytes(self) -> int:
        """Decoded bytes of the largest block."""
        return max(int(np.prod(reader.layout.shape(reader.layout.chunk))) for reader in self._readers)

    def pieces(self, at: Ints) -> list[Decoded]:
        """Read some images.

        Raises
        ------
        DamageError
            Where a stored byte is missing or changed.
        """
        part, chunk, place = (column[at] for column in self._columns)
        asked, which = np.unique(np.stack([part, chunk]), axis=1, return_inverse=True)
        order = np.argsort(which.reshape(-1), kind="stable")
        ends = np.cumsum(np.bincount(which.reshape(-1)))
        found: dict[tuple[Any, ...], list[tuple[Ints, NDArray[np.uint8]]]] = {}
        for number, mine in zip(asked.T.tolist(), np.split(order, ends[:-1]), strict=True):
            block = self._block(number[0], number[1])
            drawn = kind_of(self._parts["representation"][number[0]])
            found.setdefault((block.shape[1:], drawn.resizing), []).append((mine, block[place[mine]]))
        return [
            Decoded(
                places=torch.from_numpy(np.concatenate([mine for mine, _ in alike])),
                stored=torch.from_numpy(np.concatenate([pixels for _, pixels in alike])),
                rule=rule,
            )
            for (_, rule), alike in found.items()
        ]

    def _block(self, part: int, chunk: int) -> NDArray[np.uint8]:
        key = (part, chunk)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        block = self._decode(part, chunk)
        self._kept[key] = block
        self._kept_size += block.nbytes
        while self._kept_size > self.kept_bytes and len(self._kept) > 1:
            self._kept_size -= self._kept.popitem(last=False)[1].nbytes
        return block

    def _decode(self, part: int, chunk: int) -> NDArray[np.uint8]:
        self.decoded += 1
        try:
            return self._readers[part].chunks(chunk, chunk + 1)
        except DamageError as error:
            raise _to_draw_again(error) from error

    def _open(self, part: str, digest: str) -> ArrayReader:
        try:
            return open_array(self.store.objects, image_key(part), digest)
        except DamageError as error:
            raise _to_draw_again(error) from error


def _to_draw_again(error: DamageError) -> DamageError:
    mend = "Restore the store from a copy, or draw them again: biocurate images generate … --overwrite"
    return DamageError(error.what, where=error.where, mend=mend)

"""Images out of the store, resized and coloured as they are read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from biocurate.errors import DamageError, UsageError
from biocurate.images.drawing.registry import kind_of
from biocurate.images.drawing.render import Resizing, resize
from biocurate.images.drawing.render import colour as paint
from biocurate.images.making.part import image_key
from biocurate.store.arrays import open_array, read_items
from biocurate.store.item_sets import rows_of, sets_of
from biocurate.store.store import Store

PREFIX = "images/"


def image_sets(store: Store) -> list[str]:
    """Names of the store's image sets."""
    return sets_of(store.tables, PREFIX)


def image_rows(store: Store, image_set: str) -> pl.LazyFrame:
    """Rows of an image set.

    Raises
    ------
    StoreError
        Where there is no such set.
    StaleError
        Where images were made from recordings that have been replaced.
    """
    make = f"biocurate images generate --set {image_set} …"
    return rows_of(store, PREFIX, image_set, called="is no image set", make=make)


def read_images(
    store: Store, rows: pl.DataFrame, size: int | None = 224, colour: str | None = None
) -> NDArray[np.uint8]:
    """Read images: the same bytes as `represent` draws from the samples.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Rows of an image set: representation, part, part_digest and row.
    size : int, optional
        Side in pixels; None leaves them at their native grid, which must then be the same for all.
    colour : str, optional
        Colour map, such as ``viridis``; grey levels where left out.

    Returns
    -------
    array, shape (n, size, size), or (n, 3, size, size) with a colour map, uint8
        In the order of ``rows``; low frequencies in the last row.

    Raises
    ------
    DamageError
        Where a stored byte is missing or changed.
    UsageError
        Where there is no such colour map, no row, native grids differ, or a representation's plugin is missing.
    """
    if rows.is_empty():
        raise UsageError("there is no image to read.", where="read_images")
    out: NDArray[np.uint8] | None = None
    for mine, pixels, rule in _parts(store, rows):
        drawn = pixels if size is None else resize(pixels, size, rule)
        drawn = drawn if colour is None else paint(drawn, colour)
        if out is None:
            out = np.empty((rows.height, *drawn.shape[1:]), dtype=np.uint8)
        if drawn.shape[1:] != out.shape[1:]:
            raise UsageError(
                f"images of {out.shape[-2:]} and {tuple(drawn.shape[-2:])} pixels cannot make one array.",
                where="read_images",
                mend="Give a size, or read them apart.",
            )
        out[mine] = drawn.numpy()
    assert out is not None
    return out


def _parts(store: Store, rows: pl.DataFrame) -> Iterator[tuple[NDArray[np.int64], Tensor, Resizing]]:
    """Images part by part: their places in ``rows``, their pixels at the native grid, and how these are resized."""
    placed = rows.select("representation", "part", "part_digest", "row").with_row_index("place")
    for (drawn, part, digest), group in placed.group_by("representation", "part", "part_digest", maintain_order=True):
        rule = kind_of(str(drawn)).resizing
        try:
            reader = open_array(store.objects, image_key(str(part)), str(digest))
            pixels = read_items(reader, group["row"].cast(pl.Int64).to_numpy())
        except DamageError as error:
            mend = "Restore the store from a copy, or draw them again: biocurate images generate … --overwrite"
            raise DamageError(error.what, where=error.where, mend=mend) from error
        yield group["place"].cast(pl.Int64).to_numpy(), torch.from_numpy(pixels), rule

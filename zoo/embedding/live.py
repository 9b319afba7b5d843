"""Vectors of windows that are made anew of samples, as a set's stored ones were: drawn, then embedded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.errors import ModelError, UsageError
from biocurate.store.embeddings import read_embeddings
from zoo.data.draw import Draw
from zoo.data.images import ImageDataset
from zoo.data.noise import Disturb, OfImages
from zoo.embedding.slots import averaged

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.embedding.source import Source

APART = 0.01
"""Greatest distance of a vector to the stored one, by the length of that: machines differ a little."""

BATCH = 32
"""Images that are drawn and embedded at once."""

IMAGE = ["place", "stream_no", "channel", "representation"]
"""What tells one image of a set from another."""


class LiveVectors:
    """Vectors of windows of a manifest; one batch of images is in memory, and the samples that `Live` keeps.

    Parameters
    ----------
    store : Store
    manifest : str
    rows : DataFrame
        The stored vectors, as of `zoo.embedding.slots.slot_rows` for all windows of the manifest.
    shape : tuple of int
        Slots, and width of a vector.
    source : Source
        What made them.

    Raises
    ------
    StoreError
        Where a set of images is there no more.
    ModelError
        Where a set lacks images that have a vector, this version draws them otherwise, or the vectors become others.
    UsageError
        Where a set was stored at another size than the network takes.
    """

    def __init__(self, store: Store, manifest: str, rows: pl.DataFrame, shape: tuple[int, int], source: Source) -> None:
        self.shape, self.source = shape, source
        self.sets = {name: _drawn(store, manifest, name, source.pixels) for name in rows["image_set"].unique().sort()}
        self.rows = pl.concat([_numbered(rows.filter(image_set=name), name, each) for name, each in self.sets.items()])
        self._check(store)

    def of(self, windows: NDArray[np.intp], by: Disturb | None) -> NDArray[np.float32]:
        """Make the vectors of some windows, of samples that go through something.

        Parameters
        ----------
        windows : array of int, shape (n,)
            Places in the manifest.
        by : Disturb, optional

        Returns
        -------
        array, shape (n, slots, width), float32; NaN where a window has no such image
        """
        asked = pl.DataFrame({"place": windows}).cast(self.rows.schema["place"]).with_row_index("window")
        mine = self.rows.join(asked, on="place", how="inner", maintain_order="left")
        if mine.is_empty():
            return np.full((len(windows), *self.shape), np.nan, dtype=np.float32)
        into = mine.with_columns(place="window")
        return averaged(self._parts(mine, by), into, (len(windows), self.shape[0]))

    def _parts(self, rows: pl.DataFrame, by: Disturb | None) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Places in ``rows`` and vectors; images of a window follow each other, so that it is read once."""
        ordered = rows.select("image_set", "at").with_row_index("row").sort("image_set", "at")
        for (name,), some in ordered.group_by("image_set", maintain_order=True):
            images = self.sets[str(name)]
            images.disturbed = None if by is None else OfImages.of(by, images.images)
            for part in some.iter_slices(BATCH):
                batch = images.unchanged(part["at"].to_list())
                yield part["row"].to_numpy().astype(np.int64), self._embedded(batch["image"])

    def _embedded(self, images: torch.Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            found: torch.Tensor = self.source.network.embed(images)  # type: ignore[operator]
        return found.float().numpy()

    def _check(self, store: Store) -> None:
        """Hold some vectors, evenly spread, against the stored ones."""
        some = self.rows[np.unique(np.linspace(0, self.rows.height - 1, BATCH).astype(int))]
        kept = read_embeddings(store, some)
        for at, made in self._parts(some, None):
            refuse_apart(made, kept[at], "drawn again, its images")


def refuse_apart(made: NDArray[np.float32], kept: NDArray[np.float32], how: str) -> None:
    """Refuse vectors that are others than the stored ones, both of shape (vectors, width); ModelError."""
    apart = np.linalg.norm(made - kept, axis=1) / np.maximum(np.linalg.norm(kept, axis=1), 1e-12)
    if not apart.max() <= APART:
        what = f"{how} give other vectors: they differ by {apart.max():.1%} of their length."
        mend = "Name the store that they were made in, or make them anew: biocurate zoo embed … --overwrite"
        raise ModelError(what, where="embeddings", mend=mend)


def _drawn(store: Store, manifest: str, image_set: str, size: int) -> ImageDataset:
    """The images of a set, to be drawn as they were."""
    try:
        at = store.opened_at
        return ImageDataset(store.url, manifest, None, image_set, size, None, at, stored=False, draw=Draw())
    except UsageError as error:
        mend = f"Have images of {size} pixels embedded: biocurate images generate … --render {size}"
        raise UsageError(error.what, where=f"image set {image_set}", mend=mend) from error


def _numbered(rows: pl.DataFrame, image_set: str, images: ImageDataset) -> pl.DataFrame:
    """Rows of vectors with ``at``, the number of each one's image."""
    there = images.images.rename({"window_row": "place"}).select(IMAGE).with_row_index("at")
    found = rows.join(there, on=IMAGE, how="left", nulls_equal=True, maintain_order="left")
    if lacking := found["at"].null_count():
        mend = "Let the vectors follow their images: biocurate zoo embed"
        raise ModelError(f"{lacking:,} of the images are gone.", where=f"image set {image_set}", mend=mend)
    return found

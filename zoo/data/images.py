"""Images of windows for training: read from a set, or drawn from the samples when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.data.augment import Augmentation, MaskOut
from zoo.data.draw import ORDER, Draw, planned, planned_as, refuse_other, refuse_shifts
from zoo.data.noise import OfImages
from zoo.data.ranges import check_ranges
from zoo.data.windows import Batch, StoreDataset

if TYPE_CHECKING:
    from biocurate.images.drawing.registry import Representation
    from biocurate.images.reading.blocks import StoredImages
    from biocurate.images.reading.live import Live
    from biocurate.store.manifests import Manifest

HELD_BYTES = 256 * 2**20
"""A set of images no larger than this, resized, is kept in memory: a batch of random ones costs a chunk each."""

SPAN = ["recording_id", "revision", "t0_ns", "duration_ns"]


@dataclass(frozen=True)
class Look:
    """What is done to images when they are read, in this order: resized, coloured, masked.

    Parameters
    ----------
    size : int
        Side in pixels.
    colour : str, optional
        Colour map; grey levels where left out.
    mask : MaskOut, optional
        Blackens a part of each image, anew each epoch.
    """

    size: int = 224
    colour: str | None = None
    mask: MaskOut | None = None


@dataclass(frozen=True)
class Unfinished:
    """Images of a batch that are drawn, resized, coloured and masked where one trains: `images` makes them."""

    pieces: list[Any]
    look: Look
    item: NDArray[np.int64]
    seed: int
    epoch: int

    def images(self, device: torch.device | str = "cpu") -> Tensor:
        """Finish them on a device: shape (batch, 1 or 3, size, size), uint8."""
        from biocurate.images.reading.pieces import finish

        made = finish(self.pieces, self.look.size, self.look.colour, device)
        return made if self.look.mask is None else self.look.mask.apply(made, self.item, self.seed, self.epoch)


@dataclass(frozen=True)
class _Seeded:
    """An augmentation in one epoch."""

    of: Augmentation | OfImages
    seed: int
    epoch: int

    def shift(self, at: NDArray[np.int64], rate: float) -> NDArray[np.int64]:
        return self.of.shift(at, rate, self.seed, self.epoch)

    def change(self, x: NDArray[np.float32], at: NDArray[np.int64], rate: float) -> NDArray[np.float32]:
        return self.of.change(x, at, rate, self.seed, self.epoch)


class ImageDataset(StoreDataset):
    """Images of the windows of a manifest; one item an image, so that a window may be in several.

    A batch holds ``image`` (Tensor of shape (batch, 1, size, size), or three channels with a colour map, uint8),
    ``label`` (class codes) and ``row`` (place of the window in `rows`). Images that show nothing are left out and
    counted in `left_out`. Read from a set or drawn here, items have the same numbers, and on one machine, on its
    processor, the same bytes.

    Parameters
    ----------
    store_url : str
    manifest : str or Manifest
    split : str or None
    image_set : str, optional
        The set that is read, or whose images are drawn again.
    size : int
        Side in pixels; images are resized when they are read.
    sensors : sequence of str, optional
        Only images of these sensor types.
    at : int or str, optional
        A snapshot to read, as of `open_store`.
    stored : bool
        Whether images are read from a set, or drawn from the samples.
    draw : Draw, optional
        What is drawn, where images are not stored; of a set, what its samples go through.
    colour : str, optional
        Colour map.
    mask : MaskOut, optional
        Blackens a part of each image, anew each epoch.
    seed : int
        Of mask and augmentation: the same seed, epoch and item give the same bytes, whatever worker makes them.
    later : bool
        A batch holds `Unfinished` images, to be made on the device that trains.
    held_out : str, optional
        Fold that is judged on, where a fold of its training persons is read from a set that is scaled by these.

    Raises
    ------
    StaleError
        Where the manifest or the images were made from recordings that have been replaced.
    ModelError
        Where no window of the split has an image.
    UsageError
        Where it is not said what to read or draw, or it cannot be drawn; or where one fold is asked for, and the set is
        scaled by its persons, or by another manifest's. Of all windows at once nobody can tell: `check_ranges`.
    """

    def __init__(
        self,
        store_url: str,
        manifest: str | Manifest,
        split: str | None,
        image_set: str | None = None,
        size: int = 224,
        sensors: Sequence[str] | None = None,
        at: int | str | None = None,
        *,
        stored: bool = True,
        draw: Draw | None = None,
        colour: str | None = None,
        mask: MaskOut | None = None,
        seed: int = 0,
        later: bool = False,
        held_out: str | None = None,
    ) -> None:
        super().__init__(store_url, manifest, split, at)
        self.size, self.look, self.seed, self.later = size, Look(size, colour, mask), seed, later
        self.draw = draw
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]  # workers that stay see it change
        whole = self._store.manifest(manifest) if isinstance(manifest, str) else manifest
        if image_set is not None and split is not None:
            check_ranges(self._store, image_set, whole, [held_out or split])
        kinds = [str(SensorType.parse(sensor)) for sensor in sensors or ()]
        self.drawn: list[Representation] = []
        self.disturbed: OfImages | None = None
        """What samples go through when images are drawn to be judged."""
        if stored:
            self._find(_named(image_set, draw), kinds)
        elif draw is None:
            mend = "Say what to draw: ImageDataset(…, stored=False, draw=Draw((KIND,)))."
            raise UsageError("images that are not stored are drawn.", where="ImageDataset", mend=mend)
        else:
            self._plan(whole, image_set, kinds, draw)
        if self.images.is_empty():
            raise _nothing(image_set, sensors or ())
        self.row = self.images["window_row"].to_numpy().astype(np.intp)

    def _find(self, image_set: str, sensors: list[str]) -> None:
        from biocurate.images.reading.stored import image_rows

        # A window is its recording and its span: numbers change when a manifest is built anew.
        windows = self.rows.select(SPAN).with_row_index("window_row")
        # An image's own `row` is its place in its part.
        images = image_rows(self._store, image_set).join(windows.lazy(), on=SPAN)
        if sensors:
            keys = [*SPAN[:2], "stream_no"]
            streams = self._store.streams.filter(pl.col("sensor_type").is_in(sensors)).select(keys)
            images = images.join(streams, on=keys, how="semi")
        found = images.sort(ORDER).collect()
        self.images = found.filter(pl.col("status") == "ok")
        self.left_out = found.height - self.images.height

    def _plan(self, manifest: Manifest, image_set: str | None, sensors: list[str], draw: Draw) -> None:
        refuse_shifts(manifest, draw)
        if image_set is None:
            found = planned(manifest, self._reader, self.rows, sensors, draw)
            self.left_out = found.left_out
        else:
            refuse_other(draw)
            self._find(image_set, sensors)
            found = planned_as(self._reader, self.rows, self.images, self.size)
        self.images, self.drawn = found.images, found.representations

    def __len__(self) -> int:
        return self.images.height

    @property
    def epoch(self) -> int:
        """The epoch that mask and augmentation are made for."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; a loader's sampler calls it."""
        self._epoch.fill_(epoch)

    @property
    def block(self) -> NDArray[np.int64]:
        """Images that are decoded together, or drawn of samples that are read together, have the same number."""
        return self._live.block if self.drawn else self._set.block

    @property
    def block_bytes(self) -> int:
        """Decoded bytes of a block, at most."""
        return self._live.block_bytes if self.drawn else self._set.block_bytes

    @cached_property
    def _set(self) -> StoredImages:
        from biocurate.images.reading.blocks import StoredImages

        return StoredImages(self._store, self.images)

    @cached_property
    def _live(self) -> Live:
        from biocurate.images.reading.live import Live

        return Live(self._reader, self.images, self.drawn)

    @cached_property
    def _held(self) -> Tensor:
        """Every stored image, resized, shape (images, size, size)."""
        from biocurate.images.reading.pieces import finish

        at = np.arange(len(self))
        order = np.argsort(self._set.block, kind="stable")
        out = torch.empty((len(at), self.size, self.size), dtype=torch.uint8)
        for some in np.array_split(order, -(-len(at) // 1024)):
            out[torch.from_numpy(some)] = finish(self._set.pieces(some), self.size)[:, 0]
        return out

    @property
    def held(self) -> bool:
        """Whether all images are kept in memory, so that any order is read as fast."""
        return not self.drawn and len(self) * self.size**2 <= HELD_BYTES

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of images, in the order asked for."""
        return self._batch(indices, self.look, None if self.draw is None else self.draw.augmentation)

    def unchanged(self, indices: Sequence[int]) -> Batch:
        """A batch without mask and augmentation, as images are judged; of samples that are `disturbed`, if need be."""
        return self._batch(indices, replace(self.look, mask=None), self.disturbed)

    def _batch(self, indices: Sequence[int], look: Look, change: Augmentation | OfImages | None) -> Batch:
        at = np.asarray(indices, dtype=np.int64)
        row = self.row[at]
        batch: Batch = {"label": self.codes[row], "row": torch.from_numpy(row)}
        unfinished = Unfinished(self._pieces(at, change), look, at, self.seed, self.epoch)
        if self.draw is not None and not self.draw.survey:
            batch["shown"] = _shown(unfinished.pieces, len(at))
        return {**batch, "image": unfinished if self.later else unfinished.images()}

    def _pieces(self, at: NDArray[np.int64], change: Augmentation | OfImages | None) -> list[Any]:
        if self.drawn:
            return self._live.pieces(at, None if change is None else _Seeded(change, self.seed, self.epoch))
        if self.held:
            from biocurate.images.reading.pieces import Decoded

            return [Decoded(torch.arange(len(at)), self._held[torch.from_numpy(at)], "nearest")]
        return self._set.pieces(at)


def _shown(pieces: list[Any], count: int) -> Tensor:
    """Whether each image of a batch shows something."""
    out = torch.zeros(count, dtype=torch.bool)
    for piece in pieces:
        out[piece.places] = piece.drawing(torch.device("cpu")).status == 0
    return out


def _named(image_set: str | None, draw: Draw | None) -> str:
    if image_set is None or draw is not None:
        mend = "Name a set, or draw images: ImageDataset(…, stored=False, draw=Draw((KIND,)))."
        raise UsageError("stored images come from a set, and are drawn already.", where="ImageDataset", mend=mend)
    return image_set


def _nothing(image_set: str | None, sensors: Sequence[str]) -> ModelError:
    what = f" of {', '.join(sensors)}" if sensors else ""
    if image_set is None:
        return ModelError(f"no window of the manifest gives an image{what} that shows something.", where="images")
    return ModelError(
        f"no window of the manifest has an image{what} in it.",
        where=f"image set {image_set}",
        mend="Make them: biocurate images generate --manifest M --representation NAME",
    )

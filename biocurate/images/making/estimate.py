"""How long a generation will take and how much room it needs, from a few windows that are drawn."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import cast

import polars as pl
import torch

from biocurate.errors import StoreError
from biocurate.images.making.part import PartResult, make_part
from biocurate.images.making.plan import Lack, Plan
from biocurate.store.objects import Objects
from biocurate.store.store import Store

TRIED = 256
"""Channels of windows that are drawn of each sensor type, in every picture."""
ALONGSIDE = 0.85
"""What a second worker adds, as a share of the first."""


@dataclass(frozen=True)
class Share:
    """What one sensor type takes."""

    image_set: str
    sensor_type: str
    images: int
    stored_bytes: int
    seconds: float
    """On one worker."""


@dataclass(frozen=True)
class Estimate:
    """What a generation would take."""

    shares: tuple[Share, ...]
    workers: int
    free_bytes: int | None
    """Room that is left; None in an object store."""

    @property
    def images(self) -> int:
        """Images that are to be drawn."""
        return sum(share.images for share in self.shares)

    @property
    def stored_bytes(self) -> int:
        """Bytes of parts and rows."""
        return sum(share.stored_bytes for share in self.shares)

    @property
    def seconds(self) -> float:
        """On all workers, from what they took on this machine just now."""
        return sum(share.seconds for share in self.shares) / (1 + ALONGSIDE * (max(1, self.workers) - 1))

    @property
    def fits(self) -> bool:
        """Whether there is room for it, as far as that is known."""
        return self.free_bytes is None or self.stored_bytes <= self.free_bytes


def estimate(store: Store, plans: Sequence[Plan], workers: int = 1, device: str = "cpu") -> Estimate:
    """Draw some windows of each sensor type aside, and scale what they take to all; nothing is written to the store.

    Parameters
    ----------
    store : Store
    plans : sequence of Plan
    workers : int
        That the generation would have.
    device : str
        Where it would draw.
    """
    shares = []
    with tempfile.TemporaryDirectory() as aside:
        for plan in plans:
            largest: dict[str, Lack] = {}
            images: dict[str, int] = {}
            for lack in plan.lacks():
                images[lack.sensor] = images.get(lack.sensor, 0) + lack.images
                if lack.sensor not in largest or lack.images > largest[lack.sensor].images:
                    largest[lack.sensor] = lack
            shares += [_share(plan, lack, images[sensor], Objects(aside), device) for sensor, lack in largest.items()]
    return Estimate(tuple(shares), workers, free_bytes(store))


def _share(plan: Plan, lack: Lack, images: int, aside: Objects, device: str) -> Share:
    """What all images of a sensor type take, from those of its most frequent rate."""
    middle = lack.rows.height // 2
    rows = lack.rows.slice(max(0, middle - TRIED // len(lack.indexes)), max(1, TRIED // len(lack.indexes)))
    some = replace(plan.task(lack, rows, device), objects=aside)
    with _one_thread():
        make_part(replace(some, lack=replace(lack, rows=rows[:1])))  # what is made once a process is no part of it
        began = time.perf_counter()
        made = make_part(some)
        seconds = time.perf_counter() - began
    scale = images / some.images
    stored = made.n_bytes + _row_bytes(made)
    return Share(plan.order.image_set, lack.sensor, images, round(stored * scale), seconds * scale)


@contextmanager
def _one_thread() -> Iterator[None]:
    """As a worker has it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _row_bytes(made: PartResult) -> int:
    """Bytes of the images' rows in a table."""
    file = BytesIO()
    cast(pl.DataFrame, pl.from_arrow(made.rows)).write_parquet(file, compression="snappy")
    return file.tell()


def refuse_what_cannot_fit(store: Store, plans: Sequence[Plan], n_bytes: int) -> None:
    """Refuse to begin what will end in a full disk; what is smaller as pixels than the room left is not measured.

    Parameters
    ----------
    store : Store
    plans : sequence of Plan
    n_bytes : int
        Of all pixels that would be drawn.

    Raises
    ------
    StoreError
        There is no room for what would be stored.
    """
    free = free_bytes(store)
    if free is None or n_bytes <= free:
        return
    needed = estimate(store, plans)
    if not needed.fits:
        raise StoreError(
            f"about {needed.stored_bytes / 1e9:,.1f} GB of images would be stored, and {free / 1e9:,.1f} GB are free.",
            where=store.url,
            mend="Make room, or draw fewer, such as without --render; --force begins all the same.",
        )


def free_bytes(store: Store) -> int | None:
    """Room that is left for a store; None where that is not known."""
    folder = store.objects.folder
    return None if folder is None else shutil.disk_usage(folder).free

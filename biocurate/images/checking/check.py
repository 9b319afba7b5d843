"""Check that image sets hold what their rows say: objects, hashes, lengths, and what the images show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import DamageError
from biocurate.images.checking.redraw import Redrawn, redraw, redrawings
from biocurate.images.making.part import image_key
from biocurate.images.reading.stored import PREFIX, image_rows, image_sets
from biocurate.store.arrays import ArrayReader, receipt
from biocurate.store.objects import Objects
from biocurate.store.store import Store

KEY = ("set", "representation")
COUNTED = ("parts", "images", "n_bytes", "unused", "redrawn", "differ", "not_redrawn")


@dataclass
class Checks:
    """What a verification looked at and what it found wrong."""

    counts: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)
    """Where, and what."""

    def count(self, image_set: str, representation: str, **counted: int) -> None:
        """Add to a set's and representation's numbers."""
        mine = self.counts.setdefault((image_set, representation), dict.fromkeys(COUNTED, 0))
        for name, number in counted.items():
            mine[name] += number

    def add(self, where: str, what: str) -> None:
        """Note a problem."""
        self.problems.append({"where": where, "problem": what})

    def table(self) -> pl.DataFrame:
        """A row a set and representation.

        ``unused`` images lie in a part and no row names them: their windows left the manifest. ``not_redrawn`` are
        those of a sample whose representation is not known any more.
        """
        rows = [dict(zip(KEY, key, strict=True)) | counts for key, counts in self.counts.items()]
        schema = dict.fromkeys(KEY, pl.String()) | dict.fromkeys(COUNTED, pl.Int64())
        return pl.DataFrame(rows, schema=schema).sort(KEY)


@dataclass(frozen=True)
class PartLook:
    """A part, and what rows say of it."""

    objects: Objects
    image_set: str
    representation: str
    part: str
    digest: str
    images: int
    places: int
    """Different rows of the array that are named."""
    first: int
    last: int


def check_images(
    store: Store,
    image_set: str | None = None,
    pool: Pool | None = None,
    progress: Progress | None = None,
    *,
    deep: bool = False,
    sample: int | None = None,
) -> Checks:
    """Check every part of image sets against its list of objects and its rows; nothing is written.

    Parameters
    ----------
    store : Store
    image_set : str, optional
        All where left out.
    pool : Pool, optional
    progress : Progress, optional
        Counts images.
    deep : bool
        Draw images anew from the samples and compare every byte, and their numbers, ranges and reasons.
    sample : int, optional
        So many images of each set, spread evenly over its parts; all where left out.

    Raises
    ------
    StoreError
        Where there is no such set.
    StaleError
        Where a set was made from recordings that have been replaced.
    """
    pool, bar, found = pool or InProcess(), progress or Silent(), Checks()
    names = image_sets(store) if image_set is None else [image_set]
    looks = [look for name in names for look in _looks(store, name)]
    bar.start(sum(look.images for look in looks) + sum(_to_redraw(store, name, deep, sample) for name in names))
    for name in names:
        if twice := _twice(store, name):
            found.add(PREFIX + name, f"{twice:,} images are there twice.")
    for look, (n_bytes, unused, problems) in pool.map(check_part, looks):
        found.count(look.image_set, look.representation, parts=1, images=look.images, n_bytes=n_bytes, unused=unused)
        for where, what in problems:
            found.add(where, what)
        bar.advance(look.images)
    if deep and not found.problems:  # what is damaged cannot be compared
        for name in names:
            for task, drawn in pool.map(redraw, redrawings(store, name, sample)):
                _note(found, name, drawn)
                bar.advance(task.rows.height)
    return found


def check_part(look: PartLook) -> tuple[int, int, list[tuple[str, str]]]:
    """Check one part; returns the bytes read, the images that no row names, and (where, what) for each problem."""
    where = f"{look.objects.url}/{image_key(look.part)}"
    try:
        receipt.cache_clear()
        reader = ArrayReader(look.objects, image_key(look.part), look.digest)
        n_bytes = reader.verify()
    except DamageError as error:
        return 0, 0, [(error.where, error.what)]
    problems = []
    if look.first < 0 or look.last >= reader.shape[0]:
        problems.append((where, f"rows name images up to {look.last:,}, and the array has {reader.shape[0]:,}."))
    if look.places < look.images:
        problems.append((where, f"{look.images - look.places:,} rows name the place of another image."))
    said = reader.attributes.get("representation", look.representation)
    if said != look.representation:
        problems.append((where, f"rows call its images {look.representation}, and the array {said}."))
    return n_bytes, reader.shape[0] - look.places, problems


def _looks(store: Store, image_set: str) -> Iterator[PartLook]:
    parts = (
        image_rows(store, image_set)
        .group_by("representation", "part", "part_digest")
        .agg(images=pl.len(), places=pl.col("row").n_unique(), first=pl.col("row").min(), last=pl.col("row").max())
        .sort("representation", "part", "part_digest")
        .collect(engine="streaming")
    )
    for row in parts.iter_rows():
        yield PartLook(store.objects, image_set, *row)


def _twice(store: Store, image_set: str) -> int:
    """Images whose id another one has."""
    ids = np.sort(image_rows(store, image_set).select("image_id").collect(engine="streaming")["image_id"].to_numpy())
    return int((ids[1:] == ids[:-1]).sum())


def _to_redraw(store: Store, image_set: str, deep: bool, sample: int | None) -> int:
    if not deep:
        return 0
    there: int = image_rows(store, image_set).select(pl.len()).collect().item()
    return there if sample is None else min(sample, there)


def _note(found: Checks, image_set: str, drawn: Redrawn) -> None:
    counted: dict[str, Any] = {"redrawn": drawn.compared, "differ": drawn.differ, "not_redrawn": drawn.unknown}
    found.count(image_set, drawn.representation, **counted)
    for what in drawn.problems:
        found.add(f"{PREFIX}{drawn.part}", what)

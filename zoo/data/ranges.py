"""Stored images that are drawn by the range of a train split serve the folds that train on it, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biocurate.errors import UsageError

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest
    from biocurate.store.store import Store
    from zoo.data.task import Task


def check_ranges(store: Store, image_set: str, task: Task | Manifest, folds: Sequence[str]) -> None:
    """Refuse images whose black and white were found from persons that a fold is judged on.

    Parameters
    ----------
    store : Store
    image_set : str
    task : Task or Manifest
    folds : sequence of str
        Those that are held out in turn.

    Raises
    ------
    UsageError
        Where the range is of another fold, or of another manifest's split.
    StoreError
        Where there is no such set.
    """
    where = f"image set {image_set}"
    for held_out in _held_out(store, image_set, task):
        if others := [fold for fold in folds if held_out is not None and fold != held_out]:
            what = f"it is scaled with {held_out} held out, by persons whom other folds judge: {', '.join(others)}."
            mend = (
                f"Train on that fold alone: --fold {held_out}; in Python say so by held_out={held_out!r}. "
                "Or take a set for each fold, or one scaled by image."
            )
            raise UsageError(what, where=where, mend=mend)


def check_no_fold(store: Store, image_set: str, task: Task | Manifest) -> None:
    """Refuse images whose black and white are of one fold's training persons, where others than these are trained on.

    Raises
    ------
    UsageError
        Where they are, or are of another manifest's split.
    StoreError
        Where there is no such set.
    """
    if folds := [fold for fold in _held_out(store, image_set, task) if fold is not None]:
        what = f"it is scaled with {folds[0]} held out, and other persons are held out here."
        mend = "Take a set that is scaled by image or recording: biocurate images generate --scale image …"
        raise UsageError(what, where=f"image set {image_set}", mend=mend)


def _held_out(store: Store, image_set: str, task: Task | Manifest) -> list[str | None]:
    """Folds that are not in the ranges of a set, None of splits without folds; nothing of images scaled otherwise.

    What a set's parts say of themselves is asked, one part a representation: its id holds the range.
    """
    from biocurate.images.making.part import image_key
    from biocurate.images.reading.stored import image_rows
    from biocurate.store.arrays import ArrayReader

    found = []
    parts = image_rows(store, image_set).select("representation", "part", "part_digest")
    for part, digest in parts.unique("representation").select("part", "part_digest").collect().iter_rows():
        scale = ArrayReader(store.objects, image_key(part), digest).attributes.get("scale") or {}
        if scale.get("scope") != "train":
            continue
        if scale.get("manifest_hash") != task.hash:
            what = "its black and white are of the train split of another manifest, or of this one before it changed."
            mend = f"biocurate images generate --manifest {task.name} --scale train --overwrite …"
            raise UsageError(what, where=f"image set {image_set}", mend=mend)
        found.append(scale.get("held_out"))
    return found

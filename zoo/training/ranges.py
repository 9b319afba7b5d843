"""Stored images that are drawn by the range of a train split serve the folds that train on it, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biocurate.errors import UsageError

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


def stored_sets(store: Store, config: RunConfig) -> list[str]:
    """Image sets that a run is trained on as they are stored, be it by embeddings of them."""
    from biocurate.images.reading.stored import image_sets
    from biocurate.store.embeddings import embedding_rows

    if config.images is not None:
        return [] if config.drawing.live or config.drawing.draw else [config.images]
    named = {
        name
        for each in config.embeddings
        for name in embedding_rows(store, each).select("image_set").unique().collect().to_series()
    }
    return sorted(named & set(image_sets(store)))


def check_ranges(store: Store, image_set: str, task: Task, folds: Sequence[str]) -> None:
    """Refuse images whose black and white were found from persons that a fold is judged on.

    What a set's parts say of themselves is asked, one part a representation: its id holds the range.

    Parameters
    ----------
    store : Store
    image_set : str
    task : Task
    folds : sequence of str
        Those that are held out in turn.

    Raises
    ------
    UsageError
        Where the range is of another fold, or of another manifest's split.
    StoreError
        Where there is no such set.
    """
    from biocurate.images.making.part import image_key
    from biocurate.images.reading.stored import image_rows
    from biocurate.store.arrays import ArrayReader

    where = f"image set {image_set}"
    parts = image_rows(store, image_set).select("representation", "part", "part_digest")
    for part, digest in parts.unique("representation").select("part", "part_digest").collect().iter_rows():
        scale = ArrayReader(store.objects, image_key(part), digest).attributes.get("scale") or {}
        if scale.get("scope") != "train":
            continue
        if scale.get("manifest_hash") != task.hash:
            what = "its black and white are of the train split of another manifest, or of this one before it changed."
            mend = f"biocurate images generate --manifest {task.name} --scale train --overwrite …"
            raise UsageError(what, where=where, mend=mend)
        held_out = scale.get("held_out")
        if others := [fold for fold in folds if held_out is not None and fold != held_out]:
            what = f"it is scaled with {held_out} held out, by persons whom other folds judge: {', '.join(others)}."
            mend = f"Train on that fold alone: --fold {held_out}. Or take a set for each fold, or one scaled by image."
            raise UsageError(what, where=where, mend=mend)

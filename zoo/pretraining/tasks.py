"""Tasks: images with labels, and persons held out who are the same in all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from torch import nn

from biocurate.errors import ModelError
from biocurate.recording import NS
from biocurate.store.store import Store
from zoo.data.draw import Draw
from zoo.data.images import ImageDataset
from zoo.data.ranges import check_no_fold
from zoo.data.task import Task
from zoo.pretraining.config import Pretraining, TaskConfig
from zoo.pretraining.source import Ints, Source

USED = ("train", "val")
"""Splits of a pre-training; windows that a manifest calls `test` are never looked at."""


@dataclass(frozen=True)
class Prepared:
    """One task, ready to be read."""

    name: str
    task: Task
    images: ImageDataset
    train: Ints
    """Places of training images in `images`."""
    val: Ints
    """Places of held-out images, evenly spaced where there are many."""
    split: list[str | None]
    """Of each window: train, val, or None of one that is not used."""

    @property
    def block(self) -> Ints:
        """What is read together with each training image."""
        return np.asarray(self.images.block[self.train], dtype=np.int64)

    @property
    def n_outputs(self) -> int:
        """Numbers that its head gives."""
        return self.task.n_outputs

    @property
    def loss(self) -> nn.Module:
        """Mean cross entropy of a batch, or of each label against its absence."""
        return nn.BCEWithLogitsLoss() if self.task.multi_label else nn.CrossEntropyLoss()

    @property
    def used(self) -> pl.DataFrame:
        """Windows that are trained on or held out, with the split that they are in here."""
        rows = self.task.rows.with_columns(split=pl.Series(self.split, dtype=pl.String))
        kept = ["recording_id", "revision", "person", "t0_ns", "duration_ns", "streams", "split"]
        return rows.filter(pl.col("split").is_not_null()).select(kept)


def prepare(store: Store, tasks: Sequence[TaskConfig], options: Pretraining, size: int, seed: int) -> list[Prepared]:
    """Open the images of every task, and part the persons.

    A manifest's own `train` and `val` hold; of what has folds or no splits, persons are held out here. A person of
    several tasks is on one side in all.

    Parameters
    ----------
    store : Store
    tasks : sequence of TaskConfig
    options : Pretraining
    size : int
        Side of the images, in pixels.
    seed : int

    Raises
    ------
    ModelError
        Where a task has no image to train on, or none held out.
    UsageError
        Where images are scaled by persons whom another manifest, or a fold, trains on.
    """
    opened = [Task.of(store.manifest(task.manifest)) for task in tasks]
    held = held_out(opened, options.val_share, seed)
    return [_prepared(store, each, task, held, options, size, seed) for each, task in zip(tasks, opened, strict=True)]


def held_out(tasks: Sequence[Task], share: float, seed: int) -> set[str]:
    """Persons who are held out: those of a manifest's `val`, and a share of the persons of each that has none."""
    held: set[str] = set()
    placed: set[str] = set()
    for task in sorted(tasks, key=_has_own, reverse=True):
        people = set(task.persons)
        if _has_own(task):
            # What one manifest trains on another must not hold out, unless both say so: the gate tells.
            held |= set(task.rows.filter(pl.col("split") == "val")["person"]) - placed
        else:
            free = np.array(sorted(people - placed))
            wanted = max(1, round(share * len(people))) - len(people & held)
            chosen = np.random.default_rng([seed, len(people)]).permutation(free)[: max(0, wanted)]
            held |= set(chosen.tolist())
        placed |= people
    return held


def _has_own(task: Task) -> bool:
    return {"train", "val"} <= set(task.rows["split"].drop_nulls().unique())


def _prepared(
    store: Store, config: TaskConfig, task: Task, held: set[str], options: Pretraining, size: int, seed: int
) -> Prepared:
    draw = Draw(config.draw, survey=True) if config.draw else None
    if config.images is not None:
        check_no_fold(store, config.images, task)
    images = ImageDataset(
        store.url,
        config.manifest,
        None,
        config.images,
        size,
        list(config.sensors) or None,
        store.opened_at,
        stored=draw is None,
        draw=draw,
        seed=seed,
        later=True,
    )
    own = _has_own(task)
    persons = task.rows["person"].to_list()
    splits = task.rows["split"].to_list() if own else [None] * len(persons)
    shown = np.isin(np.arange(len(persons)), images.row)
    sides = zip(persons, splits, shown, strict=True)
    split = [side_of(person, mine, held, own) if seen else None for person, mine, seen in sides]
    side = np.array([name or "" for name in split])[images.row]
    train, val = (np.flatnonzero(side == name).astype(np.int64) for name in USED)
    for name, places in (("trained on", train), ("held out", val)):
        if not len(places):
            mend = "Its persons are too few: take more of them, another --set val_share, or leave the task out."
            raise ModelError(f"no image is {name}.", where=f"task {config.called}", mend=mend)
    if len(val) > options.val_images:
        val = val[np.arange(options.val_images) * len(val) // options.val_images]
    return Prepared(config.called, task, images, train, val, split)


def side_of(person: str, mine: str | None, held: set[str], own: bool) -> str | None:
    """Where a window of a person is: by its manifest's own split, and None where that leaves it out."""
    if own and mine not in USED:
        return None
    return "val" if person in held else "train"


def hours(tasks: Sequence[Source]) -> float:
    """Hours of recording that is trained on, each moment of a recording counted once, whatever tasks show it."""
    rows = pl.concat([task.used.filter(pl.col("split") == "train") for task in tasks]).sort("recording_id", "t0_ns")
    end = pl.col("t0_ns") + pl.col("duration_ns")
    before = end.cum_max().shift(1).over("recording_id").fill_null(pl.col("t0_ns"))
    new = (end - pl.max_horizontal(before, pl.col("t0_ns"))).clip(lower_bound=0)
    return float(rows.select(new.sum()).item() or 0) / NS / 3600


def persons(tasks: Sequence[Source]) -> list[str]:
    """Persons who are trained on."""
    rows = pl.concat([task.used.filter(pl.col("split") == "train").select("person") for task in tasks])
    return [str(person) for person in rows["person"].unique().sort()]

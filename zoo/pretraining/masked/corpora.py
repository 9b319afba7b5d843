"""Corpora: windows of whatever sensors and montages, and persons held out who are the same in all corpora."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from biocurate.store.store import Store
from zoo.data.layout import Takes
from zoo.data.placed import PlacedRows
from zoo.data.task import Task, numbered
from zoo.pretraining.masked.config import CorpusConfig, MaskedConfig
from zoo.pretraining.source import Ints
from zoo.pretraining.tasks import USED, held_out, side_of


@dataclass(frozen=True)
class Corpus:
    """One corpus, ready to be read; see `zoo.pretraining.source.Source`."""

    name: str
    windows: PlacedRows
    train: Ints
    """Places of training windows."""
    val: Ints
    """Places of held-out windows, evenly spaced where there are many."""
    split: list[str | None]
    """Of each window: train, val, or None of one that is not used."""

    @property
    def block(self) -> Ints:
        """Windows of a recording are read together."""
        return numbered(self.windows.rows["recording_id"])[self.train].astype(np.int64)

    @property
    def used(self) -> pl.DataFrame:
        """Windows that are trained on or held out, with the split that they are in here."""
        rows = self.windows.rows.with_columns(split=pl.Series(self.split, dtype=pl.String))
        kept = ["recording_id", "revision", "person", "t0_ns", "duration_ns", "streams", "split"]
        return rows.filter(pl.col("split").is_not_null()).select(kept)


def prepare(store: Store, config: MaskedConfig, takes: Takes) -> list[Corpus]:
    """Lay out the windows of every corpus, and part the persons.

    A manifest's own `train` and `val` hold, and its `test` is never looked at; of what has folds or no splits, persons
    are held out here. A person of several corpora is on one side in all.

    Parameters
    ----------
    store : Store
    config : MaskedConfig
    takes : Takes
        What the network takes.

    Raises
    ------
    ModelError
        Where a corpus has no window to train on, or none held out.
    """
    opened = [_opened(store, corpus) for corpus in config.corpora]
    held = held_out(opened, config.pretraining.val_share, config.seed)
    return [
        _prepared(store, corpus, task, held, config, takes) for corpus, task in zip(config.corpora, opened, strict=True)
    ]


def _opened(store: Store, corpus: CorpusConfig) -> Task:
    """Windows of a manifest; labels are of no account."""
    manifest = store.manifest(corpus.manifest)
    return Task(manifest.name, manifest.hash, manifest.snapshot_id, manifest.rows, [], terms=manifest.terms)


def _prepared(
    store: Store, corpus: CorpusConfig, task: Task, held: set[str], config: MaskedConfig, takes: Takes
) -> Corpus:
    windows = PlacedRows(store.url, task.rows, corpus.sensors, takes, corpus.channels or None, store.opened_at)
    options, persons = config.pretraining, task.rows["person"].to_list()
    own = USED[0] in (splits := task.rows["split"].to_list()) and USED[1] in splits
    sides = zip(persons, splits, windows.covered.tolist(), strict=True)
    split = [side_of(person, mine, held, own) if covered else None for person, mine, covered in sides]
    trained = {person for person, mine in zip(persons, split, strict=True) if mine == "train"}
    left = trained - fewer(sorted(trained), options.persons, config.seed)
    split = [None if person in left and mine == "train" else mine for person, mine in zip(persons, split, strict=True)]
    train, val = (_places(split, name) for name in USED)
    for name, places in (("trained on", train), ("held out", val)):
        if not len(places):
            mend = "Its persons are too few: take more of them, another --set val_share, or leave the corpus out."
            raise ModelError(f"no window is {name}.", where=f"corpus {corpus.called}", mend=mend)
    return Corpus(corpus.called, windows, train, spaced(val, options.val_images), split)


def fewer(persons: Sequence[str], share: float, seed: int) -> set[str]:
    """Some of the persons, at least one; those of a smaller share are among those of a larger one."""
    drawn = sorted(persons, key=lambda person: sha256(f"{seed} {person}".encode()).digest())
    return set(drawn[: max(1, math.ceil(share * len(drawn)))])


def spaced(places: Ints, most: int) -> Ints:
    """At most so many of the places, evenly spaced."""
    return places if len(places) <= most else places[np.arange(most) * len(places) // most]


def _places(split: Sequence[str | None], name: str) -> NDArray[np.int64]:
    return np.flatnonzero(np.array(split, dtype=object) == name).astype(np.int64)

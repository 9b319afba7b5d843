"""What a checkpoint tells of itself: how to use it, what made it, and on whom it may not be judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from biocurate.sensors import SensorType
from biocurate.store.signal_reader import view_of
from zoo.models.found import found_in
from zoo.runs import folder as runs
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig
    from zoo.runs.parent import Parent


@dataclass(frozen=True)
class Lineage:
    """What the checkpoints of a run have in common."""

    task: Task
    config: RunConfig
    content: pl.DataFrame
    """Streams of the manifest, with ``recording_id`` and ``digest``."""
    data: list[dict[str, Any]]
    """Forms of the streams, as `zoo.models.spec.Found` has them."""
    parent: Parent | None = None

    @classmethod
    def of(
        cls, store: Store, task: Task, config: RunConfig, content: pl.DataFrame, parent: Parent | None = None
    ) -> Lineage:
        """Look up what there is in a store; the sensor types are those of the run, or all of the windows."""
        names = config.sensors or task.rows["sensor_types"].explode().unique().drop_nulls().sort()
        found = found_in(store, task.rows, [SensorType(name) for name in names])
        data = [{**asdict(each), "sensor": str(each.sensor)} for each in found]
        return cls(task, config, content.select("recording_id", "digest"), data, parent)

    def about(self, fold: Fold) -> dict[str, Any]:
        """Of the model of one fold, in plain values; the same run gives the same ones."""
        rows = np.union1d(fold.train, fold.val)
        recordings = self.task.rows["recording_id"].gather(rows).unique()
        shown = self.content.filter(pl.col("recording_id").is_in(recordings.implode()))["digest"]
        persons = {self.task.persons[number] for number in np.unique(self.task.person[rows]).tolist()}
        content = set(shown)
        if self.parent is not None:
            persons |= set(self.parent.persons)
            content |= set(self.parent.seen["digest"])
        return {
            "model": self.config.model,
            "options": self.config.options,
            "sensors": list(self.config.sensors),
            "classes": self.task.classes,
            "multi_label": self.task.multi_label,
            "manifest": {"name": self.task.name, "hash": self.task.hash},
            "view": view_of(self.task.rows),
            "data": self.data,
            "seed": self.config.seed,
            "fold": fold.name,
            "persons": sorted(persons),
            "content": sorted(content),
            "parents": self.parent.line() if self.parent else [],
            "config": self.config.model_dump(mode="json"),
            "versions": runs.versions(),
            # Of numbers alone, so that a checkpoint of classes is what it was.
            **({"task": self.task.kind} if self.task.kind == "regression" else {}),
        }

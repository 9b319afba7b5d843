"""A run judged without some of its sensor types: what is left of it where a device fails or was never there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.embedding.slots import together
from zoo.judging.again import Again, columns
from zoo.judging.report import plain
from zoo.learners import prepare
from zoo.models.registry import model_config

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.judging.bootstrap import Estimate
    from zoo.runs.config import RunConfig

ALL = "all"
"""In place of names: every sensor type may be missing."""

HOW = {
    "window": "What is left out is taken away: the network sees fewer channels, and nothing stands in for them.",
    "features": "Features of what is left out are replaced by their median over the training windows.",
    "image": "Images of what is left out are left out of the mean over a window's images.",
    "embedding": "Vectors of what is left out are treated as missing; those of several sensor types together are made "
    "anew of what is left, by the network that made them.",
}


@dataclass(frozen=True)
class Left:
    """A run with some of its sensor types."""

    sensors: tuple[str, ...]
    windows: int
    """Held-out windows that have one of them."""
    persons: int
    metrics: dict[str, Estimate]
    less: dict[str, Estimate]
    """Figures less those of the same windows with all sensor types; none where all are there."""


@dataclass(frozen=True)
class Dropped:
    """A run with all of its sensor types, and with fewer."""

    model: str
    rows: list[Left]
    notes: list[str]

    def table(self) -> pl.DataFrame:
        """One row a set of sensor types: figures with intervals, and what was lost."""
        rows = []
        for left in self.rows:
            row: dict[str, Any] = {"sensors": ", ".join(left.sensors), "windows": left.windows, "persons": left.persons}
            rows.append(row | columns(left.metrics, left.less))
        return pl.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what does not exist is null."""
        found: dict[str, Any] = plain(asdict(self))
        return found


def judge_without(run: Path, store: Store, drop: Sequence[str], bar: Progress = Silent()) -> Dropped:
    """Judge the held-out windows of a run again, without each set of the sensor types that may be missing.

    Each window is predicted by the model that did not see its person. Nothing is fitted anew.

    Parameters
    ----------
    run : Path
    store : Store
        That of the run.
    drop : sequence of str
        Sensor types that may be missing, or ``all``; one at least always stays.
    bar : Progress, optional
        Is told of sets of sensor types.

    Raises
    ------
    ModelError
        Where the store has another manifest than the run's or gives other predictions, or the run does not tell its
        sensor types.
    UsageError
        Where the run has no such sensor type, or only one.
    """
    again = Again.of(run, store)
    sensors = _sensors(again.config, next(iter(again.models.values())).about, run)
    subsets = _subsets(sensors, drop, run)
    bar.start(len(subsets))
    whole = _predicted(again, store, sensors, sensors)
    again.check_same(whole, run)
    rows = [_judged(again, whole, None, sensors)]
    for left in subsets:
        rows.append(_judged(again, _predicted(again, store, sensors, left), whole, left))
        bar.advance(1)
    return Dropped(again.config.model, rows, _notes(again.config))


def _sensors(config: RunConfig, about: Mapping[str, Any], run: Path) -> tuple[str, ...]:
    """Sensor types that a run was trained on."""
    if config.sensors:
        return config.sensors
    if "input_sensors" in about:
        return tuple(about["input_sensors"])
    if "features" in about:
        return tuple(sorted({name.partition(".")[0] for name in about["features"]}))
    if "slots" in about:
        return tuple(sorted({each for sensor, _ in about["slots"] for each in together(sensor)}))
    raise ModelError("it is not told which sensor types it takes.", where=str(run), mend="Train it with --sensors.")


def _subsets(sensors: Sequence[str], drop: Sequence[str], run: Path) -> list[tuple[str, ...]]:
    """What stays: the most first."""
    named = (str(SensorType.parse(name)) for name in drop if name != ALL)
    may = list(sensors) if ALL in drop else list(dict.fromkeys(named))
    if not may:
        raise UsageError("no sensor type is named.", where="--drop", mend=f"Name some of {', '.join(sensors)}, or all.")
    if foreign := [name for name in may if name not in sensors]:
        mend = f"It takes {', '.join(sensors)}."
        raise UsageError(f"the run does not take {', '.join(foreign)}.", where="--drop", mend=mend)
    if len(sensors) < 2:
        mend = "Name a run that was trained on two or more."
        raise UsageError(f"without {sensors[0]} nothing is left.", where=str(run), mend=mend)
    gone = [set(some) for count in range(1, len(may) + 1) for some in combinations(may, count)]
    left = [tuple(name for name in sensors if name not in some) for some in gone]
    return [some for some in left if some]


def _predicted(again: Again, store: Store, sensors: Sequence[str], left: Sequence[str]) -> pl.DataFrame:
    """Held-out windows that have one of the sensor types, predicted from these."""
    rows = again.task.rows
    learner = prepare(store, again.task, _with(again.config, sensors, left))
    has = rows["sensor_types"].list.eval(pl.element().is_in(list(left))).list.any().to_numpy()
    return again.predicted(learner, again.task, has)


def _with(config: RunConfig, sensors: Sequence[str], left: Sequence[str]) -> RunConfig:
    """The run's choices, but with these sensor types alone."""
    if "absent" in model_config(config.model).options.model_fields:
        gone = [name for name in sensors if name not in left]
        return config.model_copy(update={"options": {**config.options, "absent": gone}})
    return config.model_copy(update={"sensors": tuple(left), "parent": None})


def _judged(again: Again, held: pl.DataFrame, whole: pl.DataFrame | None, left: Sequence[str]) -> Left:
    if held.is_empty():
        raise ModelError("no held-out window has it.", where=", ".join(left), mend="Leave it in: drop others.")
    less = {} if whole is None else again.less(held, whole)
    return Left(tuple(left), held.height, held["person"].n_unique(), again.figures(held), less)


def _notes(config: RunConfig) -> list[str]:
    chance = config.training.drop_sensors
    how = f"with {chance:.0%} of sensor types left out at random" if chance else "always with all that a window had"
    return [
        HOW[model_config(config.model).spec.input],
        f"Trained {how}.",
        "`less`: the figure less that of the same windows with all sensor types, over the same draws of persons.",
        "A window that has none of what is left is not judged.",
    ]

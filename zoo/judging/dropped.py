"""A run judged without some of its sensor types: what is left of it where a device fails or was never there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.data.task import Task
from zoo.judging.bootstrap import Estimate, estimate
from zoo.judging.figures import Metric, metrics_of
from zoo.judging.held import held_out, predictions_of
from zoo.judging.judge import config_of
from zoo.judging.paired import difference
from zoo.judging.report import as_text, plain
from zoo.learners import prepare
from zoo.models.registry import model_config
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.config import RunConfig
from zoo.runs.run_file import check_hash, read_choices

if TYPE_CHECKING:
    from biocurate.store.store import Store

FIGURES = ("balanced_accuracy", "auroc", "macro_f1")
"""Of these, the first two that a task has."""

ALL = "all"
"""In place of names: every sensor type may be missing."""

CLOSE = 1e-3
"""Greatest difference of a probability to the one that the run kept: machines differ a little."""

HOW = {
    "window": "What is left out is taken away: the network sees fewer channels, and nothing stands in for them.",
    "features": "Features of what is left out are replaced by their median over the training windows.",
    "image": "Images of what is left out are left out of the mean over a window's images.",
    "embedding": "Vectors of what is left out are treated as missing.",
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
            for name, found in left.metrics.items():
                row[name] = as_text(found)
                row[f"less ({name})"] = as_text(left.less[name]) if left.less else None
            rows.append(row)
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

    Raises
    ------
    ModelError
        Where the store has another manifest than the run's or gives other predictions, or the run does not tell its
        sensor types.
    UsageError
        Where the run has no such sensor type, or only one.
    """
    config = config_of(run)
    manifest = store.manifest(config.manifest)
    check_hash(read_choices(run / "config.yaml"), config, manifest.hash)
    task = Task.of(manifest)
    kept, _ = runs.read_predictions(run)
    models = {name: checkpoint.load(run / f"model-{name}.safetensors") for name in kept["fold"].unique().sort()}
    sensors = _sensors(config, next(iter(models.values())).about, run)
    whole = _predicted(store, task, config, models, kept, sensors, sensors, bar)
    _check_same(whole, kept, run)
    rows = [_judged(whole, None, sensors, task, config)]
    for left in _subsets(sensors, drop, run):
        held = _predicted(store, task, config, models, kept, sensors, left, bar)
        rows.append(_judged(held, whole, left, task, config))
    return Dropped(config.model, rows, _notes(config))


def _sensors(config: RunConfig, about: Mapping[str, Any], run: Path) -> tuple[str, ...]:
    """Sensor types that a run was trained on."""
    if config.sensors:
        return config.sensors
    if "input_sensors" in about:
        return tuple(about["input_sensors"])
    if "features" in about:
        return tuple(sorted({name.partition(".")[0] for name in about["features"]}))
    if "slots" in about:
        return tuple(sorted({sensor for sensor, _ in about["slots"]}))
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


def _predicted(
    store: Store,
    task: Task,
    config: RunConfig,
    models: Mapping[str, checkpoint.Checkpoint],
    kept: pl.DataFrame,
    sensors: Sequence[str],
    left: Sequence[str],
    bar: Progress,
) -> pl.DataFrame:
    """Held-out windows that have one of the sensor types, predicted from these."""
    learner = prepare(store, task, _with(config, sensors, left), bar)
    has = task.rows["sensor_types"].list.eval(pl.element().is_in(list(left))).list.any().to_numpy()
    number = task.rows.select("window_id").with_row_index("at")
    tables = []
    for name, model in models.items():
        own = number.join(kept.filter(pl.col("fold") == name), on="window_id", how="semi", maintain_order="left")
        at = own["at"].to_numpy().astype(np.intp)
        at = at[has[at]]
        probability = learner.load(model.tensors, model.about).predict(at)
        tables.append(held_out(task.rows[at], probability, task.classes, name))
    return pl.concat(tables)


def _with(config: RunConfig, sensors: Sequence[str], left: Sequence[str]) -> RunConfig:
    """The run's choices, but with these sensor types alone."""
    if "absent" in model_config(config.model).options.model_fields:
        gone = [name for name in sensors if name not in left]
        return config.model_copy(update={"options": {**config.options, "absent": gone}})
    return config.model_copy(update={"sensors": tuple(left), "parent": None})


def _check_same(found: pl.DataFrame, kept: pl.DataFrame, run: Path) -> None:
    """Refuse to compare with predictions that cannot be made again."""
    names = [name for name in kept.columns if name.startswith("p_")]
    both = kept.join(found, on="window_id", how="left", suffix="_again")
    apart = np.abs(both.select(names).to_numpy() - both.select([f"{name}_again" for name in names]).to_numpy())
    if found.height != kept.height or not np.nanmax(apart) <= CLOSE:
        mend = "Name the store that it was trained on, with --at where its windows were built anew."
        raise ModelError("the store gives other predictions than the run kept.", where=str(run), mend=mend)


def _judged(held: pl.DataFrame, whole: pl.DataFrame | None, left: Sequence[str], task: Task, config: RunConfig) -> Left:
    if held.is_empty():
        raise ModelError("no held-out window has it.", where=", ".join(left), mend="Leave it in: drop others.")
    own = predictions_of(held, task.classes)
    known = metrics_of(own)
    chosen = {name: known[name] for name in [each for each in FIGURES if each in known][:2]}
    draws, seed = config.evaluation.draws, config.seed
    found = {name: estimate(metric, [own], draws, seed) for name, metric in chosen.items()}
    less = {}
    if whole is not None:
        same = whole.join(held, on="window_id", how="semi", maintain_order="left")
        same = held.select("window_id").join(same, on="window_id", maintain_order="left").select(held.columns)
        less = {name: _less(metric, held, same, task, draws, seed) for name, metric in chosen.items()}
    return Left(tuple(left), held.height, own.n_persons, found, less)


def _less(metric: Metric, held: pl.DataFrame, whole: pl.DataFrame, task: Task, draws: int, seed: int) -> Estimate:
    """A figure less that of the same windows with all sensor types, over the same draws of persons."""
    one, other = (predictions_of(each, task.classes) for each in (held, whole))
    return difference(metric, one, other, draws, seed)


def _notes(config: RunConfig) -> list[str]:
    chance = config.training.drop_sensors
    how = f"with {chance:.0%} of sensor types left out at random" if chance else "always with all that a window had"
    return [
        HOW[model_config(config.model).spec.input],
        f"Trained {how}.",
        "`less`: the figure less that of the same windows with all sensor types, over the same draws of persons.",
        "A window that has none of what is left is not judged.",
    ]

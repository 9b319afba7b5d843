"""A bridge run: bridges from one sensor's models to another's, judged on persons that none of them saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from biocurate.curate.leakage.seen import write_seen
from biocurate.engine import Progress, Silent
from biocurate.errors import ManifestError, ModelError
from biocurate.store.signal_reader import view_of
from zoo.biox_bridge.config import BridgeConfig
from zoo.biox_bridge.encoders import Encoder, check_unchanged, digest, open_new, open_old, source_of
from zoo.biox_bridge.keeping import MODEL, keep, keep_log
from zoo.biox_bridge.roles import Roles, cells, roles_of
from zoo.biox_bridge.source import Source
from zoo.biox_bridge.sweep import Step, keep_sweep, sweep
from zoo.biox_bridge.systems import Outcome, Sides, own_model, pass_over, systems
from zoo.biox_bridge.told import notes_of, table_of
from zoo.data.task import Task
from zoo.judging.evaluate import report
from zoo.judging.held import held_out
from zoo.judging.report import Report
from zoo.judging.results import write_results
from zoo.runs import folder as runs
from zoo.runs.parent import joined_seen
from zoo.training.gate import passed
from zoo.training.ranges import check_ranges

if TYPE_CHECKING:
    from biocurate.curate.leakage.check import Leaks
    from biocurate.store.store import Store


@dataclass(frozen=True)
class BridgeRun:
    """What a run found."""

    report: Report
    systems: pl.DataFrame
    """One row a system: figures with intervals, and what its training took."""


def bridge(
    store: Store, config: BridgeConfig, folder: Path, force: bool = False, bar: Progress = Silent()
) -> BridgeRun:
    """Train bridges and judge them on the new sensor alone; the run folder appears when all is done.

    Every model of the old run is bridged: the persons that it never saw are parted, and each part is held out in turn.

    Parameters
    ----------
    store : Store
    config : BridgeConfig
    folder : Path
        The run's folder.
    force : bool
        Replace a run of this name.
    bar : Progress, optional
        Is told of bridges built.

    Raises
    ------
    ManifestError
        Splits that share anything, persons too few, or labels that the old model does not know.
    ModelError
        Models that cannot be bridged, or a new model that was trained on persons held out.
    """
    task = Task.of(store.manifest(config.manifest))
    olds = open_old(Path(config.old))
    _check_labels(task, olds)
    options = config.bridge
    parted = [
        roles_of(task.rows, old.persons, old.fold, options.rotations, options.val_share, config.seed) for old in olds
    ]
    told = {"manifest_hash": task.hash, "snapshot_id": task.snapshot_id, "store_id": store.card["store_id"]}
    # By the names of other runs' choices, too: what is judged with a bridge is read as the new model reads.
    read = {"model": MODEL, "images": config.new_images, "sensors": list(config.new_sensors)}
    choices = {**config.model_dump(mode="json"), **read, **told}
    with runs.new_run(folder, force, choices) as run:
        leaks = passed(store, cells(task.rows, [each for roles in parted for each in roles]), f"manifest {task.name}")
        bar.start(sum(map(len, parted)))
        made = [
            _bridged(run, store, task, config, old, roles, leaks, bar) for old, roles in zip(olds, parted, strict=True)
        ]
        found = _judged(task, config, made)
        _write(run, choices, found, made, leaks)
        if config.sweep:
            keep_sweep(run, task, config, [step for each in made for step in each.steps])
    return BridgeRun(found[2], found[3])


@dataclass(frozen=True)
class _Made:
    """The bridges of one old model."""

    sides: Sides
    roles: list[Roles]
    outcomes: list[Outcome]
    steps: list[Step]


def _bridged(
    run: Path,
    store: Store,
    task: Task,
    config: BridgeConfig,
    old: Encoder,
    roles: list[Roles],
    leaks: Leaks,
    bar: Progress,
) -> _Made:
    """Build the bridges of one old model."""
    classes = task.classes
    new = open_new(config.new, config.options, len(classes), old.fold, config.seed)
    before = runs.read_config(Path(config.old)) if Path(config.old).is_dir() else {}
    old_images = config.old_images or before.get("images")
    for image_set in filter(None, (old_images, config.new_images)):
        # Whom the old model never saw is held out here: its own fold's range is of others.
        check_ranges(store, image_set, task, [old.fold] if old.fold else [])
    old_source = source_of(old, store, task, old_images, before.get("sensors") or ())
    new_source = source_of(new, store, task, config.new_images, config.new_sensors)
    roles = [_seen_by_both(each, old_source, new_source) for each in roles]
    fresh = np.unique(np.concatenate([part for each in roles for part in (each.pair, each.val, each.test)]))
    _check_new(new, old, task, fresh, leaks)
    marks = digest(old.network), digest(new.network)
    sides = pass_over(new, old, (new_source, old_source), fresh, task.person)
    random = None
    if "random" in config.compare:
        blank = new.again(config.seed + 1000), old.again(config.seed + 2000)
        random = pass_over(*blank, (new_source, old_source), fresh, task.person)
    own = None
    if "supervised" in config.compare and len(roles[0].train):
        own = own_model(sides, roles[0], task.codes, task.person, config)
    outcomes, steps = [], []
    for each in roles:
        outcome = systems(sides, random, own, each, config)
        about = _about(task, config, sides, each, leaks)
        keep(run / f"model-{each.name}.safetensors", sides, outcome, config.bridge, about)
        keep_log(run / "log" / each.name, sides, each, outcome)
        outcomes.append(outcome)
        steps += sweep(sides, each, outcome, config)
        bar.advance(1)
    check_unchanged(old, marks[0])
    check_unchanged(new, marks[1])
    return _Made(sides, roles, outcomes, steps)


def _about(task: Task, config: BridgeConfig, sides: Sides, roles: Roles, leaks: Leaks) -> dict[str, Any]:
    """What a checkpoint tells of its data, beside the bridge itself."""
    rows = np.concatenate([roles.pair, roles.val])
    seen = {task.persons[number] for number in np.unique(task.person[rows]).tolist()}
    return {
        "sensors": list(config.new_sensors),
        "classes": task.classes,
        "multi_label": False,
        "manifest": {"name": task.name, "hash": task.hash},
        "view": view_of(task.rows),
        "seed": config.seed,
        "fold": roles.name,
        "persons": sorted(seen | sides.old.persons | sides.new.persons),
        "content": sorted(_digests(leaks, task, rows) | _content(sides.old) | _content(sides.new)),
    }


def _judged(
    task: Task, config: BridgeConfig, made: list[_Made]
) -> tuple[pl.DataFrame, dict[str, list[pl.DataFrame]], Report, pl.DataFrame]:
    """Predictions of all held-out windows, by system, their report, and the table of systems."""
    answers: dict[str, list[pl.DataFrame]] = {}
    for each in made:
        for roles, outcome in zip(each.roles, each.outcomes, strict=True):
            for system, probability in outcome.answers.items():
                table = held_out(task.rows[roles.test], probability, task.classes, roles.name)
                answers.setdefault(system, []).append(table)
    joined = {system: pl.concat(tables) for system, tables in answers.items()}
    held = joined.pop("bridge")
    controls = {system: [table] for system, table in joined.items()}
    outcomes = [outcome for each in made for outcome in each.outcomes]
    parted = [each for one in made for each in one.roles]
    notes = notes_of(task, config, parted, outcomes, [each.sides for each in made])
    found = report(held, controls, task.classes, MODEL, notes, config.evaluation.draws, config.seed)
    return held, controls, found, table_of(found, outcomes, held)


def _write(
    run: Path,
    choices: Mapping[str, Any],
    found: tuple[pl.DataFrame, dict[str, list[pl.DataFrame]], Report, pl.DataFrame],
    made: list[_Made],
    leaks: Leaks,
) -> None:
    from zoo.judging.plots import plot_all

    held, controls, told, table = found
    runs.write_config(run, choices)
    runs.write_predictions(run, held, controls)
    runs.write_json(run / "metrics.json", told.to_json())
    runs.write_json(run / "versions.json", runs.versions())
    write_results(told, run / "results.parquet")
    table.write_csv(run / "systems.csv")
    plot_all(told, held, run)
    parents = [each.parent for one in made for each in (one.sides.old, one.sides.new) if each.parent]
    write_seen(run, joined_seen(leaks.content, parents))


def _check_labels(task: Task, olds: list[Encoder]) -> None:
    if task.multi_label:
        raise ManifestError("its windows have lists of labels, a bridge needs one each.", where=task.name)
    for old in olds:
        known = old.parent.checkpoint.about["classes"] if old.parent else []
        if known != task.classes:
            mend = "Map the manifest's labels to those, in its `label`."
            what = f"the old model knows {', '.join(known)}, the windows are of {', '.join(task.classes)}."
            raise ManifestError(what, where=f"manifest {task.name}", mend=mend)


def _check_new(new: Encoder, old: Encoder, task: Task, fresh: np.ndarray, leaks: Leaks) -> None:
    """Refuse a new model that saw persons held out, and either model where it saw a copy of their recordings."""
    persons = set(task.rows["person"].gather(fresh))
    if both := sorted(new.persons & persons):
        mend = "Name weights of other persons; of a run with folds, one of the same folds as the old model's."
        raise ModelError(
            f"it was trained on {len(both)} persons that are held out, such as {both[0]}.", where=new.model, mend=mend
        )
    digests = _digests(leaks, task, fresh)
    for side in (old, new):
        if copies := len(digests & _content(side)):
            raise ModelError(f"it was trained on copies of {copies} streams that are held out.", where=side.model)


def _digests(leaks: Leaks, task: Task, rows: np.ndarray) -> set[str]:
    recordings = task.rows["recording_id"].gather(rows).unique()
    return set(leaks.content.filter(pl.col("recording_id").is_in(recordings.implode()))["digest"])


def _content(side: Encoder) -> set[str]:
    return set(side.parent.checkpoint.about.get("content", [])) if side.parent else set()


def _seen_by_both(roles: Roles, old: Source, new: Source) -> Roles:
    """Only windows that both models have an input of; the new one's own model needs its own alone."""
    parts = {}
    for name in ("pair", "val", "test"):
        rows = getattr(roles, name)
        parts[name] = rows[old.has[rows] & new.has[rows]]
        if not len(parts[name]):
            raise ManifestError(f"no window of role {name} has an input of both models.", where=roles.name)
    return Roles(roles.name, roles.train[new.has[roles.train]], **parts)

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
from zoo.biox_bridge.building import check_positions
from zoo.biox_bridge.config import BridgeConfig
from zoo.biox_bridge.encoders import Encoder, check_unchanged, digest, open_new, open_old, read_by, source_of
from zoo.biox_bridge.fitting import Fit
from zoo.biox_bridge.keeping import MODEL, keep, keep_log
from zoo.biox_bridge.resuming import finished, keep_finished
from zoo.biox_bridge.roles import Roles, cells, leaks_by_design, roles_of
from zoo.biox_bridge.source import Source
from zoo.biox_bridge.sweep import Step, keep_sweep, sweep
from zoo.biox_bridge.systems import Outcome, Sides, own_model, pass_over, systems
from zoo.biox_bridge.told import notes_of, table_of
from zoo.data.ranges import check_ranges
from zoo.data.task import Task
from zoo.judging.evaluate import report
from zoo.judging.held import held_out
from zoo.judging.report import Report
from zoo.judging.results import write_results
from zoo.runs import folder as runs
from zoo.runs.parent import joined_seen
from zoo.training.gate import passed

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
    store: Store,
    config: BridgeConfig,
    folder: Path,
    force: bool = False,
    bar: Progress = Silent(),
    resume: bool = False,
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
    resume : bool
        Go on where a killed run of the same choices stopped: no bridge that was finished is trained again.

    Raises
    ------
    ManifestError
        Splits that share anything, persons too few, or labels that the old model does not know.
    ModelError
        Models that cannot be bridged, or a new model that was trained on persons held out.
    """
    manifest = store.manifest(config.manifest)
    task = Task.of(manifest)
    olds = open_old(Path(config.old))
    _check_labels(task, olds)
    meant = leaks_by_design(manifest)
    parted = [parted_by(task, config, old, by_window=bool(meant)) for old in olds]
    told = {"manifest_hash": task.hash, "snapshot_id": task.snapshot_id, "store_id": store.card["store_id"]}
    # By the names of other runs' choices, too: what is judged with a bridge is read as the new model reads.
    read = {"model": MODEL, "images": config.new_images, "sensors": list(config.new_sensors)}
    choices = {**config.model_dump(mode="json"), **read, **told}
    with runs.new_run(folder, force, choices, resume) as run:
        held = cells(task.rows, [each for roles in parted for each in roles])
        leaks = passed(store, held, f"manifest {task.name}", meant)
        bar.start(sum(map(len, parted)))
        made = [
            _bridged(run, store, task, config, old, roles, leaks, bar) for old, roles in zip(olds, parted, strict=True)
        ]
        found = _judged(task, config, made)
        _write(run, choices, found, made, leaks)
        if config.sweep:
            keep_sweep(run, task, config, [step for each in made for step in each.steps])
    return BridgeRun(found[2], found[3])


def parted_by(task: Task, config: BridgeConfig, old: Encoder, by_window: bool) -> list[Roles]:
    """Roles of the bridges of one old model.

    Raises
    ------
    ManifestError
        As `roles_of`; and by window where the old model is of another manifest, so that its windows are not known.
    """
    if by_window and not _of_manifest(old, task) and old.persons & set(task.persons):
        mend = f"Train it on this one: biocurate zoo finetune … --manifest {task.name} --allow-leakage person"
        raise ManifestError(
            "the old model saw these persons in another manifest.", where=f"old model {old.fold}", mend=mend
        )
    options = config.bridge
    known = old.persons, old.fold, options.rotations, options.val_share, config.seed
    return roles_of(task.rows, *known, by_window=by_window)


def _of_manifest(side: Encoder, task: Task) -> bool:
    """Whether a network learnt from this manifest: by splits of windows it then saw those of train alone."""
    return side.parent is not None and side.parent.checkpoint.about["manifest"]["hash"] == task.hash


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
    for at in (config.positions, *config.swept_positions()):
        check_positions(new.chain, old.chain, config.bridge, at)
    old_images, old_sensors = read_by(config.old, config.old_images)
    for image_set in filter(None, (old_images, config.new_images)):
        # Whom the old model never saw is held out here: its own fold's range is of others.
        check_ranges(store, image_set, task, [old.fold] if old.fold else [])
    old_source = source_of(old, store, task, old_images, old_sensors)
    new_source = source_of(new, store, task, config.new_images, config.new_sensors)
    roles = [_seen_by_both(each, old_source, new_source) for each in roles]
    fresh = np.unique(np.concatenate([part for each in roles for part in (each.pair, each.val, each.test)]))
    by_window = any(each.by_window for each in roles)
    _check_new(new, [each for each in (old, new) if not (by_window and _of_manifest(each, task))], task, fresh, leaks)
    marks = digest(old.network), digest(new.network)
    sides = pass_over(new, old, (new_source, old_source), fresh, task.person)
    random = None
    if "random" in config.compare:
        blank = new.again(config.seed + 1000), old.again(config.seed + 2000)
        random = pass_over(*blank, (new_source, old_source), fresh, task.person)
    own = None
    done = [finished(run / "log" / each.name, sides, each) for each in roles]
    if "supervised" in config.compare and len(roles[0].train) and not all(done):
        own = own_model(sides, roles[0], task.codes, task.person, config)
    outcomes, steps = [], []
    for each, known in zip(roles, done, strict=True):
        outcome, swept = known or _trained(
            run, sides, random, own, each, config, _about(task, config, sides, each, leaks)
        )
        outcomes.append(outcome)
        steps += swept
        bar.advance(1)
    check_unchanged(old, marks[0])
    check_unchanged(new, marks[1])
    return _Made(sides, roles, outcomes, steps)


def _trained(
    run: Path,
    sides: Sides,
    random: Sides | None,
    own: tuple[Encoder, Fit] | None,
    roles: Roles,
    config: BridgeConfig,
    about: dict[str, Any],
) -> tuple[Outcome, list[Step]]:
    """Train all systems of one role, and keep its bridge."""
    outcome = systems(sides, random, own, roles, config)
    keep(run / f"model-{roles.name}.safetensors", sides, outcome, config.bridge, about)
    keep_log(run / "log" / roles.name, sides, roles, outcome, config.bridge)
    swept = sweep(sides, roles, outcome, config)
    keep_finished(run / "log" / roles.name, outcome, swept)
    return outcome, swept


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
    return held, controls, found, table_of(found, outcomes, held, any(each.by_window for each in parted))


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


def _check_new(new: Encoder, sides: list[Encoder], task: Task, fresh: np.ndarray, leaks: Leaks) -> None:
    """Refuse a new model that saw persons held out, and either model where it saw a copy of their recordings.

    Of splits by window `sides` lacks what was trained on this manifest: it saw the split train alone.
    """
    persons = set(task.rows["person"].gather(fresh))
    if any(each is new for each in sides) and (both := sorted(new.persons & persons)):
        mend = "Name weights of other persons; of a run with folds, one of the same folds as the old model's."
        raise ModelError(
            f"it was trained on {len(both)} persons that are held out, such as {both[0]}.", where=new.model, mend=mend
        )
    digests = _digests(leaks, task, fresh)
    for side in sides:
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
    return Roles(roles.name, roles.train[new.has[roles.train]], **parts, by_window=roles.by_window)

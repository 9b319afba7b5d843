"""One training run: a model for each fold, its controls, and the report on held-out persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.leakage.seen import write_seen
from biocurate.curate.views.told import normalisation, scopes
from biocurate.engine import Progress, Silent
from zoo.data.ranges import check_ranges
from zoo.data.task import KINDS, Task
from zoo.judging.controls.exchanged import PERMUTED, majority, permutation_of, permuted, train_mean
from zoo.judging.controls.fitted import fitted_on, nuisances, told
from zoo.judging.evaluate import report
from zoo.judging.held import held_out
from zoo.judging.report import Report
from zoo.judging.results import write_results
from zoo.learners import Fitted, Learner, prepare
from zoo.models.registry import model_config, validated
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.config import Evaluation, RunConfig
from zoo.runs.lineage import Lineage
from zoo.runs.parent import joined_seen, open_parent
from zoo.training.folds import Fold, folds_of
from zoo.training.gate import passed
from zoo.training.ranges import stored_sets

if TYPE_CHECKING:
    from biocurate.curate.leakage.check import Leaks
    from biocurate.store.store import Store

SOLVED_PERMUTATIONS, TRAINED_PERMUTATIONS = 5, 1
"""Trainings on permuted labels, where none are asked for: of models that are solved at once, and of networks."""


@dataclass
class _Gathered:
    """Held-out predictions, fold after fold."""

    own: list[pl.DataFrame] = field(default_factory=list)
    controls: dict[str, list[list[pl.DataFrame]]] = field(default_factory=dict)
    """By control and repeat: one table a fold."""

    def add_control(self, name: str, repeat: int, table: pl.DataFrame) -> None:
        repeats = self.controls.setdefault(name, [])
        if len(repeats) == repeat:
            repeats.append([])
        repeats[repeat].append(table)

    def joined(self) -> tuple[pl.DataFrame, dict[str, list[pl.DataFrame]]]:
        controls = {name: [pl.concat(folds) for folds in repeats] for name, repeats in self.controls.items()}
        return pl.concat(self.own), controls


def finetune(
    store: Store,
    config: RunConfig,
    folder: Path,
    force: bool = False,
    resume: bool = False,
    measuring: Progress = Silent(),
    training: Progress = Silent(),
) -> Report:
    """Train a model on a manifest and judge it on the persons held out; the run folder appears when all is done.

    Parameters
    ----------
    store : Store
    config : RunConfig
    folder : Path
        The run's folder.
    force : bool
        Replace a run of this name.
    resume : bool
        Go on where a killed run of the same choices stopped, to the same weights.
    measuring, training : Progress, optional
        Are told of windows read, and of models trained.

    Returns
    -------
    Report
        As written to ``metrics.json``. The same store, configuration and machine give the same figures.
    """
    task = Task.of(store.manifest(config.manifest), KINDS)
    config = _resolved(config, task)
    with runs.new_run(folder, force, _choices(store, config, task), resume) as run:
        parent = open_parent(Path(config.parent), config.model) if config.parent else None
        seen = {parent.name: parent.seen} if parent else None
        leaks = passed(store, task.rows, f"manifest {config.manifest}", config.allow_leakage, seen)
        apart = "person" not in config.allow_leakage
        folds = folds_of(task.rows, config.evaluation.val_share, config.seed, config.folds or None, apart)
        learner = prepare(store, task, config, measuring)
        for image_set in stored_sets(store, config):
            check_ranges(store, image_set, task, [fold.name for fold in folds])
        lineage = Lineage.of(store, task, config, leaks.content, parent)
        traces = nuisances(store, task, config)
        held, controls = _train(run, learner, task, folds, config, lineage, traces, training)
        left_out = sum(len(fold.test) for fold in folds) - held.height
        notes = [*learner.notes, *told(traces, task.rows), *_told(config, task, left_out), *_leaking(leaks)]
        notes += normalisation(store, task.rows, config.sensors)
        found = report(held, controls, task.classes, config.model, notes, config.evaluation.draws, config.seed)
        _write(run, store, config, task, held, controls, found)
        shown = _shown(leaks, task, folds)
        write_seen(run, joined_seen(shown, [parent]) if parent else shown)
    return found


def _choices(store: Store, config: RunConfig, task: Task) -> dict[str, Any]:
    """All that decides a run."""
    source = {"manifest_hash": task.hash, "snapshot_id": task.snapshot_id, "store_id": store.card["store_id"]}
    return {**config.model_dump(mode="json"), **source}


def _shown(leaks: Leaks, task: Task, folds: list[Fold]) -> pl.DataFrame:
    """Streams of the splits that some model was fitted or stopped on."""
    shown = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.val)]))
    splits = task.rows["split"].gather(shown).unique().to_list()
    return leaks.content.filter(pl.col("split").list.eval(pl.element().is_in(splits)).list.any())


def _leaking(leaks: Leaks) -> list[str]:
    """What splits share that was let pass by name."""
    counts = leaks.counted().rows()
    return [f"LEAKING, let pass: {', '.join(f'{count} of kind {kind}' for kind, count in counts)}."] if counts else []


def _told(config: RunConfig, task: Task, left_out: int) -> list[str]:
    """What was done to the labels of a control, and to windows that cannot be predicted."""
    notes = []
    if times := config.evaluation.permutations:
        how = permutation_of(task.codes, task.recording, task.person)
        notes.append(f"{PERMUTED} {how} in training; mean of {times}.")
    if declared := config.evaluation.primary:
        notes.append(f"Declared before training: compared with {declared.against} by {declared.metric} of each person.")
    if left_out:
        notes.append(f"{left_out:,} held-out windows have nothing to predict from and are left out.")
    return notes


def _resolved(config: RunConfig, task: Task) -> RunConfig:
    """The configuration with everything that follows from the data."""
    known = model_config(config.model)
    options = dict(config.options)
    if "num_classes" in known.options.model_fields:
        options["num_classes"] = task.n_outputs
    options = validated(known.options, options, config.model).model_dump()
    solved = known.spec.input == "features"
    told = config.evaluation.model_dump()
    if told["permutations"] is None:
        told["permutations"] = SOLVED_PERMUTATIONS if solved else TRAINED_PERMUTATIONS
    if solved:
        told["val_share"] = 0.0  # there is nothing to stop early: no person is set aside for it
    return config.model_copy(update={"options": options, "evaluation": Evaluation(**told)})


def _train(
    run: Path,
    learner: Learner,
    task: Task,
    folds: list[Fold],
    config: RunConfig,
    lineage: Lineage,
    traces: Mapping[str, NDArray[np.float64]],
    bar: Progress,
) -> tuple[pl.DataFrame, dict[str, list[pl.DataFrame]]]:
    """Fit the model of each fold, and its controls; keep the weights of the former."""
    permutations = config.evaluation.permutations or 0
    gathered = _Gathered()
    how = permutation_of(task.codes, task.recording, task.person)
    bar.start(len(folds) * (1 + permutations))
    for fold in folds:
        rows = task.rows[fold.test]

        def predicted(fitted: Fitted, fold: Fold = fold, rows: pl.DataFrame = rows) -> pl.DataFrame:
            return held_out(rows, fitted.predict(fold.test), task.classes, fold.name)

        fitted = learner.fit(fold, task.codes, config.seed, run / "log" / fold.name, bar.advance)
        about = {**fitted.about(), **lineage.about(fold)}
        checkpoint.save(run / f"model-{fold.name}.safetensors", fitted.tensors(), about)
        own = predicted(fitted)
        gathered.own.append(own)
        simple = _knowing_nothing(task, fold)
        simple |= {name: fitted_on(values, task, fold) for name, values in traces.items()}
        for name, guess in simple.items():
            table = held_out(rows, guess, task.classes, fold.name)
            gathered.add_control(name, 0, table.join(own, on="window_id", how="semi", maintain_order="left"))
        for repeat in range(permutations):
            codes = permuted(how, task.codes, task.recording, task.person, fold, seed=config.seed + 1 + repeat)
            log = run / "log" / f"{fold.name}-permuted{repeat}"
            gathered.add_control("permuted", repeat, predicted(learner.fit(fold, codes, config.seed, log, bar.advance)))
    return gathered.joined()


def _knowing_nothing(task: Task, fold: Fold) -> dict[str, NDArray[np.float64]]:
    """What the training labels alone say of the held-out windows."""
    if task.kind == "regression":
        return {"train mean": train_mean(task.codes, fold.train, len(fold.test))}
    return {"majority": majority(task.codes, fold.train, len(task.classes), len(fold.test))}


def _write(
    run: Path,
    store: Store,
    config: RunConfig,
    task: Task,
    held: pl.DataFrame,
    controls: Mapping[str, list[pl.DataFrame]],
    found: Report,
) -> None:
    from zoo.judging.plots import plot_all

    told = {"normalisation": scopes(store, task.rows, config.sensors), "data_terms": list(task.terms)}
    runs.write_config(run, {**_choices(store, config, task), "at": store.opened_at, **told})
    runs.write_predictions(run, held, dict(controls))
    runs.write_json(run / "metrics.json", found.to_json())
    runs.write_json(run / "versions.json", runs.versions())
    write_results(found, run / "results.parquet")
    plot_all(found, held, run)

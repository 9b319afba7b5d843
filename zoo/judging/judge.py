"""Judging a run that stands: again from its predictions, or on windows of another manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from biocurate.curate.leakage.seen import read_seen
from biocurate.curate.views.told import normalisation
from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.store.manifests import each_label
from biocurate.store.signal_reader import view_of
from zoo.data.task import KINDS, Task
from zoo.judging.controls.exchanged import PERMUTED
from zoo.judging.evaluate import report
from zoo.judging.held import TRAIN_MEAN, classes_of, held_out
from zoo.judging.report import Report
from zoo.learners import prepare
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.config import RunConfig
from zoo.runs.run_file import config_of
from zoo.training.gate import passed

if TYPE_CHECKING:
    from biocurate.store.store import Store


def judge_again(run: Path) -> Report:
    """The report of a run, computed anew from its predictions; no store is needed."""
    config = config_of(run)
    held, controls = runs.read_predictions(run)
    classes = classes_of(held)
    notes = runs.read_json(run / "metrics.json")["notes"]
    return report(held, controls, classes, config.model, notes, config.evaluation.draws, config.seed)


def judge_seeds(folders: Sequence[Path]) -> Report:
    """One report of runs that differ in nothing but their seed: means over them, intervals over persons, then seeds.

    How many permuted trainings each has is its own affair: all that there are make the control.

    Raises
    ------
    ModelError
        Where runs differ in more, or in the windows that they held out.
    UsageError
        Where there are less than two, or two have one seed.
    """
    configs = [config_of(folder) for folder in folders]
    if len({config.seed for config in configs}) < max(2, len(configs)):
        seeds = ", ".join(str(config.seed) for config in configs)
        what = f"runs of different seeds are asked for; these have {seeds}."
        raise UsageError(what, where="--seeds", mend="Name two or more, each of another --seed.")
    same = [
        {**runs.read_config(folder), **config.but_for_chance().model_dump(mode="json")}
        for folder, config in zip(folders, configs, strict=True)
    ]
    if differ := sorted({name for each in same for name in same[0] | each if each.get(name) != same[0].get(name)}):
        mend = "Compare them instead: biocurate zoo evaluate --compare"
        raise ModelError(f"the runs differ in {', '.join(differ)}, not only in their seed.", where="--seeds", mend=mend)
    read = [runs.read_predictions(folder) for folder in folders]
    held, *again = (each.sort("window_id") for each, _ in read)
    if any(not each["window_id"].equals(held["window_id"]) for each in again):
        raise ModelError("the runs held out different windows.", where="--seeds")
    controls: dict[str, list[pl.DataFrame]] = {}
    for _, each in read:
        for name, repeats in each.items():
            controls.setdefault(name, []).extend(repeats)
    notes = _notes(folders, [len(each.get("permuted", ())) for _, each in read])
    first = configs[0]
    draws = first.evaluation.draws
    return report(held, controls, classes_of(held), first.model, notes, draws, first.seed, again)


def _notes(folders: Sequence[Path], permutations: Sequence[int]) -> list[str]:
    """What the first run has noted of its data, and what holds for all runs together."""
    noted = [runs.read_json(folder / "metrics.json")["notes"] for folder in folders]
    notes = [
        note if all(note in each for each in noted) else f"Of the first: {note}"
        for note in noted[0]
        if not note.startswith(PERMUTED)
    ]
    if have := sum(count > 0 for count in permutations):
        notes += [note for note in noted[int(np.argmax(permutations))] if note.startswith(PERMUTED)]
        notes.append(f"Of all runs it is the mean of {sum(permutations)}, from {have} of {len(folders)} runs.")
    return [*notes, f"Means of {len(folders)} seeds; confusion and persons are of the first, {folders[0].name}."]


def judge_on(
    run: Path,
    store: Store,
    manifest: str,
    split: str | None = None,
    bar: Progress = Silent(),
    images: str | None = None,
    embeddings: Sequence[str] = (),
) -> Report:
    """Judge a run's models on windows of another manifest; where it has several models, their mean decides.

    Parameters
    ----------
    run : Path
    store : Store
    manifest : str
    split : str, optional
        One split of the manifest; all of it where left out.
    bar : Progress, optional
    images : str, optional
        Set of the manifest's images; that of the run where left out.
    embeddings : sequence of str
        Sets of the manifest's vectors, as many as the run has; those of the run where left out.

    Raises
    ------
    ManifestError
        Where the models saw a copy of one of these recordings.
    ModelError
        Where the models were trained on a person of these windows, or know none of their labels.
    UsageError
        Where the manifest has no such split, or the run takes no images or vectors.
    """
    config = _fed(run, images, embeddings).model_copy(update={"manifest": manifest, "parent": None})
    task = Task.of(store.manifest(manifest), KINDS)
    chosen = np.arange(task.rows.height)
    if split is not None:
        chosen = np.flatnonzero((task.rows["split"] == split).fill_null(False).to_numpy())
        if not len(chosen):
            raise UsageError(f"the manifest has no split {split!r}.", where=manifest)
    models = [checkpoint.load(path) for path in sorted(run.glob("model-*.safetensors"))]
    if not models:
        raise ModelError("it holds no checkpoint.", where=str(run))
    classes = models[0].about["classes"]
    _check(models, task, chosen, classes, run)
    judged = task.rows[chosen].with_columns(split=pl.lit("judged on"))
    leaks = passed(store, judged, f"manifest {manifest}", seen={run.name: read_seen(run)})
    learner = prepare(store, task, config, bar)
    fitted = [learner.load(model.tensors, model.about) for model in models]
    probability = np.mean([each.predict(chosen) for each in fitted], axis=0)
    held = held_out(task.rows[chosen], probability, classes, manifest)
    notes = [*learner.notes, *leaks.notes]
    notes.append(f"Trained on manifest {models[0].about['manifest']['name']}, judged on {manifest}.")
    notes += normalisation(store, task.rows, config.sensors)
    notes.append("Controls that are fitted (time order, fingerprint, permuted) are in the report of the training run.")
    if len(models) > 1:
        notes.append(f"The mean of {len(models)} models decides.")
    name, guess = _guess(task, classes, held)
    rows = task.rows.join(held, on="window_id", how="semi", maintain_order="left")
    return report(
        held,
        {name: [held_out(rows, guess, classes, manifest)]},
        classes,
        config.model,
        notes,
        config.evaluation.draws,
        config.seed,
    )


def _fed(run: Path, images: str | None, embeddings: Sequence[str]) -> RunConfig:
    """A run's choices, with other sets in the place of those that it was trained on."""
    config = config_of(run)
    if images is not None and config.images is None:
        mend = "Leave it out; of joined bridges each has a set of its own."
        raise UsageError("this run takes no set of images.", where="--images", mend=mend)
    if embeddings and len(embeddings) != len(config.embeddings):
        mend = f"Give as many as it was trained on: {', '.join(config.embeddings) or 'none'}."
        raise UsageError(f"{len(embeddings)} sets of vectors do not fit this run.", where="--embeddings", mend=mend)
    named = {"images": images, "embeddings": list(embeddings)}
    return config.model_copy(update={name: value for name, value in named.items() if value})


def _guess(task: Task, classes: list[str], held: pl.DataFrame) -> tuple[str, np.ndarray]:
    """What is said of every window by who knows nothing: of numbers what the mean of the training windows was."""
    if task.kind == "regression":
        return "train mean", held.select(TRAIN_MEAN, again=TRAIN_MEAN).to_numpy()
    return "guess", np.full((held.height, len(classes)), 0.5 if task.multi_label else 1 / len(classes))


def _check(models: list[checkpoint.Checkpoint], task: Task, chosen: np.ndarray, classes: list[str], run: Path) -> None:
    rows = task.rows[chosen]
    if (view := view_of(rows)) != (trained := models[0].about.get("view")):
        mend = f"Judge it on a manifest of windows of {trained or 'what was recorded'}."
        raise ModelError(f"these windows are of {view or 'what was recorded'}.", where=str(run), mend=mend)
    if task.multi_label != models[0].about.get("multi_label", False):
        what = "lists of labels" if task.multi_label else "one label each"
        mend = "Judge it on a manifest whose `label` has the same rule as the one that it was trained on."
        raise ModelError(f"these windows have {what}, unlike those that it was trained on.", where=str(run), mend=mend)
    if task.kind != models[0].about.get("task", "classification"):
        what = "numbers" if task.kind == "regression" else "names"
        mend = "Judge it on a manifest whose `label` has the same kind as the one that it was trained on."
        raise ModelError(f"labels of these windows are {what}, unlike what it learnt.", where=str(run), mend=mend)
    seen = {person for model in models for person in model.about["persons"]}
    if both := sorted(seen & set(rows["person"])):
        mend = "Judge on persons that it never saw: another manifest, or --split test."
        raise ModelError(
            f"it was trained on {len(both)} of these persons, such as {both[0]}.", where=str(run), mend=mend
        )
    if task.kind == "regression":
        return
    foreign = sorted(set(each_label(rows)) - set(classes))
    if foreign:
        mend = "Map them in the manifest's `label`."
        raise ModelError(f"it knows {', '.join(classes)}, not {', '.join(foreign)}.", where=str(run), mend=mend)

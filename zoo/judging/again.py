"""The held-out windows of a run, ready to be predicted again, each by the model that did not see its person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from zoo.data.task import Task
from zoo.judging.bootstrap import Estimate, estimate
from zoo.judging.figures import metrics_of
from zoo.judging.held import held_out, predictions_of
from zoo.judging.paired import difference
from zoo.judging.report import as_text
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.run_file import check_hash, config_of, read_choices

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.learners import Learner
    from zoo.runs.config import RunConfig

FIGURES = ("balanced_accuracy", "auroc", "macro_f1")
"""Of these, those that a task has; the first is the one to look at."""

CLOSE = 1e-3
"""Greatest difference of a probability to the one that the run kept: machines differ a little."""


def columns(metrics: Mapping[str, Estimate], less: Mapping[str, Estimate]) -> dict[str, str | None]:
    """Cells of a table: each figure with its interval, and what was lost; None where nothing is held against it."""
    cells: dict[str, str | None] = {}
    for name, found in metrics.items():
        cells[name] = as_text(found)
        cells[f"less ({name})"] = as_text(less[name]) if less else None
    return cells


@dataclass(frozen=True)
class Again:
    """A run, its task, and what it predicted."""

    config: RunConfig
    task: Task
    kept: pl.DataFrame
    """Held-out predictions as the run has them."""
    models: Mapping[str, checkpoint.Checkpoint]
    """By fold."""

    @classmethod
    def of(cls, run: Path, store: Store) -> Again:
        """Open a run.

        Raises
        ------
        ModelError
            Where the store has another manifest than the run's.
        """
        config = config_of(run)
        manifest = store.manifest(config.manifest)
        check_hash(read_choices(run / "config.yaml"), config, manifest.hash)
        kept, _ = runs.read_predictions(run)
        folds = kept["fold"].unique().sort()
        models = {fold: checkpoint.load(run / f"model-{fold}.safetensors") for fold in folds}
        return cls(config, Task.of(manifest), kept, models)

    def predicted(self, learner: Learner, task: Task, usable: NDArray[np.bool_] | None = None) -> pl.DataFrame:
        """Predict the held-out windows from what a learner reads.

        Parameters
        ----------
        learner : Learner
            Of the task.
        task : Task
            The run's, or that part of its windows that the learner is of.
        usable : array of bool, shape (windows of the task,), optional
            False for windows that are left out.
        """
        number = task.rows.select("window_id").with_row_index("at")
        tables = []
        for fold, model in self.models.items():
            own = number.join(self.kept.filter(fold=fold), on="window_id", how="semi", maintain_order="left")
            at = own["at"].to_numpy().astype(np.intp)
            at = at if usable is None else at[usable[at]]
            probability = learner.load(model.tensors, model.about).predict(at)
            tables.append(held_out(task.rows[at], probability, task.classes, fold))
        return pl.concat(tables)

    def check_same(self, found: pl.DataFrame, run: Path) -> None:
        """Refuse to compare with predictions of the run that cannot be made again.

        Raises
        ------
        ModelError
            Where a probability differs by more than machines do.
        """
        names = [name for name in self.kept.columns if name.startswith("p_")]
        both = self.kept.join(found, on="window_id", how="left", suffix="_again")
        apart = np.abs(both.select(names).to_numpy() - both.select([f"{name}_again" for name in names]).to_numpy())
        if found.height != self.kept.height or not np.nanmax(apart) <= CLOSE:
            mend = "Name the store that it was trained on, with --at where its windows were built anew."
            raise ModelError("the store gives other predictions than the run kept.", where=str(run), mend=mend)

    def figures(self, held: pl.DataFrame) -> dict[str, Estimate]:
        """Figures of predictions, with intervals over persons."""
        own, draws = predictions_of(held, self.task.classes), self.config.evaluation.draws
        known = metrics_of(own)
        return {name: estimate(known[name], [own], draws, self.config.seed) for name in self._named(known)}

    def less(self, held: pl.DataFrame, whole: pl.DataFrame) -> dict[str, Estimate]:
        """Figures of predictions less those of the same windows in `whole`, over the same draws of persons."""
        same = held.select("window_id").join(whole, on="window_id", how="inner", maintain_order="left")
        own, other = (predictions_of(each, self.task.classes) for each in (held, same.select(held.columns)))
        known, draws = metrics_of(own), self.config.evaluation.draws
        return {name: difference(known[name], own, other, draws, self.config.seed) for name in self._named(known)}

    def _named(self, known: Sequence[str] | Mapping[str, object]) -> list[str]:
        return [name for name in FIGURES if name in known]

"""A run judged on its held-out windows with noise in them: what it stands, and from which ratio on it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.quality.validation.noise import KINDS, applies
from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.data.noise import Disturb, Noise
from zoo.data.task import Task
from zoo.judging.bootstrap import Estimate, estimate
from zoo.judging.figures import metrics_of
from zoo.judging.held import held_out, predictions_of
from zoo.judging.judge import config_of
from zoo.judging.paired import difference
from zoo.judging.report import as_text, plain
from zoo.learners import Learner, prepare
from zoo.models.registry import model_config
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.config import RunConfig
from zoo.runs.run_file import check_hash, read_choices

if TYPE_CHECKING:
    from biocurate.store.store import Store

FIGURES = ("balanced_accuracy", "auroc", "macro_f1")
"""Of these, those that a task has."""


@runtime_checkable
class Disturbable(Protocol):
    """A learner whose samples can go through something before its models see them."""

    def disturb(self, by: Disturb | None) -> None:
        """Say through what."""
        ...


@dataclass(frozen=True)
class Tried:
    """A run on windows with one noise."""

    kind: str
    """A kind of noise, or ``none``."""
    snr_db: float | None
    windows: int
    persons: int
    metrics: dict[str, Estimate]
    less: dict[str, Estimate]
    """Figures less those without noise; none where there is none."""


@dataclass(frozen=True)
class Noisy:
    """A run without noise, and with noise of some kinds and ratios."""

    model: str
    rows: list[Tried]
    notes: list[str]

    def table(self) -> pl.DataFrame:
        """One row a kind and ratio: figures with intervals, and what was lost."""
        made = []
        for tried in self.rows:
            row: dict[str, Any] = {"noise": tried.kind, "SNR (dB)": tried.snr_db, "windows": tried.windows}
            for name, found in tried.metrics.items():
                row[name] = as_text(found)
                row[f"less ({name})"] = as_text(tried.less[name]) if tried.less else None
            made.append(row | {"persons": tried.persons})
        return pl.DataFrame(made, infer_schema_length=None)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what does not exist is null."""
        found: dict[str, Any] = plain(asdict(self))
        return found


def judge_with_noise(
    run: Path, store: Store, kinds: Sequence[str], ratios: Sequence[float], seed: int = 0, bar: Progress = Silent()
) -> Noisy:
    """Judge the held-out windows of a run again, with noise in their samples.

    Each window is predicted by the model that did not see its person. Nothing is fitted anew.

    Parameters
    ----------
    run : Path
    store : Store
        That of the run.
    kinds : sequence of str
        Of `biocurate.curate.quality.validation.noise.KINDS`.
    ratios : sequence of float
        In decibels; see `zoo.data.noise.Noise`.
    seed : int
        Of the noise, which is the same at every ratio but for its size.
    bar : Progress, optional
        Is told of kinds and ratios.

    Raises
    ------
    UsageError
        A kind that there is not.
    ModelError
        Where the store has another manifest than the run's, or the model does not read samples.
    """
    if foreign := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"there is no noise {foreign[0]!r}.", where="--noise", mend=f"There are {', '.join(KINDS)}.")
    config = _drawn_live(config_of(run))
    manifest = store.manifest(config.manifest)
    check_hash(read_choices(run / "config.yaml"), config, manifest.hash)
    again = _Again.of(run, store, Task.of(manifest), config)
    bar.start(1 + len(kinds) * len(ratios))
    whole = again.predicted(None)
    bar.advance(1)
    rows, notes = [_judged("none", None, whole, None, again)], []
    for kind in kinds:
        told = _Told()
        made = []
        for snr_db in ratios:
            held = again.predicted(told.of(Noise(kind, snr_db, seed)))
            made.append(_judged(kind, snr_db, held, whole, again))
            bar.advance(1)
        rows += made if told.touched else []
        notes += told.notes(kind)
    return Noisy(config.model, rows, [*notes, *_notes()])


@dataclass
class _Told:
    """Which sensor types a kind of noise exists for."""

    touched: set[str] = field(default_factory=set)
    spared: set[str] = field(default_factory=set)

    def of(self, noise: Noise) -> Disturb:
        def by(
            x: NDArray[np.float32], item: NDArray[np.int64], rate_hz: float, sensor: SensorType
        ) -> NDArray[np.float32]:
            (self.touched if applies(noise.kind, sensor, rate_hz) else self.spared).add(f"{sensor} at {rate_hz:g} Hz")
            return noise(x, item, rate_hz, sensor)

        return by

    def notes(self, kind: str) -> list[str]:
        if not self.spared:
            return []
        named = ", ".join(sorted(self.spared))
        return [f"{kind}: {named} has no such noise" + ("." if self.touched else ", and the rows are left out.")]


@dataclass(frozen=True)
class _Again:
    """The held-out windows of a run, ready to be predicted again."""

    task: Task
    config: RunConfig
    learner: Learner
    models: Mapping[str, checkpoint.Checkpoint]
    places: Mapping[str, NDArray[np.intp]]
    """By fold: rows of the task."""

    @classmethod
    def of(cls, run: Path, store: Store, task: Task, config: RunConfig) -> _Again:
        kept, _ = runs.read_predictions(run)
        if model_config(config.model).spec.input == "features":
            # Features are measured for what is given; images and samples are found by the whole manifest.
            task = replace(task, rows=task.rows.join(kept, on="window_id", how="semi", maintain_order="left"))
        learner = prepare(store, task, config)
        if not isinstance(learner, Disturbable):
            mend = "Name a run of features, of images, or of samples."
            raise ModelError("its inputs were made before, and no sample is read.", where=config.model, mend=mend)
        number = task.rows.select("window_id").with_row_index("at")
        folds = kept["fold"].unique().sort().to_list()
        own = {
            fold: number.join(kept.filter(fold=fold), on="window_id", how="semi", maintain_order="left")
            for fold in folds
        }
        places = {fold: each["at"].to_numpy().astype(np.intp) for fold, each in own.items()}
        models = {fold: checkpoint.load(run / f"model-{fold}.safetensors") for fold in folds}
        return cls(task, config, learner, models, places)

    def predicted(self, by: Disturb | None) -> pl.DataFrame:
        """Each window by the model that did not see its person."""
        assert isinstance(self.learner, Disturbable)
        self.learner.disturb(by)
        tables = []
        for fold, model in self.models.items():
            at = self.places[fold]
            probability = self.learner.load(model.tensors, model.about).predict(at)
            tables.append(held_out(self.task.rows[at], probability, self.task.classes, fold))
        return pl.concat(tables)


def _drawn_live(config: RunConfig) -> RunConfig:
    """The run's choices, with images that are drawn of the samples as the set's were."""
    config = config.model_copy(update={"parent": None})
    if model_config(config.model).spec.input != "image" or config.images is None:
        return config
    return config.model_copy(update={"drawing": config.drawing.model_copy(update={"live": True})})


def _judged(kind: str, snr_db: float | None, held: pl.DataFrame, whole: pl.DataFrame | None, again: _Again) -> Tried:
    own = predictions_of(held, again.task.classes)
    chosen = {name: metric for name, metric in metrics_of(own).items() if name in FIGURES}
    draws, seed = again.config.evaluation.draws, again.config.seed
    found = {name: estimate(metric, [own], draws, seed) for name, metric in chosen.items()}
    less: dict[str, Estimate] = {}
    if whole is not None:
        both = whole.join(held, on="window_id", how="semi", maintain_order="left")
        same = held.select("window_id").join(both, on="window_id", maintain_order="left").select(held.columns)
        other = predictions_of(same, again.task.classes)
        less = {name: difference(metric, own, other, draws, seed) for name, metric in chosen.items()}
    ratio = None if snr_db is None or math.isinf(snr_db) else snr_db
    return Tried(kind, ratio, held.height, own.n_persons, found, less)


def _notes() -> list[str]:
    return [
        "Noise is added after samples are read, behind the filters of a view. The ratio is the signal's power within "
        "its sensor type's band over that of white, muscle and motion within it, and of all of wander and mains; of "
        "dropout over that of what is changed.",
        "`less`: the figure less that of the same windows without noise, over the same draws of persons.",
    ]

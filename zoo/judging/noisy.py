"""A run judged on its held-out windows with noise in them: what it stands, and from which ratio on it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from zoo.embedding.source import MISPLACED
from zoo.judging.again import Again, columns
from zoo.judging.report import plain
from zoo.learners import Learner, prepare
from zoo.models.registry import model_config

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.judging.bootstrap import Estimate
    from zoo.runs.config import RunConfig


@runtime_checkable
class Disturbable(Learner, Protocol):
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
            made.append(row | columns(tried.metrics, tried.less) | {"persons": tried.persons})
        return pl.DataFrame(made, infer_schema_length=None)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what does not exist is null."""
        found: dict[str, Any] = plain(asdict(self))
        return found


def judge_with_noise(
    run: Path,
    store: Store,
    kinds: Sequence[str],
    ratios: Sequence[float],
    seed: int = 0,
    bar: Progress = Silent(),
    weights: Path | None = None,
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
    weights : Path, optional
        Checkpoint, or its folder, of the network that made a run's vectors, where it is no longer where it was.

    Raises
    ------
    UsageError
        A kind that there is not, or weights of a run that is of no stored vectors.
    ModelError
        Where the store has another manifest than the run's, or the model does not read samples; of stored vectors also
        where the network that made them is not found, or the store has others now.
    """
    if foreign := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"there is no noise {foreign[0]!r}.", where="--noise", mend=f"There are {', '.join(KINDS)}.")
    again = Again.of(run, store)
    task, learner = _disturbable(again, store, weights)
    bar.start(1 + len(kinds) * len(ratios))
    whole = again.predicted(learner, task)
    if again.config.embeddings:
        again.check_same(whole, run)  # a set of vectors can be made anew under its name, by another network
    bar.advance(1)
    rows, notes = [_judged(again, "none", None, whole, None)], []
    for kind in kinds:
        told, made = _Told(), []
        for snr_db in ratios:
            learner.disturb(told.of(Noise(kind, snr_db, seed)))
            made.append(_judged(again, kind, snr_db, again.predicted(learner, task), whole))
            bar.advance(1)
            if not told.touched:
                break  # no sensor type has such noise: other ratios change as little
        if len(made) < len(ratios):
            bar.advance(len(ratios) - len(made))
        rows += made if told.touched else []
        notes += told.notes(kind)
    return Noisy(again.config.model, rows, [*notes, *_notes(again.config)])


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


def _disturbable(again: Again, store: Store, weights: Path | None) -> tuple[Task, Disturbable]:
    """What reads a run's windows, through something that can be said."""
    config, task = _of_samples(again.config, weights), again.task
    if model_config(config.model).spec.input == "features":
        # Features are measured for what is given; images and samples are found by the whole manifest.
        task = replace(task, rows=task.rows.join(again.kept, on="window_id", how="semi", maintain_order="left"))
    learner = prepare(store, task, config)
    if not isinstance(learner, Disturbable):
        mend = "Name a run of features, of images, or of samples."
        raise ModelError("its inputs were made before, and no sample is read.", where=config.model, mend=mend)
    return task, learner


def _of_samples(config: RunConfig, weights: Path | None) -> RunConfig:
    """The run's choices, with images that are drawn of the samples as the set's were, and vectors by what made them."""
    if config.embeddings:
        return config.model_copy(update={"parent": _made_by(config, weights)})
    if weights is not None:
        mend = "Leave it out: it is for heads on stored vectors."
        raise UsageError("the run takes no stored vectors.", where="--weights", mend=mend)
    config = config.model_copy(update={"parent": None})
    if model_config(config.model).spec.input != "image" or config.images is None:
        return config
    return config.model_copy(update={"drawing": config.drawing.model_copy(update={"live": True})})


def _made_by(config: RunConfig, weights: Path | None) -> str | None:
    """Where the network is that made a run's vectors; None where its weights are random."""
    if weights is not None:
        return str(weights.expanduser().resolve())
    if config.parent is not None and not Path(config.parent).expanduser().exists():
        raise ModelError("the weights that made its vectors are not here.", where=config.parent, mend=MISPLACED)
    return config.parent


def _judged(again: Again, kind: str, snr_db: float | None, held: pl.DataFrame, whole: pl.DataFrame | None) -> Tried:
    ratio = None if snr_db is None or math.isinf(snr_db) else snr_db
    less = {} if whole is None else again.less(held, whole)
    return Tried(kind, ratio, held.height, held["person"].n_unique(), again.figures(held), less)


def _notes(config: RunConfig) -> list[str]:
    anew = "Images are drawn of the noisy samples and embedded by the network that made the run's vectors."
    return [
        *([anew] if config.embeddings else []),
        "Noise is added after samples are read, behind the filters of a view. The ratio is the signal's power within "
        "its sensor type's band over that of white, muscle and motion within it, and of all of wander and mains; of "
        "dropout over that of what is changed.",
        "`less`: the figure less that of the same windows without noise, over the same draws of persons.",
    ]

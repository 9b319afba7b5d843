"""One training of an experiment, by the command that its row names; a run that stands is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biocurate.errors import UsageError
from zoo.judging.judge import judge_again
from zoo.judging.report import Report
from zoo.models.registry import model_config, validated
from zoo.reproducing.data import Bar, Data
from zoo.reproducing.experiment import Experiment
from zoo.reproducing.grid import Training
from zoo.runs.config import RunConfig
from zoo.runs.run_file import config_of
from zoo.training.finetune import finetune


@dataclass(frozen=True)
class Bench:
    """What all trainings of an experiment share.

    Parameters
    ----------
    experiment : Experiment
    data : Data
    vectors : mapping of str to str
        Sources of weights whose vectors are in the store, and where each is from.
    weights : Path or None
        Imported or pre-trained weights.
    runs : Path
        Folder of all runs.
    bar : callable
    """

    experiment: Experiment
    data: Data
    vectors: Mapping[str, str]
    weights: Path | None
    runs: Path
    bar: Bar

    def train(self, training: Training) -> Report:
        """Train a model, or read the run that stands."""
        folder = self.runs / training.folder
        stands = (folder / "metrics.json").is_file()
        if training.row.by == "bridge":
            return judge_again(folder) if stands else self._bridged(training, folder)
        config = validated(RunConfig, self._choices(training), training.name)
        if stands:
            _check_parent(folder, config, training.name)
            return judge_again(folder)
        return self._finetuned(config, folder, training.name)

    def _finetuned(self, config: RunConfig, folder: Path, title: str) -> Report:
        with self.bar(title, "models") as progress:
            return finetune(self.data.store, config, folder, resume=True, training=progress)

    def _choices(self, training: Training) -> dict[str, Any]:
        row = training.row
        given = self._common(training, row.sensors or self.data.sensors)
        if row.weights == "imported":
            given["parent"] = str(self.weights)
        if row.weights is not None and model_config(row.model).spec.input == "embedding":
            images = row.images or self.experiment.images
            given["embeddings"] = tuple(self.data.vectors(kind, row.weights) for kind in images)
        return given

    def _common(self, training: Training, sensors: tuple[str, ...]) -> dict[str, Any]:
        row = training.row
        given: dict[str, Any] = {
            "model": row.model,
            "manifest": self.data.manifest,
            "sensors": sensors,
            "seed": training.seed,
            "options": row.options,
            "training": row.training,
            "evaluation": self.experiment.evaluation,
        }
        if model_config(row.model).spec.input == "image":
            given["images"] = self._set(training)
        return given

    def _set(self, training: Training) -> str:
        images = training.row.images or self.experiment.images
        if len(images) != 1:
            mend = "Name one in its `images`."
            raise UsageError("a model of images is trained on one representation.", where=training.name, mend=mend)
        return self.data.images(images[0])

    def _bridged(self, training: Training, folder: Path) -> Report:
        """Train the model that knows the labels, then carry it over."""
        from zoo.biox_bridge.config import BridgeConfig
        from zoo.biox_bridge.run import bridge

        row = training.row
        old = self.runs / f"{row.model}-of-{'-'.join(row.old).lower()}-seed{training.seed}"
        if not (old / "metrics.json").is_file():
            config = validated(RunConfig, self._common(training, row.old), training.name)
            self._finetuned(config, old, f"{training.name}: the old model")
        given = {
            "old": str(old),
            "new": str(self.weights) if self.weights is not None else row.model,
            "manifest": self.data.manifest,
            "new_images": self._set(training) if model_config(row.model).spec.input == "image" else None,
            "new_sensors": row.new,
            "seed": training.seed,
            "bridge": row.bridge,
            "evaluation": {"permutations": 0, **self.experiment.evaluation},
        }
        with self.bar(training.name, "bridges") as progress:
            return bridge(self.data.store, validated(BridgeConfig, given, training.name), folder, bar=progress).report


def _check_parent(folder: Path, config: RunConfig, title: str) -> None:
    """Refuse a run that stands where the row now starts from other weights."""
    before = config_of(folder).parent
    if before != config.parent:
        what = f"the run that stands started from {before or 'random weights'}."
        raise UsageError(what, where=title, mend="Choose another --out, or remove the run's folder.")

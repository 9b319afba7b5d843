"""Bridges of a run that stands, on windows of another manifest: the new sensor alone is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from biocurate.errors import ModelError
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.encoders import source_of
from zoo.biox_bridge.joining.gate import Gate, mixed
from zoo.biox_bridge.joining.keeping import joined_again
from zoo.biox_bridge.joining.members import hear
from zoo.biox_bridge.keeping import reopened
from zoo.biox_bridge.source import Source
from zoo.learners.contract import Advance, Codes, Fitted
from zoo.runs.checkpoint import Checkpoint
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


@dataclass(frozen=True)
class FittedBridge:
    """A bridge and what its new model sees."""

    bridged: Bridged
    source: Source
    n_classes: int

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); NaN where the new sensor has no input."""
        out = np.full((len(rows), self.n_classes), np.nan)
        has = self.source.has[rows]
        if has.any():
            out[has] = self.bridged.predict(self.source, rows[has]).double().numpy()
        return out

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Of the bridge."""
        return {name: each.detach().numpy() for name, each in self.bridged.bridge.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """Where it leads."""
        return {"positions": [self.bridged.new, self.bridged.old]}


@dataclass(frozen=True)
class FittedBridges:
    """Joined bridges, and what their new models see."""

    gate: Gate
    bridges: tuple[Bridged, ...]
    sources: tuple[Source, ...]
    n_classes: int

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); NaN where no new sensor has an input."""
        out = np.full((len(rows), self.n_classes), np.nan)
        has = np.any([source.has[rows] for source in self.sources], axis=0)
        if has.any():
            with torch.inference_mode():
                heard = hear(self.bridges, self.sources, rows[has], self.n_classes)
                out[has] = mixed(heard, self.gate(heard)).double().numpy()
        return out

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Of the gate."""
        return {name: each.detach().numpy() for name, each in self.gate.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """Where the bridges lead."""
        return {"positions": [[each.new, each.old] for each in self.bridges]}


class BridgeLearner:
    """Opens bridges; they are trained by `zoo bridge` alone."""

    def __init__(self, store: Store, task: Task, config: RunConfig, sensors: Sequence[SensorType]) -> None:
        self.store, self.task, self.config, self.sensors = store, task, config, list(map(str, sensors))
        self.notes: list[str] = []

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> Fitted:
        """Refused."""
        raise ModelError("bridges are trained from pairs.", where=self.config.model, mend="biocurate zoo bridge …")

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Fitted:
        """Open one, or several that were joined."""
        if "bridges" in about:
            return self._joined(Checkpoint(dict(tensors), dict(about)))
        new, bridged = reopened(Checkpoint(dict(tensors), dict(about)))
        source = source_of(new, self.store, self.task, self.config.images, self.sensors)
        self.notes = [*source.notes, "A bridge: the old model's sensor is not read."]
        return FittedBridge(bridged, source, len(about["classes"]))

    def _joined(self, found: Checkpoint) -> FittedBridges:
        gate, opened = joined_again(found)
        sources = [
            source_of(new, self.store, self.task, about["images"], about["sensors"])
            for (new, _), about in zip(opened, found.about["bridges"], strict=True)
        ]
        self.notes = [
            *(note for each in sources for note in each.notes),
            f"{len(sources)} bridges, weighed by a gate: the old model's sensor is not read.",
        ]
        return FittedBridges(gate, tuple(bridged for _, bridged in opened), tuple(sources), len(found.about["classes"]))

"""Learning from the samples of windows, of whatever sensor types and channels they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Subset

from biocurate.errors import ModelError
from zoo.data.noise import Disturb
from zoo.data.placed import PlacedWindows
from zoo.data.windows import Batch, loader
from zoo.learners.answers import Answers
from zoo.learners.contract import Advance, Codes
from zoo.models.registry import create_model, model_config
from zoo.models.tuning import Tuning
from zoo.runs import checkpoint
from zoo.runs.channels import only_of
from zoo.runs.parent import inherit, open_parent
from zoo.training.adapting import adapt, merge, trained
from zoo.training.fed import Fed
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


@dataclass(frozen=True)
class FittedWindows:
    """A trained network and the windows that it predicts."""

    network: nn.Module
    windows: PlacedWindows
    batch_size: int
    trained_on: tuple[str, ...]
    """Sensor types."""
    answers: Answers

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """What is said of windows, shape (rows, columns of `answers`); NaN of one without a channel that is there."""
        fed = Fed(self.network).eval()
        device = next(self.network.parameters()).device
        found = np.full((len(rows), self.answers.columns), np.nan)
        chosen = np.flatnonzero(self.windows.placed.covered[rows])
        done = 0
        with torch.inference_mode():
            for batch in loader(Subset(self.windows, rows[chosen].tolist()), self.batch_size):
                inputs = {name: each.to(device) for name, each in batch["input"].items()}
                said = self.answers.said(fed(inputs))
                said[~inputs["present"].any(dim=1)] = torch.nan
                found[chosen[done : done + len(said)]] = said.cpu().numpy()
                done += len(said)
        return found

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The network's state."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """Sensor types that it was trained on."""
        return {"input_sensors": list(self.trained_on), **self.answers.about()}


class WindowLearner:
    """The windows of a task, read batch by batch."""

    def __init__(self, store: Store, task: Task, config: RunConfig, sensors: Sequence[SensorType]) -> None:
        self.task, self.config = task, config
        self.options = {**config.options, "num_classes": task.n_outputs}
        takes = getattr(self._new(), "architecture", None)
        if takes is None:
            mend = f"Train it from Python: zoo.create_model({config.model!r}) and zoo.WindowDataset."
            raise ModelError("it does not say at which rate it takes samples.", where=config.model, mend=mend)
        names, chosen = [str(sensor) for sensor in sensors], only_of(config.channels, sensors)
        self.windows = PlacedWindows(store.url, config.manifest, None, names, takes, chosen, store.opened_at)
        self.tuning = model_config(config.model).tuning
        self.parent = open_parent(Path(config.parent), config.model) if config.parent else None
        self.notes = self._notes(takes)

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> FittedWindows:
        """Train a new network, and keep its weights at the lowest validation loss."""
        from zoo.training.network import train_classifier

        torch.manual_seed(seed)
        network, options = self._new(), self.config.training
        if self.parent is not None:
            self._say(inherit(network, self.parent))
        whole, tuning = sum(each.numel() for each in network.parameters()), self.tuning or Tuning()
        adapt(network, tuning, options.tune)
        self._say([f"Trained are {trained(network):,} numbers; the network has {whole:,}."])
        blocks = tuning.blocks([name for name, _ in network.named_parameters()], self.config.model)
        fed = Fed(network, tuning, blocks, options.drop_sensors, options.drop_channels)
        answers = Answers.of(self.task, codes[fold.train])
        labels = answers.targets(codes)
        train, val = (_Relabelled(self.windows, rows, labels) for rows in (fold.train, fold.val))
        known, outputs = codes[train.rows], self.task.n_outputs
        train_classifier(fed, train, val, known, outputs, options, seed, log, advance, "input")
        merge(network)
        return self._fitted(network, tuple(map(str, self.windows.placed.sensors)), answers)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedWindows:
        """Put weights into a new network; ModelError where there are sensor types that it has not seen."""
        mine = tuple(map(str, self.windows.placed.sensors))
        if foreign := sorted(set(mine) - set(about["input_sensors"])):
            mend = f"It was trained on {', '.join(about['input_sensors'])}."
            raise ModelError(f"it has not seen {', '.join(foreign)}.", where=self.config.model, mend=mend)
        network = self._new()
        checkpoint.fill(network, tensors)
        return self._fitted(network, tuple(about["input_sensors"]), Answers.again(self.task, about))

    def disturb(self, by: Disturb | None) -> None:
        """Let samples go through something ahead of being standardised, when windows are predicted."""
        self.windows.placed.disturb = by

    def _new(self) -> nn.Module:
        network: nn.Module = create_model(self.config.model, **self.options)
        return network

    def _fitted(self, network: nn.Module, sensors: tuple[str, ...], answers: Answers) -> FittedWindows:
        return FittedWindows(network, self.windows, self.config.training.batch_size, sensors, answers)

    def _say(self, notes: Sequence[str]) -> None:
        self.notes += [note for note in notes if note not in self.notes]

    def _notes(self, takes: Any) -> list[str]:  # noqa: ANN401
        placed, options = self.windows.placed, self.config.training
        width = placed.layout.width[placed.covered]
        notes = [f"Of {kind} {', '.join(names)} alone." for kind, names in (self.config.channels or {}).items()]
        notes += placed.layout.notes()
        if getattr(takes, "norm", "token") == "sample" and len(np.unique(width)) > 1:
            notes.append(
                "Windows differ in channels, and this network norms over all of a sample, those that only fill it up "
                "too: a prediction depends on the batch that its window is in."
            )
        if options.drop_sensors or options.drop_channels:
            left = f"{options.drop_sensors:.0%} of sensor types and {options.drop_channels:.0%} of channels"
            notes.append(f"Left out of windows at random in training: {left}.")
        return notes


class _Relabelled(Subset[Batch]):
    """Windows with a channel, with the labels that training is to see."""

    def __init__(self, windows: PlacedWindows, rows: Codes, labels: Tensor) -> None:
        self.rows = np.asarray(rows[windows.placed.covered[rows]])
        super().__init__(windows, self.rows.tolist())
        self.labels = labels

    def __getitems__(self, indices: list[int]) -> Batch:  # type: ignore[override]
        batch: Batch = self.dataset.__getitems__([self.indices[at] for at in indices])  # type: ignore[attr-defined]
        return {**batch, "label": self.labels[batch["row"]]}

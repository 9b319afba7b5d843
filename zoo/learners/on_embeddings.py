"""Learning from embeddings that a frozen network made: one item a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from biocurate.errors import ModelError
from zoo.data.windows import Batch, targets
from zoo.embedding.live import LiveVectors
from zoo.embedding.slots import Slots, check_source, read_slots, slot_rows
from zoo.embedding.source import open_again
from zoo.learners.contract import Advance, Codes
from zoo.models.registry import create_model
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.noise import Disturb
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


@dataclass(frozen=True)
class FittedEmbeddings:
    """A trained head, and the vectors that it predicts windows from."""

    network: nn.Module
    vectors: Callable[[Codes], Tensor]
    """Of rows of the manifest: shape (rows, slots, width)."""
    slots: tuple[tuple[str, str], ...]
    multi_label: bool = False

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); NaN of a window without a vector."""
        mine = self.vectors(rows)
        self.network.eval().cpu()
        with torch.inference_mode():
            logits = self.network(mine).double()
        found = (logits.sigmoid() if self.multi_label else logits.softmax(dim=1)).numpy()
        found[mine.isnan().all(dim=2).all(dim=1).numpy()] = np.nan
        return np.asarray(found)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The head's state."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """What each vector is of."""
        return {"slots": [list(slot) for slot in self.slots]}


class EmbeddingLearner:
    """The vectors of every window of a task, read once for all folds."""

    def __init__(self, store: Store, task: Task, config: RunConfig) -> None:
        self.store, self.task, self.config = store, task, config
        self.asked = (config.embeddings, config.sensors, config.options.get("representations", ()))
        self.found = read_slots(store, task.rows, *self.asked)
        check_source(store, config.embeddings, self.found.sources, config.parent)
        self.vectors = torch.from_numpy(self.found.vectors)
        options = {**config.options, "num_classes": len(task.classes)}
        self.options = {**options, "slots": self.found.slots, "width": self.found.vectors.shape[2]}
        self.absent = [at for at, (sensor, _) in enumerate(self.found.slots) if sensor in options.get("absent", ())]
        self.notes = _notes(self.found, options.get("absent", ()))
        self.by: Disturb | None = None

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> FittedEmbeddings:
        """Train a new head, and keep its weights at the lowest validation loss."""
        from zoo.training.network import train_classifier

        torch.manual_seed(seed)
        network: nn.Module = create_model(self.config.model, **self.options)
        train, val = (_Vectors(self.vectors, self._shown(rows), codes) for rows in (fold.train, fold.val))
        n_classes = len(self.task.classes)
        train_classifier(
            network, train, val, codes[train.rows], n_classes, self.config.training, seed, log, advance, "vectors"
        )
        return self._fitted(network)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedEmbeddings:
        """Put weights into a new head; ModelError where the vectors are of other sensor types or representations."""
        asked = tuple((str(sensor), str(kind)) for sensor, kind in about["slots"])
        if asked != self.found.slots:
            mend = f"It was trained on {', '.join(map(' '.join, asked))}."
            raise ModelError("the vectors are of other images.", where=self.config.model, mend=mend)
        network: nn.Module = create_model(self.config.model, **self.options)
        network.load_state_dict({name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()})
        return self._fitted(network)

    def disturb(self, by: Disturb | None) -> None:
        """Let samples go through something when windows are predicted: drawn anew, and embedded by the same network.

        Raises
        ------
        ModelError, UsageError, StoreError
            As of `zoo.embedding.source.open_again` and `zoo.embedding.live.LiveVectors`.
        """
        self.by = by
        if by is not None:
            self._live  # noqa: B018  # what cannot be made anew is refused here

    @cached_property
    def _live(self) -> LiveVectors:
        rows = slot_rows(self.store, self.task.rows, *self.asked)
        model, origin, weights = rows.select("model", "source", "weights").row(0)
        source = open_again(model, origin, weights, self.config.parent)
        slots, width = self.found.vectors.shape[1:]
        return LiveVectors(self.store, self.config.manifest, rows, (slots, width), source)

    def _fitted(self, network: nn.Module) -> FittedEmbeddings:
        return FittedEmbeddings(network, self._of, self.found.slots, self.task.multi_label)

    def _of(self, rows: Codes) -> Tensor:
        """Vectors that windows are predicted from."""
        found = self.vectors[torch.from_numpy(rows)]
        if self.by is not None:
            found = torch.from_numpy(self._live.of(rows, self.by))
        found[:, self.absent] = torch.nan
        return found

    def _shown(self, rows: Codes) -> Codes:
        """Rows that have a vector."""
        lacks = self.vectors[torch.from_numpy(rows)].isnan().all(dim=2).all(dim=1).numpy()
        return np.asarray(rows[~lacks])


class _Vectors(Dataset[Batch]):
    """The vectors of some windows, with the labels that training is to see."""

    def __init__(self, vectors: Tensor, rows: Codes, codes: Codes) -> None:
        self.vectors, self.rows, self.codes = vectors, rows, targets(codes)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, indices: list[int]) -> Batch:
        row = torch.from_numpy(self.rows[indices])
        return {"vectors": self.vectors[row], "label": self.codes[row], "row": row}


def _notes(found: Slots, absent: tuple[str, ...]) -> list[str]:
    lacking = np.isnan(found.vectors).any(axis=2)
    named = [" ".join(slot) for slot in found.slots]
    notes = [f"Frozen vectors of {', '.join(found.sources)}: {', '.join(named)}; channels are averaged."]
    notes += [
        f"{count:,} windows have no {name}." for name, count in zip(named, lacking.sum(axis=0), strict=True) if count
    ]
    if absent:
        notes.append(f"MISSING when predicted, by choice: {', '.join(absent)}.")
    return notes

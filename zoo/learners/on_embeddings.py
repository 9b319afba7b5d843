"""Learning from embeddings that a frozen network made: one item a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from biocurate.errors import ModelError
from zoo.data.windows import Batch, targets
from zoo.embedding.slots import Slots, check_source, read_slots
from zoo.learners.contract import Advance, Codes
from zoo.models.registry import create_model
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


@dataclass(frozen=True)
class FittedEmbeddings:
    """A trained head, and the vectors that it predicts windows from."""

    network: nn.Module
    vectors: Tensor
    """Shape (rows of the manifest, slots, width)."""
    slots: tuple[tuple[str, str], ...]
    multi_label: bool = False

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); NaN of a window without a vector."""
        mine = self.vectors[torch.from_numpy(rows)]
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
        self.task, self.config = task, config
        kinds = config.options.get("representations", ())
        self.found = read_slots(store, task.rows, config.embeddings, config.sensors, kinds)
        check_source(store, config.embeddings, self.found.sources, config.parent)
        self.vectors = torch.from_numpy(self.found.vectors)
        options = {**config.options, "num_classes": len(task.classes)}
        self.options = {**options, "slots": self.found.slots, "width": self.found.vectors.shape[2]}
        self.absent = [at for at, (sensor, _) in enumerate(self.found.slots) if sensor in options.get("absent", ())]
        self.notes = _notes(self.found, options.get("absent", ()))

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

    def _fitted(self, network: nn.Module) -> FittedEmbeddings:
        vectors = self.vectors
        if self.absent:
            vectors = vectors.clone()
            vectors[:, self.absent] = torch.nan
        return FittedEmbeddings(network, vectors, self.found.slots, self.task.multi_label)

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

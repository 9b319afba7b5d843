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
from zoo.data.windows import Batch
from zoo.embedding.live import LiveVectors
from zoo.embedding.live_samples import LiveSamples
from zoo.embedding.samples import KIND
from zoo.embedding.slots import Slots, check_source, read_slots, slot_rows, together
from zoo.embedding.source import open_again
from zoo.learners.answers import Answers
from zoo.learners.contract import Advance, Codes
from zoo.models.registry import create_model
from zoo.runs import checkpoint
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
    answers: Answers

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """What is said of windows, shape (rows, columns of `answers`); NaN of a window without a vector."""
        mine = self.vectors(rows)
        self.network.eval().cpu()
        with torch.inference_mode():
            found = self.answers.said(self.network(mine)).numpy()
        found[mine.isnan().all(dim=2).all(dim=1).numpy()] = np.nan
        return np.asarray(found)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The head's state."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """What each vector is of."""
        return {"slots": [list(slot) for slot in self.slots], **self.answers.about()}


class EmbeddingLearner:
    """The vectors of every window of a task, read once for all folds."""

    def __init__(self, store: Store, task: Task, config: RunConfig) -> None:
        self.store, self.task, self.config = store, task, config
        self.asked = (config.embeddings, config.sensors, config.options.get("representations", ()))
        self.found = read_slots(store, task.rows, *self.asked)
        check_source(store, config.embeddings, self.found.sources, config.parent)
        self.vectors = torch.from_numpy(self.found.vectors)
        options = {**config.options, "num_classes": task.n_outputs}
        self.options = {**options, "slots": self.found.slots, "width": self.found.vectors.shape[2]}
        gone = set(options.get("absent", ()))
        sensors = [set(together(sensor)) for sensor, _ in self.found.slots]
        _check_gone(gone, set().union(*sensors))
        self.absent = [at for at, each in enumerate(sensors) if each <= gone]
        self.less = [at for at, each in enumerate(sensors) if each & gone and not each <= gone]
        self.notes = _notes(self.found, options.get("absent", ()))
        self.by: Disturb | None = None

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> FittedEmbeddings:
        """Train a new head, and keep its weights at the lowest validation loss."""
        from zoo.training.network import train_classifier

        torch.manual_seed(seed)
        network: nn.Module = create_model(self.config.model, **self.options)
        answers = Answers.of(self.task, codes[fold.train])
        labels = answers.targets(codes)
        train, val = (_Vectors(self.vectors, self._shown(rows), labels) for rows in (fold.train, fold.val))
        options, known, outputs = self.config.training, codes[train.rows], self.task.n_outputs
        train_classifier(network, train, val, known, outputs, options, seed, log, advance, "vectors")
        return self._fitted(network, answers)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedEmbeddings:
        """Put weights into a new head; ModelError where the vectors are of other sensor types or representations."""
        asked = tuple((str(sensor), str(kind)) for sensor, kind in about["slots"])
        if asked != self.found.slots:
            mend = f"It was trained on {', '.join(map(' '.join, asked))}."
            raise ModelError("the vectors are of other images.", where=self.config.model, mend=mend)
        network: nn.Module = create_model(self.config.model, **self.options)
        checkpoint.fill(network, tensors)
        return self._fitted(network, Answers.again(self.task, about))

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
    def _live(self) -> LiveVectors | LiveSamples:
        rows = slot_rows(self.store, self.task.rows, *self.asked)
        model, origin, weights = rows.select("model", "source", "weights").row(0)
        source = open_again(model, origin, weights, self.config.parent)
        slots, width = self.found.vectors.shape[1:]
        if source.size is None:
            return LiveSamples(self.store, self.task.rows, rows, (slots, width), source)
        return LiveVectors(self.store, self.config.manifest, rows, (slots, width), source)

    def _fitted(self, network: nn.Module, answers: Answers) -> FittedEmbeddings:
        return FittedEmbeddings(network, self._of, self.found.slots, answers)

    def _of(self, rows: Codes) -> Tensor:
        """Vectors that windows are predicted from."""
        found = self.vectors[torch.from_numpy(rows)]
        if self.by is not None or self.less:
            found = torch.from_numpy(self._made(rows))
        found[:, self.absent] = torch.nan
        return found

    def _made(self, rows: Codes) -> NDArray[np.float32]:
        """Vectors made anew: with noise, or of what is left where some of a vector's sensor types are taken away."""
        live = self._live
        if isinstance(live, LiveSamples):
            return live.of(rows, self.by, self.config.options.get("absent", ()))
        return live.of(rows, self.by)

    def _shown(self, rows: Codes) -> Codes:
        """Rows that have a vector."""
        lacks = self.vectors[torch.from_numpy(rows)].isnan().all(dim=2).all(dim=1).numpy()
        return np.asarray(rows[~lacks])


class _Vectors(Dataset[Batch]):
    """The vectors of some windows, with the labels that training is to see."""

    def __init__(self, vectors: Tensor, rows: Codes, labels: Tensor) -> None:
        self.vectors, self.rows, self.labels = vectors, rows, labels

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, indices: list[int]) -> Batch:
        row = torch.from_numpy(self.rows[indices])
        return {"vectors": self.vectors[row], "label": self.labels[row], "row": row}


def _check_gone(gone: set[str], there: set[str]) -> None:
    """Refuse to take away what no vector is of: a report would call it missing, and nothing would be."""
    if foreign := sorted(gone - there):
        mend = f"There are {', '.join(sorted(there))}."
        raise ModelError(f"no vector is of {', '.join(foreign)}.", where="absent", mend=mend)


def _notes(found: Slots, absent: tuple[str, ...]) -> list[str]:
    lacking = np.isnan(found.vectors).any(axis=2)
    named = [" ".join(slot) for slot in found.slots]
    several = any(kind.startswith(f"{KIND}-") for _, kind in found.slots)
    how = "channels of a window are seen together" if several else "channels are averaged"
    notes = [f"Frozen vectors of {', '.join(found.sources)}: {', '.join(named)}; {how}."]
    notes += [
        f"{count:,} windows have no {name}." for name, count in zip(named, lacking.sum(axis=0), strict=True) if count
    ]
    if absent:
        notes.append(f"MISSING when predicted, by choice: {', '.join(absent)}.")
    return notes

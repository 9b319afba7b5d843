"""Learning from images: one item an image, one answer a window."""

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
from zoo.data.images import ImageDataset
from zoo.data.noise import Disturb, OfImages
from zoo.data.windows import Batch, loader
from zoo.learners.answers import Answers
from zoo.learners.contract import Advance, Codes
from zoo.learners.image_source import check_source, image_source
from zoo.models.registry import ImageSpec, create_model, model_config, validated
from zoo.runs import checkpoint
from zoo.runs.parent import inherit, open_parent
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig


@dataclass(frozen=True)
class FittedImages:
    """A trained network and the images that it predicts windows from."""

    network: nn.Module
    images: ImageDataset
    batch_size: int
    answers: Answers

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Mean of what each window's images say, shape (rows, columns of `answers`); NaN without an image."""
        at = np.flatnonzero(np.isin(self.images.row, rows))
        total = np.zeros((self.images.rows.height, self.answers.columns))
        count = np.zeros(self.images.rows.height)
        self.network.eval()
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            for batch in loader(_AsTheyAre(self.images, at, self.images.codes), self.batch_size):
                said = self.answers.said(self.network(batch["image"].to(device))).cpu().numpy()
                np.add.at(total, batch["row"].numpy(), said)
                np.add.at(count, batch["row"].numpy(), 1)
        seen = count[rows, None] > 0
        blank = np.full((len(rows), self.answers.columns), np.nan)
        return np.asarray(np.divide(total[rows], count[rows, None], out=blank, where=seen))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The network's state."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def about(self) -> dict[str, Any]:
        """Side of the images and their representations."""
        kinds = self.images.images["representation"].unique().sort().to_list()
        return {"size": self.images.size, "representations": kinds, **self.answers.about()}


class ImageLearner:
    """The images of every window of a task."""

    def __init__(self, store: Store, task: Task, config: RunConfig, sensors: Sequence[SensorType]) -> None:
        check_source(config)
        self.task, self.config = task, config
        self.options = {**config.options, "num_classes": task.n_outputs}
        known = model_config(config.model)
        size = validated(known.options, self.options, config.model).size
        self.images = image_source(store, config, size, sensors)
        if isinstance(known.spec.image, ImageSpec):
            known.spec.image.check(config.model, self.images.images["representation"].unique())
        self.parent = open_parent(Path(config.parent), config.model) if config.parent else None
        self.notes = self._notes()

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> FittedImages:
        """Train a new network, and keep its weights at the lowest validation loss."""
        from zoo.training.network import train_classifier

        torch.manual_seed(seed)
        network: nn.Module = create_model(self.config.model, **self.options)
        if self.parent is not None:
            self.notes += [note for note in inherit(network, self.parent) if note not in self.notes]
        answers = Answers.of(self.task, codes[fold.train])
        labels = answers.targets(codes)
        train = _Relabelled(self.images, self._of(fold.train), labels)
        val = _AsTheyAre(self.images, self._of(fold.val), labels)
        options, known = self.config.training, codes[fold.train]
        train_classifier(network, train, val, known, self.task.n_outputs, options, seed, log, advance)
        return self._fitted(network, answers)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedImages:
        """Put weights into a new network."""
        kinds = set(self.images.images["representation"].unique())
        if foreign := sorted(kinds - set(about["representations"])):
            mend = f"It was trained on {', '.join(about['representations'])}."
            raise ModelError(f"it has not seen images like {', '.join(foreign)}.", where=self.config.model, mend=mend)
        network: nn.Module = create_model(self.config.model, **self.options)
        checkpoint.fill(network, tensors)
        return self._fitted(network, Answers.again(self.task, about))

    def disturb(self, by: Disturb | None) -> None:
        """Let samples go through something ahead of being drawn, when windows are predicted.

        Raises
        ------
        ModelError
            Where images are stored, and not drawn.
        """
        if not self.images.drawn:
            mend = "Let them be drawn: --set live=true."
            raise ModelError("its images are stored: no sample of them is read.", where=self.config.model, mend=mend)
        self.images.disturbed = None if by is None else OfImages.of(by, self.images.images)

    def _of(self, rows: Codes) -> Codes:
        """Images of some windows."""
        return np.flatnonzero(np.isin(self.images.row, rows))

    def _fitted(self, network: nn.Module, answers: Answers) -> FittedImages:
        return FittedImages(network, self.images, self.config.training.batch_size, answers)

    def _notes(self) -> list[str]:
        windows = len(np.unique(self.images.row))
        notes = [f"{len(self.images):,} images of {windows:,} windows; a window's images are averaged."]
        if self.images.left_out:
            notes.append(f"{self.images.left_out:,} images show nothing and are left out.")
        return notes


class _Relabelled(Subset[Batch]):
    """Some images, with the labels that training is to see."""

    dataset: ImageDataset

    def __init__(self, images: ImageDataset, at: Codes, labels: Tensor) -> None:
        super().__init__(images, at.tolist())
        self.labels = labels

    def __getitems__(self, indices: list[int]) -> Batch:  # type: ignore[override]
        batch = self._read([self.indices[at] for at in indices])
        return {**batch, "label": self.labels[batch["row"]]}

    def _read(self, at: list[int]) -> Batch:
        return self.dataset.__getitems__(at)


class _AsTheyAre(_Relabelled):
    """Some images without mask and augmentation, as a model is judged on them."""

    def _read(self, at: list[int]) -> Batch:
        return self.dataset.unchanged(at)

"""What the scores of a network say: probabilities of classes or of labels, or a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.data.windows import targets

if TYPE_CHECKING:
    from zoo.data.task import Task


@dataclass(frozen=True)
class Answers:
    """How a network's scores are read, and what it is taught in their place.

    A number is learnt in standard deviations from the mean of the training windows, so that one learning rate serves
    years and millivolts; what is said is in the label's own unit.
    """

    columns: int
    """Of what is said: a class or label each; of a number the number and the training windows' mean."""
    multi_label: bool = False
    number: tuple[float, float] | None = None
    """Mean and standard deviation of the training windows' numbers; None of classes."""

    @classmethod
    def of(cls, task: Task, codes: NDArray[Any]) -> Answers:
        """Those of a network that is trained on windows with these codes, as `Task.codes` has them."""
        if task.kind == "regression":
            return cls(2, number=(float(codes.mean()), float(codes.std()) or 1.0))
        return cls(len(task.classes), task.multi_label)

    @classmethod
    def again(cls, task: Task, about: Mapping[str, Any]) -> Answers:
        """Those of a checkpoint, from what it tells of itself."""
        if task.kind == "regression":
            mean, spread = about["number"]
            return cls(2, number=(float(mean), float(spread)))
        return cls(len(task.classes), task.multi_label)

    def taught(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Codes as they are trained on: classes as they are, numbers standardised."""
        if self.number is None:
            return codes
        mean, spread = self.number
        return np.asarray((codes - mean) / spread)

    def targets(self, codes: NDArray[Any]) -> Tensor:
        """The same as a network's loss takes them."""
        return targets(self.taught(codes))

    def said(self, scores: Tensor) -> Tensor:
        """Read scores.

        Parameters
        ----------
        scores : Tensor, shape (batch, classes), or (batch, 1) of a number

        Returns
        -------
        Tensor, shape (batch, columns), float64
        """
        scores = scores.double()
        if self.number is None:
            return scores.sigmoid() if self.multi_label else scores.softmax(dim=1)
        mean, spread = self.number
        said = scores[:, :1] * spread + mean
        return torch.cat([said, torch.full_like(said, mean)], dim=1)

    def about(self) -> dict[str, Any]:
        """What a checkpoint has to tell of it; nothing of classes, which it names anyway."""
        return {} if self.number is None else {"number": list(self.number)}

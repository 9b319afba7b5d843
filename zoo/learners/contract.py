"""What a learner is: a manifest's data in the form that a kind of model takes, and how such a model is fitted to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zoo.training.folds import Fold

Codes = NDArray[np.intp]
Advance = Callable[[float], None]


class Fitted(Protocol):
    """A model that has been fitted."""

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities of rows of the learner's manifest, shape (rows, classes); NaN where it has no input.

        Of numbers the prediction and the mean of what it was trained on, shape (rows, 2).
        """
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Its weights, by name."""
        ...

    def about(self) -> dict[str, Any]:
        """What must be known to use the weights again."""
        ...


class Learner(Protocol):
    """Data of one manifest, prepared for one kind of model."""

    notes: list[str]
    """What a reader of the result must know about the data."""

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> Fitted:
        """Fit a new model.

        Parameters
        ----------
        fold : Fold
            Rows to train and to stop on.
        codes : array of int, shape (rows of the manifest,)
            Class of each row: the true ones, or permuted ones. Of numbers the numbers, float64.
        seed : int
        log : Path
            Folder for the loss curve.
        advance : callable
            Is told what share of the work is done; the shares add up to 1.
        """
        ...

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Fitted:
        """A model fitted before, ready for this manifest's rows."""
        ...

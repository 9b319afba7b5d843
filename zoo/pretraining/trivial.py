"""The least loss that can be had without looking at an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def constant_loss(codes: NDArray[np.intp], n_classes: int) -> float:
    """Cross entropy of the best constant predictor of some labels: their own entropy, in nats.

    It is given the shares of the very labels that it is judged on, so that no predictor that ignores the images can do
    better.

    Parameters
    ----------
    codes : array of int, shape (images,), or (images, labels) of 0 and 1
    n_classes : int

    Returns
    -------
    float
        A mean over images; of lists a mean over labels too, as `BCEWithLogitsLoss` takes it.
    """
    if codes.ndim == 2:
        return float(np.mean([_entropy(np.array([have, 1 - have])) for have in codes.mean(axis=0)]))
    return _entropy(np.bincount(codes, minlength=n_classes) / len(codes))


def _entropy(share: NDArray[np.float64]) -> float:
    present = share[share > 0]
    return float(-(present * np.log(present)).sum())

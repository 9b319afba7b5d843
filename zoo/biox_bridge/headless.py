"""Where a bridge lies, chosen without a task head: by what features are like, and nothing that was ever labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.biox_bridge.positions import Positions, first_best
from zoo.biox_bridge.similarity import linear_cka

Codes = NDArray[np.intp]
ROUNDING = 1e-9
"""Of the largest number: changes below it are none."""


def choose_headless(new: Sequence[Tensor], old: Sequence[Tensor], last: Tensor, person: Codes) -> Positions:
    """Choose where the bridge begins, then where it leads to, by linear CKA alone.

    It begins where the new model's features are most like the old model's last ones, which is all that a head would
    see, and leads to where the old model's features are most like those there. Of equals the first is taken. Each
    person's mean is taken away first, so that to know a person by both sensors is no likeness.

    Parameters
    ----------
    new : sequence of Tensor, shape (windows, width of each)
        Pooled features of the new model after 1, 2, ... blocks.
    old : sequence of Tensor, shape (windows, width of each)
        Pooled features that enter block 0, 1, ... of the old model.
    last : Tensor, shape (windows, width)
        Pooled features after the old model's last block.
    person : array of int, shape (windows,)

    Source: ours. BioX-Bridge (arXiv 2510.02276) names a task-agnostic choice as future work; its second stage is kept.
    """
    here = [_within(each, person) for each in new]
    there = [_within(each, person) for each in old]
    goal = _within(last, person)
    likeness = [linear_cka(each, goal) for each in here]
    alike = [[linear_cka(mine, theirs) for theirs in there] for mine in here]
    notes = ["Positions were chosen by likeness of features within persons (CKA): no head of the old model was asked."]
    begin = first_best(likeness)
    if begin is None:
        notes.append("Features do not change within persons: the bridge begins at the end.")
        begin = len(new) - 1
    end = first_best(alike[begin])
    return Positions(begin + 1, 0 if end is None else end, likeness, alike, tuple(notes))


def _within(features: Tensor, person: Codes) -> Tensor:
    """Features less the mean of their person's windows."""
    at = torch.from_numpy(np.unique(person, return_inverse=True)[1])
    count = torch.bincount(at).double()[:, None]
    total = torch.zeros(len(count), features.shape[1], dtype=torch.float64).index_add_(0, at, features.double())
    found = features.double() - (total / count)[at]
    # What is left of equal numbers by rounding is no change.
    return torch.where(found.abs() > ROUNDING * features.abs().max(), found, 0.0)

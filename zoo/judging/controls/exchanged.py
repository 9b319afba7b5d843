"""What a result must be seen beside: guessing the majority, and the same training on permuted labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zoo.training.folds import Fold, Rows

Codes = NDArray[np.intp]

PERMUTED = "Control `permuted`:"
"""What a note of this control begins with."""


@dataclass(frozen=True)
class Permutation:
    """How the labels of a manifest are exchanged among each other, so that nothing but the label's meaning is lost."""

    unit: str
    """``recording`` where every recording has one label, else ``window``: what carries a label as a whole."""
    within: str
    """``person`` where persons have several labels, so that each keeps its own mixture; else ``all``."""

    def __str__(self) -> str:
        return f"labels of {self.unit}s exchanged {'within each person' if self.within == 'person' else 'at random'}"


def permutation_of(codes: Codes, recording: Codes, person: Codes) -> Permutation:
    """The permutation that fits how labels lie over recordings and persons."""
    return Permutation(
        unit="recording" if one_label_each(codes, recording) else "window",
        within="all" if one_label_each(codes, person) else "person",
    )


def one_label_each(codes: Codes, group: Codes) -> bool:
    """Whether no group has windows of two labels, or of two lists of labels."""
    pairs = np.unique(np.concatenate([group[None], codes.reshape(len(codes), -1).T]), axis=1)
    return bool(pairs.shape[1] == len(np.unique(group)))


def permuted(how: Permutation, codes: Codes, recording: Codes, person: Codes, fold: Fold, seed: int) -> Codes:
    """Codes with those of the fold's training and validation rows permuted; held-out rows keep theirs.

    Parameters
    ----------
    codes : array of int, shape (rows of the manifest,) or (rows of the manifest, labels)
        A list of labels is exchanged as a whole.
    recording, person : array of int, shape (rows of the manifest,)
    """
    out = codes.copy()
    for number, rows in enumerate((fold.train, fold.val)):
        rng = np.random.default_rng([seed, number])
        out[rows] = _exchange(how, codes[rows], recording[rows], person[rows], rng)
    return out


def majority(codes: Codes, train: Rows, n_classes: int, n_test: int) -> NDArray[np.float64]:
    """The training rows' shares of classes, or labels, for every held-out window, shape (n_test, classes)."""
    if codes.ndim == 2:
        return np.tile(codes[train].mean(axis=0), (n_test, 1))
    share = np.bincount(codes[train], minlength=n_classes) / len(train)
    return np.tile(share, (n_test, 1))


def train_mean(numbers: NDArray[np.float64], train: Rows, n_test: int) -> NDArray[np.float64]:
    """The training rows' mean for every held-out window, as prediction and as what it is held against."""
    return np.full((n_test, 2), numbers[train].mean())


def _exchange(how: Permutation, codes: Codes, recording: Codes, person: Codes, rng: np.random.Generator) -> Codes:
    unit = recording if how.unit == "recording" else np.arange(len(codes))
    _, first, member = np.unique(unit, return_index=True, return_inverse=True)
    label = codes[first]
    owner = person[first] if how.within == "person" else np.zeros(len(first), dtype=np.intp)
    places = np.argsort(owner, kind="stable")
    drawn = np.lexsort((rng.random(len(owner)), owner))
    label[places] = label[drawn]
    return np.asarray(label[member])

"""Where a bridge begins in the new model and leads to in the old one, chosen without a label of the pairs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.biox_bridge.similarity import linear_cka
from zoo.models.staged import Inputs, Staged

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Judged = Literal["pooled", "mean-of-folds"]
"""How the probe's held-out guesses are judged."""
CONSTANT = 0.95
"""Share of windows with one answer from which on there is next to nothing to probe for."""


@dataclass(frozen=True)
class Positions:
    """Where a bridge begins and ends, and why."""

    new: int
    """Blocks of the new model that are run."""
    old: int
    """Block of the old model that the bridge leads into."""
    probes: list[float]
    """Macro F1 of the probe after 1, 2, ... blocks of the new model; NaN where none could be fitted. Without a head
    the likeness to the old model's last features."""
    alike: list[list[float]]
    """Similarity of what has passed 1, 2, ... blocks of the new model (rows) to what enters block 0, 1, ... of the old
    one; NaN where one of them is constant."""
    notes: tuple[str, ...] = ()


def choose(
    new: Sequence[Tensor],
    old: Sequence[Tensor],
    answers: Codes,
    person: Codes,
    folds: int = 5,
    seed: int = 0,
    judged: Judged = "pooled",
) -> Positions:
    """Choose where the bridge begins, then where it leads to.

    It begins where a probe tells the old model's answers best, and leads to where the old model's features are most
    like those there. Of equals the first is taken.

    Parameters
    ----------
    new : sequence of Tensor, shape (windows, width of each)
        Pooled features of the new model after 1, 2, ... blocks.
    old : sequence of Tensor, shape (windows, width of each)
        Pooled features that enter block 0, 1, ... of the old model.
    answers : array of int, shape (windows,)
        The old model's answers: pseudo-labels. No true label is needed, and none is taken.
    person : array of int, shape (windows,)
        Persons are kept together in the probe's folds, so that it cannot answer by recognising them; the published
        code parts windows.
    folds : int
    seed : int
    judged : {"pooled", "mean-of-folds"}
        See `probe`.

    Source: BioX-Bridge (arXiv 2510.02276), section 3.3; published code, revision 3a84fba: macro F1 of a logistic
    regression, mean over folds. That all held-out guesses are judged at once is ours.
    """
    probes = [probe(each.numpy(), answers, person, folds, seed, judged) for each in new]
    alike = [[linear_cka(here, there) for there in old] for here in new]
    notes = []
    begin = first_best(probes)
    if begin is not None and nearly_constant(answers, person):
        notes.append(
            "The old model answers nearly the same for all pairs, or otherwise for one person alone: the probes hardly "
            "tell where the bridge should begin."
        )
    if begin is None:
        notes.append("The old model answers the same for nearly all pairs: no probe; the bridge begins at the end.")
        begin = len(new) - 1
    end = first_best(alike[begin])
    if end is None:
        notes.append("Features of the new model are constant where the bridge begins; it leads to the first block.")
        end = 0
    return Positions(begin + 1, end, probes, alike, tuple(notes))


def nearly_constant(answers: Codes, person: Codes) -> bool:
    """Whether one answer is that of `CONSTANT` of the windows or more, or any other is one person's alone."""
    told, code = np.unique(answers, return_inverse=True)
    counts = np.bincount(code)
    others = code != counts.argmax()
    return bool(counts.max() >= CONSTANT * len(answers) or (len(told) > 1 and len(np.unique(person[others])) < 2))


def probe(
    features: Floats, answers: Codes, person: Codes, folds: int = 5, seed: int = 0, judged: Judged = "pooled"
) -> float:
    """Macro F1, over held-out persons, of a logistic regression.

    Parameters
    ----------
    features : array, shape (windows, width)
    answers, person : array of int, shape (windows,)
    folds : int
    seed : int
    judged : {"pooled", "mean-of-folds"}
        ``pooled``: one macro F1 over all held-out windows. ``mean-of-folds``: the mean of one a fold, as published.
        Where a fold of persons has one answer that one is 1.0 for whoever always says it, and all blocks are alike.

    Returns
    -------
    float
        NaN where answers or persons are too few.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = min(folds, len(np.unique(person)))
    if folds < 2 or len(np.unique(answers)) < 2:
        return float("nan")
    guesses = np.empty_like(answers)
    held = []
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # a class in fewer persons than folds
        simplefilter("ignore", ConvergenceWarning)
        parted = list(StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(features, answers, person))
        for train, test in parted:
            if len(np.unique(answers[train])) < 2:
                guesses[test] = answers[train[0]]  # who has learnt one answer can only say that one
                continue
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=0))
            guesses[test] = model.fit(features[train], answers[train]).predict(features[test])
            held.append(test)
    if not held:
        return float("nan")
    parts = held if judged == "mean-of-folds" else [np.arange(len(answers))]
    found = [f1_score(answers[part], guesses[part], average="macro", zero_division=0.0) for part in parts]
    return float(np.mean(found))


@dataclass(frozen=True)
class Times:
    """Milliseconds a window, by how many blocks are run: without a bridge, which is a few products."""

    front: list[float]
    """Of the new model as far as after 1, 2, ... blocks."""
    tail: list[float]
    """Of the old model from block 0, 1, ... to its answer."""


@torch.inference_mode()
def inference_times(new: Staged, new_inputs: Inputs, old: Staged, old_inputs: Inputs, rounds: int = 3) -> Times:
    """Time both models by position, on some windows at once; medians over rounds, by processor time."""
    windows = len(next(iter(new_inputs.values())))
    fronts, tails = [], []
    for _ in range(rounds):
        fronts.append(np.cumsum(_each(new, new_inputs)[:-1])[1:])
        each = _each(old, old_inputs)[1:]
        tails.append(np.cumsum(each[::-1])[::-1][:-1])
    return Times(*([1e3 * median(col) / windows for col in np.transpose(found)] for found in (fronts, tails)))


def _each(chain: Staged, inputs: Inputs) -> list[float]:
    """Seconds of the embedding, of each block, and of the head."""
    marks = [time.process_time()]
    state = chain.embed(inputs)
    marks.append(time.process_time())
    for at in range(chain.depth):
        state = chain.block(at, state)
        marks.append(time.process_time())
    chain.head(state)
    marks.append(time.process_time())
    return list(np.diff(marks))


def first_best(scores: Sequence[float]) -> int | None:
    """Place of the greatest score that is a number, the first of equals; None where none is."""
    known = [score for score in scores if np.isfinite(score)]
    return list(scores).index(max(known)) if known else None

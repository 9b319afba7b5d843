"""Who trains, who validates, who is held out: persons, never windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ManifestError, UsageError

if TYPE_CHECKING:
    import polars as pl

Rows = NDArray[np.intp]
HOLD_OUT = ("train", "val", "test")
PAIR = "pair"
"""Split of what a bridge learns from: nothing else is trained or stopped on it, or on `val` beside it."""
NUMBERED = re.compile(r"(?:fold)?\d+")


@dataclass(frozen=True)
class Fold:
    """Rows of a manifest that a model is fitted on, stopped on and judged on."""

    name: str
    """``holdout``, or the fold that is held out."""
    train: Rows
    val: Rows
    """For early stopping only; may be empty."""
    test: Rows


def folds_of(
    rows: pl.DataFrame, val_share: float = 0.2, seed: int = 0, only: Sequence[str] | None = None, apart: bool = True
) -> list[Fold]:
    """Folds of a manifest, from its `split` column.

    With ``train``/``val``/``test`` there is one fold; where there is ``pair`` too, ``val`` is left to bridges. With
    ``fold0``, ``fold1``, ... each is held out in turn. Where a fold
    has no persons of its own to validate on, a share of the training persons is set aside, chosen by the seed.

    Parameters
    ----------
    rows : DataFrame with ``person`` and ``split``
    val_share : float
        Share of training persons set aside for validation.
    seed : int
    only : sequence of str, optional
        Hold out only these folds: ``fold2``, or ``2``.
    apart : bool
        Whether a person on two sides is refused.

    Raises
    ------
    ManifestError
        Splits that are neither scheme, a person on both sides, or nothing to train or test on.
    """
    split = rows["split"].to_numpy()
    person = rows["person"].to_numpy()
    names = sorted(set(split.tolist()), key=lambda name: (len(name), name))
    if has_folds(rows):
        wanted = _wanted(names, only)
        folds = [Fold(name, np.flatnonzero(split != name), _none(), np.flatnonzero(split == name)) for name in wanted]
    elif set(names) <= {*HOLD_OUT, PAIR}:
        if only:
            mend = "Leave out --folds and --fold, or build a manifest with split method kfold."
            raise UsageError("the manifest has no folds: it is split into train, val and test.", mend=mend)
        train, val, test = (np.flatnonzero(split == name) for name in HOLD_OUT)
        # A bridge's own validation windows may be known to no old model.
        val = _none() if PAIR in names else val
        folds = [Fold("holdout", train, val, test)]
    else:
        known = "fold0, fold1, ..., or train, val and test"
        raise ManifestError(f"its splits are {', '.join(names)}; training needs {known}.", where="split")
    folds = [_filled(_with_validation(fold, person, val_share, seed)) for fold in folds]
    return [_apart(fold, person) for fold in folds] if apart else folds


def has_folds(rows: pl.DataFrame) -> bool:
    """Whether the splits of a manifest are numbered folds."""
    return all(NUMBERED.fullmatch(str(name)) for name in rows["split"].unique())


def _wanted(names: Sequence[str], only: Sequence[str] | None) -> list[str]:
    chosen = {f"fold{name}" if name.isdecimal() and name not in names else name for name in only or ()}
    unknown = sorted(chosen - set(names))
    if unknown:
        raise UsageError(
            f"there is no fold {', '.join(unknown)}.", mend=f"The manifest's folds are {', '.join(names)}."
        )
    if len(names) < 2:
        raise ManifestError("it has one fold, so that nothing is left to train on.", where="split")
    return [name for name in names if not chosen or name in chosen]


def _with_validation(fold: Fold, person: NDArray[np.object_], share: float, seed: int) -> Fold:
    """Set training persons aside, unless the manifest did; at least three must remain."""
    persons = np.unique(person[fold.train])
    aside = round(share * len(persons))
    if len(fold.val) or aside < 1 or len(persons) - aside < 3:
        return fold
    chosen = np.random.default_rng([seed, len(persons)]).permutation(persons)[:aside]
    held = np.isin(person[fold.train], chosen)
    return Fold(fold.name, fold.train[~held], fold.train[held], fold.test)


def _filled(fold: Fold) -> Fold:
    for name, part in (("train", fold.train), ("test", fold.test)):
        if not len(part):
            mend = "Check `split` in the manifest's definition."
            raise ManifestError(f"no window is left to {name} on.", where=f"fold {fold.name}", mend=mend)
    return fold


def _apart(fold: Fold, person: NDArray[np.object_]) -> Fold:
    parts = {"train": fold.train, "val": fold.val, "test": fold.test}
    held = {name: set(person[part].tolist()) for name, part in parts.items()}
    for a, b in (("train", "test"), ("train", "val"), ("val", "test")):
        if both := sorted(held[a] & held[b]):
            raise ManifestError(
                f"{len(both)} persons, such as {both[0]}, are in {a} and in {b}.",
                where=f"fold {fold.name}",
                mend="Split by person: what a model knows of a person must not help to judge it.",
            )
    return fold


def _none() -> Rows:
    return np.empty(0, dtype=np.intp)

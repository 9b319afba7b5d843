"""Which split each window is in."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from biocurate.curate.splits.balanced import place_balanced
from biocurate.curate.splits.blocks import time_blocks
from biocurate.curate.splits.by_window import window_by_window
from biocurate.curate.splits.persons import folds, split_by_person
from biocurate.curate.splits.predefined import predefined
from biocurate.curate.splits.rule import (
    BalancedSplit,
    FoldSplit,
    HashSplit,
    LeaveOneOut,
    PredefinedSplit,
    SplitRule,
    TimeSplit,
    WindowSplit,
)
from biocurate.errors import ManifestError
from biocurate.store.manifests import fold_name

Placed = Mapping[str, str]


def split_windows(rows: pl.DataFrame, rule: SplitRule, placed: Placed) -> tuple[pl.Series, tuple[str, ...]]:
    """Place windows.

    Parameters
    ----------
    rows : DataFrame
        Windows: person, recording_id, t0_ns, duration_ns, label and label columns.
    rule : SplitRule
    placed : mapping of str to str
        Split of the persons that were placed before; only the method ``balanced`` looks at it.

    Returns
    -------
    split : Series of str, one a window; null where a window is left out
    names : tuple of str
        Names of the splits, in order.

    Raises
    ------
    ManifestError
        Where a split stays empty, or the rows are not such as the method needs.
    """
    if isinstance(rule, PredefinedSplit):
        return predefined(rows, rule), tuple(dict.fromkeys([*rule.map.values(), *([rule.rest] if rule.rest else [])]))
    if isinstance(rule, TimeSplit):
        return time_blocks(rows, rule), tuple(rule.fractions)
    if isinstance(rule, WindowSplit):
        return window_by_window(rows, rule), tuple(rule.fractions)
    by_person, names = _persons(rows, rule, placed)
    return rows["person"].replace_strict(by_person, return_dtype=pl.String), names


def _persons(
    rows: pl.DataFrame, rule: HashSplit | BalancedSplit | FoldSplit | LeaveOneOut, placed: Placed
) -> tuple[dict[str, str], tuple[str, ...]]:
    persons = rows["person"].unique()
    if isinstance(rule, HashSplit):
        return split_by_person(persons, rule.fractions, rule.seed), tuple(rule.fractions)
    if isinstance(rule, BalancedSplit):
        dealt_out = place_balanced(rows, rule.fractions, rule.seed, placed)
        _refuse_empty(rule, dealt_out)
        return dealt_out, tuple(rule.fractions)
    k = rule.folds if isinstance(rule, FoldSplit) else len(persons)
    dealt = folds(persons, k, rule.seed if isinstance(rule, FoldSplit) else 0)
    return {person: fold_name(fold) for person, fold in dealt.items()}, tuple(map(fold_name, range(k)))


def _refuse_empty(rule: BalancedSplit, placed: Placed) -> None:
    missing = [name for name in rule.fractions if name not in placed.values()]
    if missing:
        raise ManifestError(
            f"{len(placed)} persons leave {' and '.join(missing)} empty.",
            where="split",
            mend="Take other fractions or fewer splits, or `method: kfold`, which deals persons out evenly.",
        )

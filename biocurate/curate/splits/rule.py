"""How a split is asked for: the YAML of a manifest's split, validated.

```yaml
split: {method: hash, seed: 0, fractions: {train: 0.7, val: 0.15, test: 0.15}}
split: {method: balanced, fractions: {train: 0.8, test: 0.2}}        # by windows and labels; placed persons stay
split: {method: kfold, folds: 5}
split: {method: leave-one-subject-out}
split: {method: predefined, column: fold, map: {'9': val, '10': test}, rest: train}
split: {method: time, fractions: {train: 0.8, test: 0.2}, guard: 60s}      # within recordings: not by person
split: {method: random-windows, fractions: {train: 0.8, test: 0.2}}    # leaks: only to repeat a paper that did so
```
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from biocurate.curate.fields import Nanoseconds, Part, Text

Fractions = Annotated[dict[str, float], Field(min_length=1)]
"""Share of each split, in order; together 1."""

USUAL = {"train": 0.7, "val": 0.15, "test": 0.15}


class HashSplit(Part):
    """Each person is placed by a hash: stable when the store grows, not balanced."""

    method: Literal["hash"] = "hash"
    seed: int = 0
    fractions: Fractions = USUAL


class BalancedSplit(Part):
    """Persons are placed one by one where windows and labels are most wanting; who is placed stays."""

    method: Literal["balanced"]
    seed: int = 0
    fractions: Fractions = USUAL


class FoldSplit(Part):
    """Persons are dealt into folds of equal size."""

    method: Literal["kfold"]
    seed: int = 0
    folds: int = Field(default=5, ge=2)


class LeaveOneOut(Part):
    """Every person is a fold."""

    method: Literal["leave-one-subject-out"]


class PredefinedSplit(Part):
    """As the corpus' authors split it: a label column says where a window goes."""

    method: Literal["predefined"]
    column: str
    map: dict[Text, str] = Field(min_length=1)
    """Split of each value."""
    rest: str | None = None
    """Split of every other value; windows with one are left out where this is."""


class TimeSplit(Part):
    """Each recording is cut into blocks of time. Persons are on several sides: no test of new persons."""

    method: Literal["time"]
    fractions: Fractions = USUAL
    guard: Nanoseconds
    """Between two blocks; windows that reach into it are left out. Of windows of a view no shorter than its
    filters settle, from both sides: a build refuses it."""


class WindowSplit(Part):
    """Windows are placed one by one, whosever they are: persons and overlapping windows are on several sides."""

    method: Literal["random-windows"]
    seed: int = 0
    fractions: Fractions = USUAL


SplitRule = HashSplit | BalancedSplit | FoldSplit | LeaveOneOut | PredefinedSplit | TimeSplit | WindowSplit

"""How a split is asked for: the YAML of a manifest's split, validated."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biocurate.curate.fields import Part


class HashSplit(Part):
    """Each person is placed by a hash: stable when the store grows, not balanced."""

    method: Literal["hash"] = "hash"
    seed: int = 0
    fractions: dict[str, float] = Field(default={"train": 0.7, "val": 0.15, "test": 0.15}, min_length=1)


class FoldSplit(Part):
    """Persons are dealt into folds of equal size."""

    method: Literal["kfold"]
    seed: int = 0
    folds: int = Field(default=5, ge=2)

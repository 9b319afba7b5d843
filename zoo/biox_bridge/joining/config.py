"""How bridges are joined: every choice, validated."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import PositiveFloat, PositiveInt

from zoo.models.registry import Options
from zoo.runs.config import Evaluation, sort_settings


class JoinOptions(Options):
    """How a gate is trained."""

    lr: PositiveFloat = 3e-2
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 16


def join_settings(pairs: Sequence[str]) -> tuple[JoinOptions, Evaluation]:
    """Sort `key=value` pairs into the gate's options and evaluation.

    Raises
    ------
    UsageError
        Where a pair is no pair.
    ModelError
        Where no option has the key, or it cannot have the value.
    """
    kinds: dict[str, type[Options]] = {"join": JoinOptions, "evaluation": Evaluation}
    found = sort_settings(kinds, pairs, "join", {"evaluation": {"permutations": 0}})
    return found["join"], found["evaluation"]

"""How bridges are joined: every choice, validated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import PositiveFloat, PositiveInt

from biocurate.errors import ModelError
from zoo.models.registry import Options, validated
from zoo.runs.config import Evaluation, setting


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
    kinds: tuple[type[Options], ...] = (JoinOptions, Evaluation)
    given: tuple[dict[str, Any], ...] = ({}, {"permutations": 0})
    for pair in pairs:
        key, value = setting(pair)
        at = next((at for at, kind in enumerate(kinds) if key in kind.model_fields), None)
        if at is None:
            known = ", ".join(name for kind in kinds for name in kind.model_fields)
            raise ModelError(f"there is no option {key!r}.", where="join", mend=f"There are {known}.")
        given[at][key] = value
    return validated(JoinOptions, given[0], "join"), validated(Evaluation, given[1], "join")

"""A pre-training's choices from a YAML file and from the command line, validated as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from biocurate.errors import UsageError
from zoo.models.registry import Options, model_config, validated
from zoo.pretraining.config import PretrainConfig, Pretraining
from zoo.pretraining.masked.config import MaskedConfig, MaskedPretraining
from zoo.runs.config import settings

OBJECTIVES: dict[str, tuple[type[Options], type[Pretraining]]] = {
    "tasks": (PretrainConfig, Pretraining),
    "masked": (MaskedConfig, MaskedPretraining),
}
"""By name: all choices, and those of the training."""


def pretrain_config(
    choices: Mapping[str, Any], model: str | None, pairs: Sequence[str], where: str
) -> PretrainConfig | MaskedConfig:
    """Join a file's choices with what is given by name.

    Parameters
    ----------
    choices : mapping
        Of `zoo.runs.run_file.read_choices`; its ``objective`` is ``tasks`` where it says none.
    model : str or None
        Comes before the file's.
    pairs : sequence of str
        ``key=value`` of the model's options or of the training's.
    where : str
        What an error is of.

    Raises
    ------
    UsageError, ModelError
        Where a choice is unknown, lacking or cannot be.
    """
    joined = {name: value for name, value in choices.items() if name not in ("manifest_hash", "manifests")}
    joined |= {} if model is None else {"model": model}
    if not joined.get("model"):
        mend = "Name one, such as tiny-biomoe for tasks or panluna for hidden patches."
        raise UsageError("no model is chosen.", where=where, mend=mend)
    objective = joined.pop("objective", "tasks")
    if objective not in OBJECTIVES:
        raise UsageError(f"there is no objective {objective!r}.", where=where, mend=f"One of {', '.join(OBJECTIVES)}.")
    kind, training = OBJECTIVES[objective]
    known = model_config(joined["model"])
    _alone(joined.get("pretraining") or {}, pairs, where)
    own = [pair for pair in pairs if pair.partition("=")[0] in training.model_fields]
    parsed = {pair.partition("=")[0]: _value(pair.partition("=")[2]) for pair in own}
    options = settings(known, [pair for pair in pairs if pair not in own], {"options": joined.get("options")})[
        "options"
    ]
    trained = {**(joined.get("pretraining") or {}), **parsed}
    found: PretrainConfig | MaskedConfig = validated(
        kind, {**joined, "options": options.model_dump(), "pretraining": trained}, where
    )
    return found


def _alone(training: Mapping[str, Any], pairs: Sequence[str], where: str) -> None:
    """Refuse what is an option of `finetune`, and so is asked for here."""
    asked = {*training, *(pair.partition("=")[0] for pair in pairs)}
    if several := [name for name in ("devices", "nodes") if name in asked]:
        mend = "Leave it out; --set device=cuda is one accelerator. `zoo finetune` trains on several."
        raise UsageError(f"pre-training runs in one process: it has no {', '.join(several)}.", where=where, mend=mend)


def _value(text: str) -> Any:  # noqa: ANN401
    """A number or a list where it is one; pydantic tells what it cannot be."""
    try:
        return float(text) if any(sign in text for sign in ".e") else int(text)
    except ValueError:
        return yaml.safe_load(text) if text.startswith("[") else text

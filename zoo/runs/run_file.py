"""A run's choices from a YAML file and from the command line, validated as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from biocurate.errors import ModelError, UsageError
from zoo.models.registry import model_config, validated
from zoo.runs.config import RunConfig, settings
from zoo.runs.folder import read_config

RECORDED = ("manifest_hash", "snapshot_id", "store_id", "at", "normalisation", "data_terms")
"""What the ``config.yaml`` of a run holds beside its choices, so that it can be given as it is."""


def read_choices(path: Path) -> dict[str, Any]:
    """Read a file of choices, or the ``config.yaml`` of a run.

    Returns
    -------
    dict
        Fields of `RunConfig`, not yet validated, and ``manifest_hash`` where the file is of a run.

    Raises
    ------
    UsageError
        Where there is no file, or it holds no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the file cannot be read.", where=str(path), mend="Name a YAML file.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"it is no YAML: {error}.", where=str(path)) from error
    if not isinstance(content, dict):
        mend = f"It has lines such as `model: image-cnn`; its keys are {', '.join(RunConfig.model_fields)}."
        raise UsageError("it holds no choices.", where=str(path), mend=mend)
    return {str(key): value for key, value in content.items() if key == "manifest_hash" or key not in RECORDED}


def config_of(run: Path) -> RunConfig:
    """The choices of a run; ModelError where there is none, or its file tells others than there are."""
    stored = read_config(run)
    own = {name: stored[name] for name in RunConfig.model_fields if name in stored}
    config: RunConfig = validated(RunConfig, own, str(run / "config.yaml"))
    return config


def run_config(
    choices: Mapping[str, Any], given: Mapping[str, Any], pairs: Sequence[str], where: str = "config"
) -> RunConfig:
    """Join choices: what is given by name comes before the file's, and `key=value` pairs come before both.

    Parameters
    ----------
    choices : mapping
        Of `read_choices`, or empty.
    given : mapping
        Fields of `RunConfig`; None is not given.
    pairs : sequence of str
        As of `zoo.runs.config.settings`.
    where : str
        What an error is of.

    Raises
    ------
    UsageError
        Where neither says model and manifest.
    ModelError
        Where a choice is unknown or cannot be.
    """
    named = {name: value for name, value in given.items() if value is not None}
    joined = {name: value for name, value in choices.items() if name != "manifest_hash"} | named
    for name, mend in (("model", "Name a model: biocurate zoo list"), ("manifest", "Name one by --manifest.")):
        if not joined.get(name):
            raise UsageError(f"no {name} is chosen.", where=where, mend=mend)
    parts = settings(model_config(joined["model"]), pairs, joined)
    plain = {name: part.model_dump() for name, part in parts.items()}
    config: RunConfig = validated(RunConfig, {**joined, **plain}, where)
    return config


def check_hash(choices: Mapping[str, Any], config: RunConfig, found: str) -> None:
    """Refuse a store whose manifest is another than the one that a run's file was of.

    Raises
    ------
    ModelError
        With what to do.
    """
    asked = choices.get("manifest_hash")
    if asked is not None and choices.get("manifest") == config.manifest and asked != found:
        mend = "Take the line manifest_hash out of the file to train on what the store has."
        what = f"the run was on {asked[:12]}, the store has {found[:12]}."
        raise ModelError(what, where=f"manifest {config.manifest}", mend=mend)

"""One pre-training: from a choice of data to weights that say whom and what they saw."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import polars as pl
import torch
from torch import nn

from biocurate.curate.leakage.seen import write_seen
from biocurate.engine import Progress, Silent
from zoo.models.registry import create_model
from zoo.pretraining.best import Best
from zoo.pretraining.config import PretrainConfig
from zoo.pretraining.course import Course
from zoo.pretraining.kept import keep
from zoo.pretraining.loop import train
from zoo.pretraining.masked.config import MaskedConfig
from zoo.pretraining.masked.course import Reconstructing, Reconstruction
from zoo.pretraining.multitask import Pretrained, Tasks
from zoo.runs import folder as runs
from zoo.training.gate import passed

if TYPE_CHECKING:
    from biocurate.curate.leakage.check import Leaks
    from biocurate.store.store import Store


@overload
def pretrain(
    store: Store,
    config: PretrainConfig,
    folder: Path,
    force: bool = ...,
    resume: bool = ...,
    progress: Progress = ...,
) -> Pretrained: ...
@overload
def pretrain(
    store: Store,
    config: MaskedConfig,
    folder: Path,
    force: bool = ...,
    resume: bool = ...,
    progress: Progress = ...,
) -> Reconstructing: ...
def pretrain(
    store: Store,
    config: PretrainConfig | MaskedConfig,
    folder: Path,
    force: bool = False,
    resume: bool = False,
    progress: Progress = Silent(),
) -> Pretrained | Reconstructing:
    """Train one network on several tasks or corpora at once; the run's folder appears when all is done.

    Source: tasks are Tiny-BioMoE's idea (arXiv 2507.21875), whose authors tell neither corpora, loss nor schedule; what
    is chosen here is in `zoo.pretraining.config`. Hidden patches are PanLUNA's (arXiv 2604.04297).

    Parameters
    ----------
    store : Store
    config : PretrainConfig or MaskedConfig
    folder : Path
    force : bool
        Replace a run of this name.
    resume : bool
        Go on where a killed run of the same choices stopped, to the same weights.
    progress : Progress, optional
        Is told of images or windows.

    Raises
    ------
    ModelError
        Where the model is of another kind, or there is nothing to train on or to hold out.
    ManifestError
        Where those who are held out share recordings with those who are trained on.
    """
    manifests = {name: store.manifest(name).hash for name in config.manifests}
    source = {"manifests": manifests, "store_id": store.card["store_id"]}
    choices = {**_plain(config), **source}
    with runs.new_run(folder, force, choices, resume) as run:
        torch.manual_seed(config.seed)
        course = _course(store, create_model(config.model, **config.options), config)
        used = pl.concat([source.used for source in course.sources])
        leaks = passed(store, used, "tasks of the pre-training", config.allow_leakage)
        best = Best() if config.pretraining.keep_best else None
        curve = train(course, config.pretraining, run, progress, best)
        about = _about(config, used, leaks, manifests)
        found = keep(course, curve, best, run, about)
        write_seen(run, leaks.content)
        runs.write_config(run, {**choices, "at": store.opened_at})
        runs.write_json(run / "pretraining.json", asdict(found))
        runs.write_json(run / "versions.json", runs.versions())
        pl.DataFrame(curve, infer_schema_length=None).write_csv(run / "losses.csv")
    return found  # type: ignore[no-any-return]


def _course(store: Store, backbone: nn.Module, config: PretrainConfig | MaskedConfig) -> Course:
    if isinstance(config, MaskedConfig):
        return Reconstruction.of(store, backbone, config)
    return Tasks.of(store, backbone, config)


def _plain(config: PretrainConfig | MaskedConfig) -> dict[str, Any]:
    """Choices as plain values; a run that was begun before there was `keep_best` goes on."""
    told = config.model_dump(mode="json")
    if not config.pretraining.keep_best:
        del told["pretraining"]["keep_best"]
    return told


def _about(
    config: PretrainConfig | MaskedConfig,
    used: pl.DataFrame,
    leaks: Leaks,
    manifests: dict[str, str],
) -> dict[str, Any]:
    """What a checkpoint tells of itself; whom its losses were looked at on counts as seen, too."""
    everyone = np.unique(used["person"].to_numpy()).tolist()
    joined = sha256("\n".join(f"{name} {content}" for name, content in sorted(manifests.items())).encode())
    return {
        "model": config.model,
        "options": config.options,
        "manifest": {"name": " + ".join(sorted(manifests)), "hash": joined.hexdigest()},
        "manifests": manifests,
        "persons": everyone,
        "content": sorted(set(leaks.content["digest"])),
        "parents": [],
        "seed": config.seed,
        "fold": None,
        "config": _plain(config),
        "versions": runs.versions(),
    }

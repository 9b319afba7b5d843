"""One pre-training: from tasks to weights that say whom and what they saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch

from biocurate.curate.leakage.seen import write_seen
from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError
from zoo.models.registry import create_model
from zoo.pretraining.config import PretrainConfig
from zoo.pretraining.loop import Curve, train
from zoo.pretraining.network import MultiTask
from zoo.pretraining.tasks import Prepared, hours, persons, prepare
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.training.gate import passed

if TYPE_CHECKING:
    from biocurate.curate.leakage.check import Leaks
    from biocurate.store.store import Store


@dataclass(frozen=True)
class Pretrained:
    """How a pre-training ended."""

    name: str
    """Of the weights: ``demo-<hours>h-<persons>s``."""
    hours: float
    """Of recording that was trained on, each moment counted once."""
    persons: int
    images: int
    """Different images that were trained on."""
    passes: int
    """Images that the steps saw, each as often as it came."""
    tasks: list[dict[str, Any]]
    """Of each task: its sizes, and its losses at the end."""

    @property
    def below(self) -> int:
        """Tasks whose held-out loss is below that of the best constant predictor."""
        return sum(task["val_loss"] < task["constant_loss"] for task in self.tasks)


def pretrain(
    store: Store,
    config: PretrainConfig,
    folder: Path,
    force: bool = False,
    resume: bool = False,
    progress: Progress = Silent(),
) -> Pretrained:
    """Train one network on several tasks at once; the run's folder appears when all is done.

    Source: the idea is Tiny-BioMoE's (arXiv 2507.21875), whose authors tell neither corpora, loss nor schedule; what is
    chosen here is in `zoo.pretraining.config`.

    Parameters
    ----------
    store : Store
    config : PretrainConfig
    folder : Path
    force : bool
        Replace a run of this name.
    resume : bool
        Go on where a killed run of the same choices stopped, to the same weights.
    progress : Progress, optional
        Is told of images.

    Raises
    ------
    ModelError
        Where the model embeds no images, or a task has nothing to train on or to hold out.
    ManifestError
        Where those who are held out share recordings with those who are trained on.
    """
    manifests = {task.manifest: store.manifest(task.manifest).hash for task in config.tasks}
    source = {"manifests": manifests, "store_id": store.card["store_id"]}
    choices = {**config.model_dump(mode="json"), **source}
    with runs.new_run(folder, force, choices, resume) as run:
        torch.manual_seed(config.seed)
        backbone = create_model(config.model, **config.options)
        if not hasattr(backbone, "embed"):
            raise ModelError("it gives no embeddings.", where=config.model, mend="Take a model such as tiny-biomoe.")
        sizes, options = backbone.architecture, config.pretraining
        tasks = prepare(store, config.tasks, options, sizes.image_size, config.seed)
        where = "tasks of the pre-training"
        leaks = passed(store, pl.concat([task.used for task in tasks]), where, config.allow_leakage)
        heads = [task.n_outputs for task in tasks]
        network = MultiTask(backbone, sizes.width, heads, [task.loss for task in tasks])
        curve = train(network, tasks, options, config.seed, run, progress)
        found = _found(tasks, curve, options.steps * options.batch_size)
        about = _about(config, tasks, found, leaks, manifests)
        tensors = {name: each.detach().cpu().numpy() for name, each in backbone.state_dict().items()}
        checkpoint.save(run / f"model-{found.name}.safetensors", tensors, about)
        write_seen(run, leaks.content)
        runs.write_config(run, {**choices, "at": store.opened_at})
        runs.write_json(run / "pretraining.json", asdict(found))
        runs.write_json(run / "versions.json", runs.versions())
        pl.DataFrame(curve.rows, infer_schema_length=None).write_csv(run / "losses.csv")
    return found


def named(length: float, people: int) -> str:
    """Weights by what they saw, so that nobody takes them for those of a paper.

    >>> named(3.26, 12)
    'demo-3.3h-12s'
    """
    return f"demo-{length:.3g}h-{people}s" if length < 1 else f"demo-{length:.1f}h-{people}s"


def _found(tasks: list[Prepared], curve: Curve, passes: int) -> Pretrained:
    length, people = hours(tasks), persons(tasks)
    last = {row["task"]: row for row in curve.rows}
    told = []
    for task in tasks:
        rows = task.used
        sizes = {
            "task": task.name,
            "classes": len(task.task.classes),
            "persons": rows.filter(pl.col("split") == "train")["person"].n_unique(),
            "held_out": rows.filter(pl.col("split") == "val")["person"].n_unique(),
            "images": len(task.train),
            "held_out_images": len(task.val),
        }
        losses = {name: last[task.name][name] for name in ("train_loss", "val_loss", "constant_loss", "weight")}
        told.append({**sizes, **losses})
    images = sum(len(task.train) for task in tasks)
    return Pretrained(named(length, len(people)), length, len(people), images, passes, told)


def _about(
    config: PretrainConfig, tasks: list[Prepared], found: Pretrained, leaks: Leaks, manifests: dict[str, str]
) -> dict[str, Any]:
    """What the checkpoint tells of itself; whom its losses were looked at on counts as seen, too."""
    everyone = np.unique(np.concatenate([task.used["person"].to_numpy() for task in tasks])).tolist()
    joined = sha256("\n".join(f"{name} {content}" for name, content in sorted(manifests.items())).encode())
    return {
        "model": config.model,
        "options": config.options,
        "manifest": {"name": " + ".join(sorted(manifests)), "hash": joined.hexdigest()},
        "manifests": manifests,
        "pretraining": asdict(found),
        "persons": everyone,
        "content": sorted(set(leaks.content["digest"])),
        "parents": [],
        "seed": config.seed,
        "fold": None,
        "config": config.model_dump(mode="json"),
        "versions": runs.versions(),
    }

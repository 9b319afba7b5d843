"""Which model is replayed, with which weights, and on which manifest's windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.errors import ModelError, UsageError
from biocurate.store.signal_reader import view_of
from zoo.data.task import Task
from zoo.models.registry import create_model, list_models, model_config, validated
from zoo.runs import checkpoint
from zoo.runs.config import RunConfig
from zoo.runs.run_file import config_of

if TYPE_CHECKING:
    from biocurate.store.store import Store

RANDOM = "RANDOM weights: latencies are those of the network, answers mean nothing."


@dataclass(frozen=True)
class Chosen:
    """A model that is ready to be loaded for a manifest."""

    name: str
    config: RunConfig
    task: Task
    classes: list[str]
    tensors: Mapping[str, Any]
    about: Mapping[str, Any]
    notes: tuple[str, ...]


def choose(
    store: Store, source: str, recording: str, manifest: str | None = None, images: str | None = None, seed: int = 0
) -> Chosen:
    """Find a run's model that never saw the person of a recording, or make a model with random weights.

    Parameters
    ----------
    store : Store
    source : str
        Folder of a run, or a registered model.
    recording : str
    manifest : str, optional
        Whose windows are answered; the run's own where left out.
    images : str, optional
        Image set, for a model with random weights.
    seed : int
        Of random weights.

    Raises
    ------
    ModelError
        Where there is no such run or model, it has no weights, or windows are of another view than it was trained on.
    UsageError
        Where no manifest is named for a model, or it has no window of the recording.
    """
    if source in list_models():
        return _made(store, source, manifest, images, seed)
    run = Path(source).expanduser()
    config = config_of(run)
    config = config.model_copy(update={"parent": None, "manifest": manifest or config.manifest})
    task = Task.of(store.manifest(config.manifest))
    models = [checkpoint.load(path) for path in sorted(run.glob("model-*.safetensors"))]
    if not models:
        raise ModelError("it holds no checkpoint.", where=str(run), mend="Train it: biocurate zoo finetune.")
    person = persons_of(task, recording)
    unseen = [model for model in models if not person & set(model.about["persons"])]
    notes = () if unseen else ("The model was TRAINED on this person: its answers are no test of it.",)
    model = (unseen or models)[0]
    if (view := view_of(task.rows)) != (trained := model.about.get("view")):
        mend = f"Name a manifest of windows of {trained or 'what was recorded'}."
        raise ModelError(f"these windows are of {view or 'what was recorded'}.", where=str(run), mend=mend)
    said = f"{run.name}, {model.about['fold']}"
    return Chosen(said, config, task, list(model.about["classes"]), model.tensors, model.about, notes)


def persons_of(task: Task, recording: str) -> set[str]:
    """Whose a recording is; UsageError where the manifest has no window of it."""
    found = task.rows.filter(pl.col("recording_id") == recording)["person"]
    if found.is_empty():
        some = ", ".join(task.rows["recording_id"].unique().sort()[:3])
        mend = f"It has, for example, {some}; or name another --manifest."
        raise UsageError(f"the manifest {task.name} has no window of it.", where=recording, mend=mend)
    return set(found)


def _made(store: Store, model: str, manifest: str | None, images: str | None, seed: int) -> Chosen:
    """A network with random weights, to see how fast it is."""
    if model_config(model).spec.input == "features":
        raise ModelError("it has no weights before it is trained.", where=model, mend="Name the folder of a run.")
    if manifest is None:
        raise UsageError("a model has no manifest of its own.", where=model, mend="Name one: --manifest NAME.")
    import torch

    task = Task.of(store.manifest(manifest))
    options = {}
    if "num_classes" in model_config(model).options.model_fields:
        options["num_classes"] = len(task.classes)
    options = validated(model_config(model).options, options, model).model_dump()
    config = RunConfig(model=model, manifest=manifest, images=images, options=options, seed=seed)
    torch.manual_seed(seed)
    network = create_model(model, **options)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    about = {"representations": _kinds(store, images)}
    return Chosen(f"{model}, random", config, task, task.classes, tensors, about, (RANDOM,))


def _kinds(store: Store, images: str | None) -> Sequence[str]:
    if images is None:
        return []
    from biocurate.images.reading.stored import image_rows

    return list(image_rows(store, images).select("representation").unique().collect()["representation"])

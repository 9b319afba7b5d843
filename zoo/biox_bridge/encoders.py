"""The two networks that a bridge joins: an old one that knows the labels, and a new one that sees the other sensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from biocurate.errors import ModelError
from zoo.biox_bridge.source import ImageSource, Source, WindowSource
from zoo.models.registry import create_model, list_models, model_config
from zoo.models.staged import OfSeveral, Staged, staged
from zoo.runs import folder as runs
from zoo.runs.channels import only_of
from zoo.runs.parent import Parent, inherit, load_parent

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task


@dataclass(frozen=True)
class Encoder:
    """A network and what has to be known of it."""

    model: str
    """Its registered name."""
    options: dict[str, Any]
    network: nn.Module
    parent: Parent | None
    """Where its weights are from; None of random ones."""
    notes: tuple[str, ...] = ()

    @property
    def persons(self) -> frozenset[str]:
        """Persons that its weights were trained on."""
        return frozenset(self.parent.persons if self.parent else ())

    @property
    def fold(self) -> str:
        """Of which its weights know nothing."""
        return str(self.parent.checkpoint.about.get("fold", "all")) if self.parent else "random"

    @property
    def chain(self) -> Staged:
        """The network as a chain; of images those of a window side by side."""
        found = staged(self.model, self.network)
        return OfSeveral(found) if model_config(self.model).spec.input == "image" else found

    def again(self, seed: int) -> Encoder:
        """The same network with random weights."""
        torch.manual_seed(seed)
        return Encoder(self.model, self.options, frozen(create_model(self.model, **self.options)), None)


def open_old(run: Path) -> list[Encoder]:
    """Open every model of a run: one a fold.

    Raises
    ------
    ModelError
        Where there is none, it learnt lists of labels, or its family says no blocks.
    """
    files = sorted(run.glob("model-*.safetensors")) if run.is_dir() else [run]
    if not files:
        raise ModelError("it holds no checkpoint.", where=str(run), mend="Name a run of biocurate zoo finetune.")
    found = []
    for file in files:
        parent = load_parent(file)
        about = parent.checkpoint.about
        if about.get("multi_label"):
            raise ModelError("it learnt lists of labels, a bridge needs one a window.", where=parent.name)
        if not about.get("classes"):
            raise ModelError("it knows no labels.", where=parent.name, mend="Name a run of biocurate zoo finetune.")
        network = create_model(about["model"], **about["options"])
        _load(network, parent)
        staged(about["model"], network)
        found.append(Encoder(about["model"], dict(about["options"]), frozen(network), parent))
    return found


def open_new(name: str, options: Mapping[str, Any], num_classes: int, fold: str, seed: int) -> Encoder:
    """Open the new model; its head is for baselines alone and always new.

    Parameters
    ----------
    name : str
        A registered model, a checkpoint, or the folder of a run; of a run with a model a fold, that of `fold`.
    options : mapping
        Of a registered model.
    num_classes : int
    fold : str
        Of the old model.
    seed : int
        Of random weights.

    Raises
    ------
    ModelError
        Where there is no such model, or its family says no blocks.
    """
    torch.manual_seed(seed)
    if name in list_models():
        _check_blocks(name)
        chosen = {**options, "num_classes": num_classes}
        network = create_model(name, **chosen)
        staged(name, network)
        note = f"The new model {name} has random weights (seed {seed})."
        return Encoder(name, chosen, frozen(network), None, (note,))
    path = Path(name)
    if not path.exists():
        mend = f"Name a run's folder, a checkpoint, or one of {_of_blocks()}."
        raise ModelError("there is no model, run or checkpoint of this name.", where=f"--new {name}", mend=mend)
    own = path / f"model-{fold}.safetensors"
    parent = load_parent(own if own.is_file() else path)
    about = parent.checkpoint.about
    chosen = {**about["options"], "num_classes": num_classes}
    network = create_model(about["model"], **chosen)
    notes = inherit(network, parent)
    staged(about["model"], network)
    if about.get("classes"):
        notes.append(f"{parent.name} was trained on labels of {len(parent.persons)} persons: a bridge needs none.")
    return Encoder(about["model"], chosen, frozen(network), parent, tuple(notes))


def _of_blocks() -> str:
    return ", ".join(name for name in list_models() if model_config(name).stages is not None)


def _check_blocks(name: str) -> None:
    if model_config(name).stages is None:
        mend = f"Name one of {_of_blocks()}, or a run of one."
        raise ModelError("it is no network of blocks, between which a bridge could begin.", where=name, mend=mend)


def source_of(encoder: Encoder, store: Store, task: Task, images: str | None, sensors: Sequence[str]) -> Source:
    """What a network sees of a manifest's windows.

    Raises
    ------
    ModelError
        A model of images without a set, or one that takes neither images nor samples.
    """
    known = model_config(encoder.model).spec
    if known.input == "image":
        from zoo.data.images import ImageDataset

        if images is None:
            raise ModelError("it takes images.", where=encoder.model, mend="Name their set: --images, or --old-images.")
        size = int(encoder.options.get("size", model_config(encoder.model).options().model_dump()["size"]))
        return ImageSource(
            ImageDataset(store.url, task.name, None, images, size, list(sensors), store.opened_at), sensors
        )
    if known.input == "window":
        from zoo.data.placed import PlacedRows

        named = list(sensors) or task.rows["sensor_types"].explode().unique().drop_nulls().sort().to_list()
        sizes = encoder.network.architecture
        told = {} if encoder.parent is None else encoder.parent.checkpoint.about.get("config", {})
        chosen = only_of(told.get("channels"), named)
        rows = PlacedRows(store.url, task.rows, named, sizes, chosen, store.opened_at)  # type: ignore[arg-type]
        return WindowSource(rows)
    raise ModelError(f"it takes {known.input}, which no bridge can begin or end in.", where=encoder.model)


def read_by(run: str, images: str | None = None) -> tuple[str | None, Sequence[str]]:
    """Image set and sensor types that a run's models see; another set where one is named."""
    told = runs.read_config(Path(run)) if Path(run).is_dir() else {}
    return images or told.get("images"), told.get("sensors") or ()


def _load(network: nn.Module, parent: Parent) -> None:
    tensors = {name: torch.from_numpy(each.copy()) for name, each in parent.checkpoint.tensors.items()}
    own = network.state_dict()
    if {name: each.shape for name, each in tensors.items()} != {name: each.shape for name, each in own.items()}:
        mend = "Name a run of biocurate zoo finetune whose weights are whole."
        raise ModelError("its weights are not those of its model.", where=parent.name, mend=mend)
    network.load_state_dict(tensors)


def frozen(network: nn.Module) -> nn.Module:
    """A network that nothing trains: in evaluation, without gradients."""
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad = False
        parameter.grad = None
    return network


def digest(network: nn.Module) -> str:
    """sha256 of all its numbers, statistics of norms among them."""
    found = sha256()
    for name, tensor in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def check_unchanged(encoder: Encoder, before: str) -> None:
    """Refuse a result for which a frozen network was changed.

    Raises
    ------
    ModelError
        Where a number of it is another, or it has a gradient.
    """
    touched = [name for name, each in encoder.network.named_parameters() if each.grad is not None]
    if touched or digest(encoder.network) != before:
        raise ModelError("training changed a network that is frozen.", where=encoder.model, mend="Report this fault.")

"""What an experiment is: its data, its models, what a paper published of it; validated.

```yaml
title: Sleep stages of EEG and ECG
paper: https://arxiv.org/abs/2604.04297
corpora: [hmc]
view: panluna
manifest: hmc-stages                    # a shipped definition
change: {windows: {edges: true}}        # what of it is otherwise here
metrics: [balanced_accuracy, kappa]
rows:
  - {name: 'whole, {sensors}', model: panluna, grid: {sensors: [[EEG, ECG], [EEG]]}, training: {lr: 5e-4}}
published:
  - {row: 'whole, EEG', metric: balanced_accuracy, value: 0.7416, source: table of the model's page}
twin: {persons: 8, models: {panluna: test-panluna}, training: {epochs: 1}}
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, PositiveInt, ValidationError

from biocurate.curate.fields import faults_of
from biocurate.errors import ModelError
from zoo.models.registry import Options

Weights = Literal["random", "imported"]


class Published(Options):
    """A figure of the paper."""

    row: str
    """Name of the row of ours that it stands beside; or of a row that is the paper's alone."""
    metric: str
    value: float
    source: str
    """Where it was read, and what has to be known of it."""


class Row(Options):
    """A model that is trained, or several: one for each choice of the grid."""

    name: str
    """With ``{sensors}`` and other names of the grid, which are filled in."""
    model: str
    by: Literal["finetune", "bridge"] = "finetune"
    """The command that trains it."""
    sensors: tuple[str, ...] = ()
    """Sensor types; all of the windows' where left out."""
    images: tuple[str, ...] = ()
    """Representations, for models of images and heads on them; all of the experiment's where left out."""
    weights: Weights | None = None
    """What a head's vectors are made by, or a network of samples starts from: random weights, or those that have to be
    named, imported ones or a pre-training's."""
    old: tuple[str, ...] = ()
    """Of a bridge: sensor types of the model that knows the labels; it is trained first."""
    new: tuple[str, ...] = ()
    """Of a bridge: sensor types that its knowledge is carried over to."""
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    """Fields of the row, or of its options, with the values that they take in turn."""
    options: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    bridge: dict[str, Any] = Field(default_factory=dict)
    """Options of a bridge."""


class Twin(Options):
    """What is smaller where a small twin of the corpus is written in its place."""

    persons: PositiveInt = 8
    change: dict[str, Any] = Field(default_factory=dict)
    """Of the manifest's definition."""
    models: dict[str, str] = Field(default_factory=dict)
    """Small variants by the names of models."""
    images: tuple[str, ...] = ()
    """Representations; all of the experiment's where left out."""
    training: dict[str, Any] = Field(default_factory=dict)
    bridge: dict[str, Any] = Field(default_factory=dict)
    evaluation: dict[str, Any] = Field(default_factory=lambda: {"draws": 50, "permutations": 0})


class Experiment(Options):
    """An experiment of a paper."""

    title: str
    paper: str
    corpora: tuple[str, ...] = Field(min_length=1)
    """Recipes."""
    view: str | None = None
    """A shipped view that windows are of; as recorded where left out."""
    manifest: str
    """A shipped definition."""
    change: dict[str, Any] = Field(default_factory=dict)
    """What of the definition is otherwise; mappings are joined."""
    images: tuple[str, ...] = ()
    """Representations that are drawn of every sensor type that windows have."""
    embedder: str | None = None
    """Model whose vectors heads are trained on."""
    metrics: tuple[str, ...] = ("balanced_accuracy",)
    seeds: tuple[int, ...] = (0,)
    evaluation: dict[str, Any] = Field(default_factory=dict)
    rows: tuple[Row, ...] = Field(min_length=1)
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = ()
    """What differs from the paper, or is not known of it."""
    twin: Twin = Twin()


def load_experiment(path: Path) -> Experiment:
    """Read an experiment; ModelError where the file is no YAML, or a field is wrong or unknown."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError("the experiment cannot be read.", where=str(path)) from error
    except yaml.YAMLError as error:
        raise ModelError(f"this is no YAML: {' '.join(str(error).split())}.", where=str(path)) from error
    if not isinstance(content, dict):
        raise ModelError("it holds no experiment.", where=str(path), mend="Write `title: …` and what else it needs.")
    try:
        return Experiment.model_validate(content)
    except ValidationError as error:
        raise ModelError(f"the experiment is not valid: {faults_of(error)}.", where=str(path)) from error

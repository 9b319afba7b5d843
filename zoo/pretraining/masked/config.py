"""Every choice of a pre-training by hidden patches."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from biocurate.curate.leakage.kinds import Kind
from zoo.models.registry import Options
from zoo.pretraining.config import Pretraining


class CorpusConfig(Options):
    """One corpus: windows of a manifest, with labels or without."""

    manifest: str
    sensors: tuple[str, ...] = Field(min_length=1)
    """Sensor types; a window may lack some of them."""
    channels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Names by sensor type, as far as a recording has them; all where left out."""
    name: str = ""
    """The manifest's where left out."""

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.manifest


class MaskedPretraining(Pretraining):
    """How hidden patches are learned. Defaults are PanLUNA's and LUNA's but for the steps and the size of a batch.

    Source: published configuration and LUNA's table 5, where betas are told; PanLUNA's code ignores betas and decay.
    """

    lr: float = Field(default=1.25e-4, gt=0)
    warm_up: float = Field(default=10 / 150, ge=0.0, lt=1.0)
    power: float = Field(default=0.7, ge=0.0, le=1.0)
    """A corpus is drawn by its number of windows to this power: 1 by size, 0 all alike."""
    betas: tuple[float, float] = (0.9, 0.98)
    """How long AdamW remembers gradients and their squares."""
    hidden: float = Field(default=0.5, gt=0.0, lt=1.0)
    """Share of each window's patches that is hidden."""
    drop_sensors: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Chance that a sensor type of a window is left out in training; see `zoo.data.thinning.thinned`."""
    drop_channels: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Chance that a channel of a window is left out in training."""
    persons: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the training persons of each corpus that is trained on; fewer are among those of more."""
    fit_windows: PositiveInt = 2000
    """Training windows of a corpus that the autoregressive models are fitted to, at most; evenly spaced."""
    draws: PositiveInt = 2000
    """Draws of persons of the intervals."""


class MaskedConfig(Options):
    """Everything that a pre-training by hidden patches depends on, beside the store."""

    model: str
    objective: Literal["masked"] = "masked"
    corpora: tuple[CorpusConfig, ...] = Field(min_length=1)
    seed: NonNegativeInt = 0
    allow_leakage: tuple[Kind, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    """The model's own."""
    pretraining: MaskedPretraining = MaskedPretraining()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [corpus.called for corpus in self.corpora]
        if len(set(names)) < len(names):
            raise ValueError("give corpora of one manifest a `name` each")
        return self

    @property
    def manifests(self) -> list[str]:
        """What its windows are of."""
        return [corpus.manifest for corpus in self.corpora]

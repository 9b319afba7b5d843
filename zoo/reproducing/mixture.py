"""What a paper's pre-training is: its corpora, each with a view, and what was published of them; validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, PositiveInt, ValidationError

from biocurate.curate.fields import faults_of
from biocurate.errors import ModelError
from zoo.models.registry import Options

SHIPPED = Path(__file__).parent / "mixtures"


class Share(Options):
    """A corpus of a mixture."""

    corpus: str
    """Recipe."""
    view: str
    """A shipped view."""
    sensors: tuple[str, ...] = Field(min_length=1)
    hours: float
    """That the paper trained on."""
    persons: PositiveInt
    source: str
    """Where hours and persons were read."""


class Smaller(Options):
    """What is smaller where small twins of the corpora are written in their place."""

    persons: PositiveInt = 8
    model: str
    pretraining: dict[str, Any] = Field(default_factory=dict)


class Mixture(Options):
    """A pre-training of a paper."""

    title: str
    paper: str
    model: str
    manifest: str
    """A shipped definition, which is built of each corpus by itself."""
    change: dict[str, Any] = Field(default_factory=dict)
    """What of the definition is otherwise; mappings are joined."""
    corpora: tuple[Share, ...] = Field(min_length=1)
    pretraining: dict[str, Any] = Field(default_factory=dict)
    """Of `zoo.pretraining.masked.config.MaskedPretraining`."""
    notes: tuple[str, ...] = ()
    twin: Smaller

    @property
    def names(self) -> tuple[str, ...]:
        """Its corpora."""
        return tuple(share.corpus for share in self.corpora)

    def as_twin(self) -> Mixture:
        """The mixture as it is run on small twins of its corpora."""
        trained = {**self.pretraining, **self.twin.pretraining}
        return self.model_copy(update={"model": self.twin.model, "pretraining": trained})


def mixtures() -> dict[str, Path]:
    """Files by ``<family>/<name>``."""
    return {path.relative_to(SHIPPED).with_suffix("").as_posix(): path for path in sorted(SHIPPED.glob("*/*.yaml"))}


def load_mixture(path: Path) -> Mixture:
    """Read a mixture; ModelError where the file is no YAML, or a field is wrong or unknown."""
    try:
        return Mixture.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError("the mixture cannot be read.", where=str(path)) from error
    except yaml.YAMLError as error:
        raise ModelError(f"this is no YAML: {' '.join(str(error).split())}.", where=str(path)) from error
    except ValidationError as error:
        raise ModelError(f"the mixture is not valid: {faults_of(error)}.", where=str(path)) from error

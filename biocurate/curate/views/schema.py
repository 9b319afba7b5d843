"""What a view is: its YAML, validated.

```yaml
name: eeg-256
title: EEG between 0.1 and 75 Hz at 256 Hz
chains:                                   # one for each sensor type; others have no part in the view
  EEG:
    - {step: band, low_hz: 0.1, high_hz: 75, order: 4}      # order of one pass, forward and backward
    - {step: notch}                                         # at the corpus' declared mains frequency
    - {step: resample, rate_hz: 256}
    - {step: normalise, method: zscore, scope: window}
```
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from biocurate.curate.fields import NAME, Part, Sensor, faults_of
from biocurate.curate.views.catalogue import parse_step
from biocurate.curate.views.clip import Clip
from biocurate.curate.views.normalise import TRANSDUCTIVE, Normalise
from biocurate.curate.views.step import Step
from biocurate.errors import ViewError
from biocurate.sensors import SensorType
from biocurate.store.sql import nearest

DEFINITION = 1
"""Raised when blocks, settling or rows come out otherwise: every view is then made again."""

SHIPPED = Path(__file__).parent / "shipped"

AnyStep = Annotated[SerializeAsAny[Step], BeforeValidator(parse_step)]


class View(Part):
    """Streams that are derived from raw ones by a declared chain."""

    name: str = Field(pattern=f"^{NAME}$")
    title: str = ""
    source: str = ""
    """Where the chain comes from: a paper, a standard, someone's code."""
    allow_suspect: bool = False
    """Take streams whose units are in doubt, also where the chain depends on them."""
    chains: dict[Sensor, tuple[AnyStep, ...]] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for sensor, chain in self.chains.items():
            last = next((place for place, step in enumerate(chain) if step.on_read), len(chain))
            if any(not isinstance(step, Clip) for step in chain[last + 1 :]):
                raise ValueError(f"{sensor}: behind `normalise` there is only `clip`, unless its scope is causal")
            if len(chain[last + 1 :]) > 1:
                raise ValueError(f"{sensor}: behind `normalise` there is one `clip`")
        return self

    def canonical(self, sensor: SensorType) -> str:
        """All that decides the samples of a sensor type, as JSON that is the same wherever it means the same."""
        facts = {
            "definition": DEFINITION,
            "chain": [step.facts() for step in self.chains[sensor]],
            "allow_suspect": self.allow_suspect,
        }
        return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def id(self) -> str:
        """Its name, and a hash of what decides the samples of all its sensor types."""
        every = "\n".join(f"{sensor} {self.canonical(sensor)}" for sensor in sorted(self.chains))
        return f"{self.name}-{sha256(every.encode()).hexdigest()[:12]}"

    def transductive(self, sensor: SensorType) -> str | None:
        """The scope of a normalisation that uses other samples of a test subject; results have to say so."""
        scopes = [step.scope for step in self.chains[sensor] if isinstance(step, Normalise)]
        return next((scope for scope in scopes if scope in TRANSDUCTIVE), None)


def shipped() -> dict[str, Path]:
    """Views that come with the program, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def find_view(name: Path | str) -> View:
    """Read a view: a file, or by name one that came with the program.

    Raises
    ------
    ViewError
        Where there is none, or it is not valid.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        return load_view(path)
    known = shipped()
    if path.name not in known:
        mend = f"{nearest(path.name, known)} A file of your own: give its path."
        raise ViewError(f"there is no view {path.name!r}.", mend=mend)
    return load_view(known[path.name])


def load_view(path: Path | str) -> View:
    """Read a view from YAML; ViewError where the file cannot be read, is no YAML, or holds a wrong field."""
    try:
        fields = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ViewError(f"the view cannot be read: {error.strerror}.", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ViewError(f"this is no YAML: {' '.join(str(error).split())}.", where=str(path)) from error
    return parse_view(fields, where=str(path))


def parse_view(fields: Any, where: str = "view") -> View:  # noqa: ANN401
    """Validate a view; ViewError that names every wrong field."""
    try:
        return View.model_validate(fields)
    except ValidationError as error:
        raise ViewError(f"the view is not valid: {faults_of(error)}.", where=where) from error

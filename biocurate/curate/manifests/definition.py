"""What a curated selection is: the YAML of a manifest, validated.

```yaml
name: eegmat-rest-task
title: Rest against mental arithmetic, 10 s windows
windows: {corpora: [eegmat], length: 10s, hop: 10s, require: [EEG, ECG]}    # or {set: w10}, a set that is built
where: "age >= 18"                                        # or `query`: a SELECT that returns window_id
pairs: {sensors: [EEG, ECG], min_rate_hz: 100, max_uncertainty: 20ms}
quality: [{sensor: ECG, measure: ecg_sqi_v1, at_least: 0.8}]    # what is dropped for its quality
label: {column: condition, map: {rest: rest, arithmetic: task}}    # or a number: {column: age, kind: number}
cap: {windows: 100, per: person}                          # at most so many windows of each, a draw by hash
split: {method: hash, seed: 0, fractions: {train: 0.7, val: 0.15, test: 0.15}}
```
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from biocurate.curate.fields import NAME, Part, Text, faults_of
from biocurate.curate.manifests.cap import CapRule
from biocurate.curate.pairs.rule import PairRule
from biocurate.curate.quality.rule import QualityRule
from biocurate.curate.splits.rule import BalancedSplit, HashSplit, PredefinedSplit, SplitRule
from biocurate.curate.windows.rule import WindowRule
from biocurate.errors import ManifestError
from biocurate.store.stale import OWN_SET

NUMBERS_OF_RECORDING = ("age",)
"""Columns of recordings that can be a label of kind number."""


class WindowSet(Part):
    """A window set that is built already."""

    set: str = Field(pattern=f"^{NAME}$")


def _set_or_rule(value: object) -> str:
    """Tell a set's name from a rule, so that a fault is reported of the right one."""
    return "set" if isinstance(value, WindowSet) or (isinstance(value, dict) and "set" in value) else "rule"


class LabelRule(Part):
    """Which column is the label, and what its values are called."""

    column: str
    map: dict[Text, Text] | None = None
    """New name of each value; windows with a value that is not named are left out."""
    keep: tuple[Text, ...] | None = None
    """Only these values, after the mapping."""
    kind: Literal["class", "number"] = "class"
    """Whether values are names, or numbers to be told: regression in place of classification."""

    @model_validator(mode="after")
    def _numbers_are_not_named(self) -> Self:
        if self.kind == "number" and (self.map is not None or self.keep is not None):
            raise ValueError("`map` and `keep` name classes: a label of kind number has neither; select by `where`")
        return self

    @property
    def of_recording(self) -> bool:
        """Whether the value is the recording's own, unless windows have a column of that name."""
        return self.kind == "number" and self.column in NUMBERS_OF_RECORDING

    @property
    def classes(self) -> list[str] | None:
        """The labels in the order that the definition gives them; None where it gives none."""
        if self.keep is not None:
            return list(self.keep)
        return list(dict.fromkeys(self.map.values())) if self.map is not None else None


class Definition(Part):
    """A curated selection."""

    name: str = Field(pattern=f"^{NAME}$")
    title: str = ""
    windows: Annotated[
        Annotated[WindowSet, Tag("set")] | Annotated[WindowRule, Tag("rule")], Discriminator(_set_or_rule)
    ]
    where: str | None = None
    """Condition on columns of the windows and of their recordings."""
    query: str | None = None
    """A SELECT that returns window_id; ``windows`` is the set, every other relation can be joined."""
    pairs: PairRule | None = None
    """Sensor types that have to cover a window at once, and how sure it is that they do."""
    quality: tuple[QualityRule, ...] = ()
    """What the quality of a window has to meet; a set that is named was judged before."""
    label: LabelRule | None = None
    cap: CapRule | None = None
    """How many windows of each person or recording; they are drawn before they are split."""
    split: SplitRule = Field(default=HashSplit(), discriminator="method")

    @model_validator(mode="before")
    @classmethod
    def _method_is_hash(cls, fields: Any) -> Any:  # noqa: ANN401
        # A discriminator needs its field; the method is hash where the definition names none.
        if isinstance(fields, dict) and isinstance(fields.get("split"), dict):
            return {**fields, "split": {"method": "hash", **fields["split"]}}
        return fields

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.where is not None and self.query is not None:
            raise ValueError("`where` and `query` exclude each other: put the condition into the query")
        return self

    @model_validator(mode="after")
    def _numbers_are_not_balanced(self) -> Self:
        if self.label is not None and self.label.kind == "number" and isinstance(self.split, BalancedSplit):
            raise ValueError("split method `balanced` counts labels by name: with a number take `hash` or `kfold`")
        return self

    @property
    def window_set(self) -> str:
        """Name of the window set that it selects from: the one it names, or its own."""
        return self.windows.set if isinstance(self.windows, WindowSet) else f"{OWN_SET}{self.name}"

    @property
    def window_rule(self) -> WindowRule | None:
        """How to cut its own windows, with a column for the label; None where it uses a set."""
        if isinstance(self.windows, WindowSet):
            return None
        wanted = self.windows.labels
        asked = [self.label.column] if self.label is not None and not self.label.of_recording else []
        asked += [self.split.column] if isinstance(self.split, PredefinedSplit) else []
        cut = {each.name for each in self.windows.columns}
        wanted = (*wanted, *(name for name in dict.fromkeys(asked) if name not in cut))
        return self.windows.model_copy(update={"labels": wanted})

    def canonical(self) -> str:
        """The definition as JSON that is the same wherever it means the same.

        Fields that hold their default are left out, so that a field which joins later changes no hash. Fields are
        sorted, but the order of labels and of splits means something, and stays.
        """
        fields = _sorted(self.model_dump(mode="json", exclude_defaults=True))
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _sorted(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _sorted(value) if isinstance(value, dict) and name not in {"map", "fractions"} else value
        for name, value in sorted(fields.items())
    }


def load_definition(path: Path | str) -> Definition:
    """Read a definition from YAML.

    Raises
    ------
    ManifestError
        Where the file cannot be read, is no YAML, or holds a field that is wrong or unknown.
    """
    file = Path(path)
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"the definition cannot be read: {error.strerror}.", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"this is no YAML: {' '.join(str(error).split())}.", where=str(path)) from error
    return parse_definition(fields, where=str(path))


def parse_definition(fields: object, where: str = "definition") -> Definition:
    """Validate a definition; ManifestError that names every wrong field."""
    try:
        return Definition.model_validate(fields)
    except ValidationError as error:
        raise ManifestError(f"the definition is not valid: {faults_of(error)}.", where=where) from error

"""What a report holds, and how it is shown."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from zoo.judging.bootstrap import Estimate


@dataclass(frozen=True)
class Report:
    """How well a model did on persons that it never saw."""

    model: str
    classes: list[str]
    """None where numbers are predicted."""
    windows: int
    recordings: int
    persons: int
    folds: list[str]
    metrics: dict[str, Estimate]
    controls: dict[str, dict[str, Estimate]]
    """By control, then by metric."""
    per_person: list[dict[str, Any]]
    notes: list[str]
    """About the data, from whoever prepared it."""
    cautions: list[str]
    """About the figures, from the predictions themselves."""
    per_label: list[dict[str, Any]] = field(default_factory=list)
    """Where windows have lists of labels: each label's own figures."""
    levels: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """The model's figures of whole recordings and of whole persons."""
    detectable: dict[str, float | None] = field(default_factory=dict)
    """By metric: the smallest difference from a fixed value that so many persons could show."""
    confusion: list[dict[str, Any]] = field(default_factory=list)
    """One row a true class: how many windows were taken for each."""
    reliability: list[dict[str, Any]] = field(default_factory=list)
    """One row a bin of confidence: windows, mean confidence, share that is right."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; what does not exist is null."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    def table(self) -> pl.DataFrame:
        """One row a metric: value, interval, persons, and the controls beside it."""
        rows = []
        for name, found in self.metrics.items():
            row: dict[str, Any] = {"metric": name, "value": _number(found.value), "95 % CI": self._interval(found)}
            row["detectable"] = _rounded(self.detectable.get(name))
            for control, metrics in self.controls.items():
                row[control] = as_text(metrics[name])
            rows.append(row | {"persons": self.persons, "windows": self.windows})
        return pl.DataFrame(rows)

    def levels_table(self) -> pl.DataFrame:
        """One row a metric: the model's figures by window, recording and person."""
        rows = []
        for name, found in self.metrics.items():
            row: dict[str, Any] = {"metric": name, "window": as_text(found)}
            rows.append(row | {level: as_text(metrics[name]) for level, metrics in self.levels.items()})
        return pl.DataFrame(rows)

    def confusion_table(self) -> pl.DataFrame:
        """One row a true class, a column a class that windows were taken for."""
        return pl.DataFrame(self.confusion)

    def labels_table(self) -> pl.DataFrame:
        """One row a label, where windows have lists of them."""
        return pl.DataFrame(self.per_label)

    def persons_table(self) -> pl.DataFrame:
        """One row a person."""
        return pl.DataFrame(self.per_person)

    def _interval(self, found: Estimate) -> str:
        if found.low is None or found.high is None:
            return "-"
        lack = "lack a class" if self.classes else "have no ranks"
        left_out = f", {found.lacking} draws {lack}" if found.lacking else ""
        partial = f", a fold was left out of {found.partial}" if found.partial else ""
        return f"{found.low:.3f} to {found.high:.3f}{left_out}{partial}"


def as_text(found: Estimate) -> str:
    """A figure, and its interval where it has one."""
    value = "-" if math.isnan(found.value) else f"{found.value:.3f}"
    return value if found.low is None or found.low == found.high else f"{value} ({found.low:.3f} to {found.high:.3f})"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else _number(value)


def plain(value: Any) -> Any:  # noqa: ANN401
    """Values that JSON has; what is NaN is None."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value

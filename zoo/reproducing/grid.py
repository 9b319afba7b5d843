"""The trainings of an experiment: each row once for every choice of its grid, and for every seed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Any

from zoo.reproducing.experiment import Experiment, Row

FIELDS = frozenset(Row.model_fields) - {"grid", "options", "training", "bridge", "name"}
"""Names of a grid that are the row's own; others are the model's options."""


@dataclass(frozen=True)
class Training:
    """One model to train."""

    name: str
    """Of its row in the table."""
    row: Row
    """Without a grid."""
    seed: int

    @property
    def folder(self) -> str:
        """Name of its run's folder."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-").lower()
        return f"{plain}-seed{self.seed}"


def trainings(experiment: Experiment) -> list[Training]:
    """Every training of an experiment, row by row."""
    found = []
    for row in experiment.rows:
        for values in product(*row.grid.values()):
            chosen = dict(zip(row.grid, values, strict=True))
            fields = {name: value for name, value in chosen.items() if name in FIELDS}
            options = {**row.options, **{name: value for name, value in chosen.items() if name not in FIELDS}}
            one = Row(**{**row.model_dump(), **fields, "options": options, "grid": {}})
            name = row.name.format(**{key: _said(value) for key, value in chosen.items()})
            found += [Training(name, one, seed) for seed in experiment.seeds]
    return found


def as_twin(experiment: Experiment) -> Experiment:
    """The experiment as it is run on a small twin of its corpus."""
    twin = experiment.twin
    images = twin.images or experiment.images
    rows = []
    for row in experiment.rows:
        grid = {name: _fewer(name, values, images) for name, values in row.grid.items()}
        model = twin.models.get(row.model, row.model)
        smaller = {"training": {**row.training, **twin.training}, "bridge": {**row.bridge, **twin.bridge}}
        rows.append(row.model_copy(update={"model": model, "grid": grid, **smaller}))
    embedder = experiment.embedder and twin.models.get(experiment.embedder, experiment.embedder)
    change = joined(experiment.change, twin.change)
    evaluation = {**experiment.evaluation, **twin.evaluation}
    update = {"rows": tuple(rows), "images": images, "embedder": embedder, "change": change, "evaluation": evaluation}
    return experiment.model_copy(update={**update, "seeds": (0,)})


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Mappings joined key by key; a split is taken as a whole."""
    found = dict(one)
    for name, value in other.items():
        mine = found.get(name)
        whole = name == "split" or not isinstance(mine, dict) or not isinstance(value, dict)
        found[name] = value if whole else joined(mine, value)  # type: ignore[arg-type]
    return found


def _fewer(name: str, values: list[Any], images: tuple[str, ...]) -> list[Any]:
    """Of representations only those that the twin has."""
    return [each for each in values if set(each) <= set(images)] if name == "images" else values


def _said(value: Any) -> str:  # noqa: ANN401
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

"""The experiments at hand: a YAML file each, here and in packages that bring some."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from biocurate.errors import ModelError
from biocurate.store.sql import nearest
from zoo.reproducing.experiment import Experiment, load_experiment

SHIPPED = Path(__file__).parent / "experiments"

GROUP = "biocurate.experiments"
"""Entry points of packages whose folder holds ``<family>/<name>.yaml`` files."""


def experiments() -> dict[str, Path]:
    """Files by ``<family>/<name>``."""
    folders = [SHIPPED]
    for point in entry_points(group=GROUP):
        spec = find_spec(point.value)
        folders += [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in folders
        for path in sorted(folder.glob("*/*.yaml"))
    }


def find_experiment(name: str) -> Experiment:
    """An experiment by its name, or by the path of a YAML file; ModelError where there is none."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return load_experiment(path)
    known = experiments()
    if name not in known:
        mend = f"{nearest(name, list(known))} See: biocurate zoo reproduce --list"
        raise ModelError("there is no experiment of this name.", where=name, mend=mend)
    return load_experiment(known[name])

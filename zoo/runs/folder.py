"""Run folders: everything about a training run, written aside and put in place as a whole.

```
RUN/
  config.yaml           every choice, the manifest's hash and the store's snapshot
  metrics.json          the report
  results.parquet       its figures, one row each
  predictions.parquet   held-out windows: label, prediction, probabilities, fold
  controls.parquet      the same windows by each control
  model-<fold>.safetensors  weights and what is needed to use them
  log/<fold>/metrics.csv    loss by epoch
  subjects.png          each held-out person's figure
  roc.png, confusion.png, reliability.png; of numbers scatter.png
  versions.json         what it was made with
```
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml

from biocurate.errors import ModelError, UsageError
from zoo.runs.under_way import folder_of, is_first_node, tidy

AGAIN = "Copy the run's folder once more from where it was made, or train it again: biocurate zoo finetune … --force."
"""What mends a file of a run that is missing or damaged."""

PACKAGES = ("numpy", "scipy", "polars", "scikit-learn", "torch", "lightning", "safetensors")


@contextmanager
def new_run(
    folder: Path, force: bool = False, choices: Mapping[str, Any] = MappingProxyType({}), resume: bool = False
) -> Iterator[Path]:
    """A folder to write a run into; it appears under its name only when the block ends well.

    Parameters
    ----------
    folder : Path
    force : bool
        Replace a run of this name, or what a killed one left.
    choices : mapping
        All that decides the run, so that a killed one goes on only as what it was.
    resume : bool
        Go on where a killed run of the same choices stopped.

    Raises
    ------
    UsageError
        Where something is there already, unless it is a run and `force` is given; or another process is making it.
    """
    if folder.exists():
        if not force:
            mend = "Choose another --run, or --force to replace it."
            raise UsageError("a run is here already.", where=str(folder), mend=mend)
        if not (folder / "config.yaml").is_file():
            raise UsageError("this is no run; it is not replaced.", where=str(folder), mend="Choose another --run.")
    with folder_of(folder, choices, resume, force) as aside:
        yield aside
        tidy(aside)
        if not is_first_node():
            shutil.rmtree(aside)
            return
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)


def write_config(run: Path, config: Mapping[str, Any]) -> None:
    """Write config.yaml."""
    (run / "config.yaml").write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))


def read_config(run: Path) -> dict[str, Any]:
    """Read config.yaml; ModelError where there is no run, or the file is damaged."""
    file = run / "config.yaml"
    try:
        config = yaml.safe_load(file.read_text())
    except OSError as error:
        mend = "Name the folder that was given as --run to `biocurate zoo finetune`."
        raise ModelError("there is no run here.", where=str(run), mend=mend) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError("it is damaged: this is no YAML.", where=str(file), mend=AGAIN) from error
    if not isinstance(config, dict):
        raise ModelError("it is damaged: it holds no choices.", where=str(file), mend=AGAIN)
    return config


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON for people: indented, and the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote; ModelError where it is missing or damaged."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise ModelError("it is missing or damaged.", where=str(path), mend=AGAIN) from error


def versions() -> dict[str, str]:
    """What the run rests on."""
    from biocurate import __version__

    found = {"biocurate": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_predictions(run: Path, held: pl.DataFrame, controls: Mapping[str, list[pl.DataFrame]]) -> None:
    """Write predictions.parquet and controls.parquet; a control's repeats are numbered."""
    held.write_parquet(run / "predictions.parquet")
    numbered = [
        each.with_columns(control=pl.lit(name), repeat=pl.lit(number))
        for name, repeats in controls.items()
        for number, each in enumerate(repeats)
    ]
    if numbered:
        pl.concat(numbered).write_parquet(run / "controls.parquet")


def read_predictions(run: Path) -> tuple[pl.DataFrame, dict[str, list[pl.DataFrame]]]:
    """Read what `write_predictions` wrote; ModelError where it is missing or damaged."""
    held = _read_table(run / "predictions.parquet")
    controls: dict[str, list[pl.DataFrame]] = {}
    if (run / "controls.parquet").is_file():
        rows = _read_table(run / "controls.parquet")
        for (name, _), part in rows.group_by("control", "repeat", maintain_order=True):
            controls.setdefault(str(name), []).append(part.drop("control", "repeat"))
    return held, controls


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelError("it is missing or damaged.", where=str(path), mend=AGAIN) from error

"""Every smaller form of a run's networks, on the persons that the run held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.errors import ModelError
from zoo.data.task import Task
from zoo.deploying import int8
from zoo.deploying.calibrating import Calibration, spread
from zoo.deploying.fake import packed_mb, rounded
from zoo.deploying.further import further
from zoo.deploying.judged import BOUND, RETAINED, verdict
from zoo.deploying.network import Deployed
from zoo.deploying.onnx_file import traced
from zoo.deploying.running import Running
from zoo.judging.held import held_out
from zoo.learners import prepare
from zoo.learners.on_windows import FittedWindows, WindowLearner
from zoo.runs import checkpoint
from zoo.runs import folder as runs
from zoo.runs.channels import only_of
from zoo.runs.run_file import config_of
from zoo.training.folds import Fold, folds_of

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

    from biocurate.store.store import Store

FLOAT = "float32"

FEW = (4, 2)
"""Bits of weights beside 8."""


@dataclass(frozen=True)
class Asked:
    """How a trial is made."""

    epochs: int = 0
    """Of further training, on grids and in float; 0 tries only what needs no training."""
    windows: int = 128
    """To calibrate by, of the fold's training persons."""
    metric: str = "balanced_accuracy"


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    table: pl.DataFrame
    """A row a form."""
    notes: list[str]


def trial(run: Path, store: Store, asked: Asked = Asked()) -> Trial:
    """Quantise the networks of a run in every way, and hold each against float on the persons held out.

    Parameters
    ----------
    run : Path
        Of a model of windows.
    store : Store
    asked : Asked

    Raises
    ------
    ModelError
        Where the model takes no windows, or the manifest is another by now.
    """
    config = config_of(run)
    task = Task.of(store.manifest(config.manifest))
    if task.hash != (known := runs.read_config(run)["manifest_hash"]):
        raise ModelError(
            f"manifest {task.name} is {task.hash[:12]} by now, not {known[:12]}.",
            where=run.name,
            mend="Name the snapshot that it was trained at: --at.",
        )
    learner = prepare(store, task, config)
    if not isinstance(learner, WindowLearner):
        raise ModelError("only models of windows are tried.", where=config.model, mend="Take panluna.")
    folds = {each.name: each for each in folds_of(task.rows, config.evaluation.val_share, config.seed)}
    held: dict[str, list[pl.DataFrame]] = {}
    sizes: dict[str, float] = {}
    for file in sorted(run.glob("model-*.safetensors")):
        held_by = checkpoint.load(file)
        fold, fitted = folds[held_by.about["fold"]], learner.load(held_by.tensors, held_by.about)
        for form, network, size in _forms(store, learner, fitted, held_by.about, fold, asked):
            found = replace(fitted, network=network).predict(fold.test)
            held.setdefault(form, []).append(held_out(task.rows[fold.test], found, task.classes, fold.name))
            sizes[form] = size
    whole = {form: pl.concat(parts) for form, parts in held.items()}
    rows = [
        {**verdict(form, whole[FLOAT], each, asked.metric, config.seed).row(), "of_float": sizes[form] / sizes[FLOAT]}
        for form, each in whole.items()
    ]
    return Trial(pl.DataFrame(rows).with_columns(pl.selectors.float().round(4)), _notes(asked))


def _forms(
    store: Store, learner: WindowLearner, fitted: FittedWindows, about: dict[str, Any], fold: Fold, asked: Asked
) -> Iterator[tuple[str, nn.Module, float]]:
    """Name, network and megabytes of each form; those of few bits as they would be packed."""
    options = {**learner.config.options, "num_classes": len(learner.task.classes)}
    deployed = Deployed(learner.config.model, options, fitted.network, fold.name, about)
    at = spread(learner.task.rows, fold.train, asked.windows)
    persons = learner.task.rows["person"].gather(at).n_unique()
    channels = only_of(learner.config.channels, fitted.trained_on)
    chosen = Calibration(str(store.url), learner.task.name, at, persons, fitted.trained_on, channels)

    def static(graph: ModelProto) -> tuple[nn.Module, float]:
        model = int8.static(graph, chosen.batches(deployed))
        return Running(model), model.ByteSize() / 1e6

    plain = traced(deployed)
    yield FLOAT, fitted.network, plain.ByteSize() / 1e6
    dynamic = int8.dynamic(plain)
    yield "int8 dynamic", Running(dynamic), dynamic.ByteSize() / 1e6
    yield "int8 static", *static(plain)
    for bits in FEW:
        yield f"int{bits} weights", rounded(fitted.network, bits), packed_mb(fitted.network, bits)
    if not asked.epochs:
        return
    with TemporaryDirectory() as folder:

        def more(bits: int | None) -> nn.Module:
            return further(fitted.network, learner, fold, asked.epochs, bits, Path(folder) / str(bits))

        yield f"float32, {asked.epochs} more epochs", more(None), plain.ByteSize() / 1e6
        yield "int8 static, trained so", *static(traced(replace(deployed, network=more(8))))
        for bits in FEW:
            yield f"int{bits} weights, trained so", more(bits), packed_mb(fitted.network, bits)


def _notes(asked: Asked) -> list[str]:
    notes = [
        f"Differences are from float32, person by person; not inferior: the interval lies above {BOUND:g}. Retained of "
        f"what float has beyond chance: the paper claims {RETAINED:.0%} for 8 bits.",
        f"Scales of activations come from {asked.windows} windows of each fold's training persons.",
        "Weights of 4 and 2 bits are run as float32 numbers on a grid; their size is that of the numbers packed.",
    ]
    if asked.epochs:
        notes.append("What was trained further is to be held against float32 trained for as many epochs more.")
    return notes

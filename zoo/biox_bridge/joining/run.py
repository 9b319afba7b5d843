"""Bridge runs joined: a gate for each role, judged on its held-out persons with all sensors and with fewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from biocurate.curate.leakage.seen import read_seen, write_seen
from biocurate.engine import Progress, Silent
from biocurate.errors import ManifestError, ModelError
from zoo.biox_bridge.baselines import answers_of
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.encoders import Encoder, open_old, read_by, source_of
from zoo.biox_bridge.fitting import Budget
from zoo.biox_bridge.joining.config import JoinOptions
from zoo.biox_bridge.joining.gate import Gate, Heard, alike, learn_gate, mixed
from zoo.biox_bridge.joining.keeping import JOINED, keep
from zoo.biox_bridge.joining.members import Member, bridges_of, hear, members_of
from zoo.biox_bridge.joining.subsets import ALONE, Some, gone, subsets, table_of, where_heard
from zoo.biox_bridge.roles import Roles, leaks_by_design
from zoo.biox_bridge.run import parted_by
from zoo.biox_bridge.source import Rows, Source
from zoo.data.task import Task
from zoo.judging.evaluate import report
from zoo.judging.held import held_out
from zoo.judging.report import Report
from zoo.judging.results import write_results
from zoo.runs import folder as runs
from zoo.runs.config import Evaluation

if TYPE_CHECKING:
    from biocurate.store.store import Store


@dataclass(frozen=True)
class JoinRun:
    """What joined bridges found."""

    report: Report
    """Of all bridges with the gate."""
    subsets: pl.DataFrame
    """One row a set of sensors and way of joining."""
    weights: pl.DataFrame
    """The gate's mean weight on the held-out windows, by role and bridge."""


@dataclass(frozen=True)
class _Role:
    """One role's held-out answers."""

    held: dict[Some, pl.DataFrame]
    old: pl.DataFrame
    weights: list[float]


def join(
    store: Store,
    folders: Sequence[Path],
    folder: Path,
    options: JoinOptions = JoinOptions(),
    evaluation: Evaluation = Evaluation(permutations=0),
    force: bool = False,
    bar: Progress = Silent(),
) -> JoinRun:
    """Join bridges of several new sensors into one old model; nothing but the gate is trained.

    Parameters
    ----------
    store : Store
    folders : sequence of Path
        Runs of `zoo bridge`: of one old model, manifest and seed.
    folder : Path
        The run's folder.
    options : JoinOptions
    evaluation : Evaluation
    force : bool
        Replace a run of this name.
    bar : Progress, optional
        Is told of roles.

    Raises
    ------
    ManifestError
        A role without a window that the old model and a bridge have an input of.
    ModelError
        Runs that cannot be joined, or whose manifest or old model is another by now.
    UsageError
        Fewer than two runs.
    """
    members = members_of(folders)
    first = members[0]
    config = first.config
    task = Task.of(store.manifest(config.manifest))
    if first.stored["manifest_hash"] != task.hash:
        raise ModelError("the manifest has been built anew since.", where=config.manifest, mend="Name it with --at.")
    choices = {
        **{
            name: first.stored[name] for name in ("old", "manifest", "seed", "manifest_hash", "snapshot_id", "store_id")
        },
        "model": JOINED,
        "joined": [str(each.run) for each in members],
        "sensors": sorted({sensor for each in members for sensor in each.config.new_sensors}),
        "join": options.model_dump(mode="json"),
        "evaluation": evaluation.model_dump(mode="json"),
    }
    with runs.new_run(folder, force, choices) as run:
        found = _made(run, store, task, members, options, bar)
        told = _judged(task, members, found, evaluation, config.seed)
        _write(run, choices, members, found, told)
    return told


def _made(
    run: Path, store: Store, task: Task, members: Sequence[Member], options: JoinOptions, bar: Progress
) -> dict[str, _Role]:
    """Every role's gate, and what the joined bridges answer for its held-out windows."""
    config = members[0].config
    olds = open_old(Path(config.old))
    by_window = bool(leaks_by_design(store.manifest(config.manifest)))
    told = [parted_by(task, config, old, by_window) for old in olds]
    bar.start(sum(map(len, told)))
    sources: list[Source] = []
    found = {}
    for old, parted in zip(olds, told, strict=True):
        old_source = source_of(old, store, task, *read_by(config.old, config.old_images))
        for roles in parted:
            bridges = bridges_of(members, roles.name, old)
            sources = sources or [
                source_of(new, store, task, each.config.new_images, each.config.new_sensors)
                for each, (new, _) in zip(members, bridges, strict=True)
            ]
            parts = _heard(task, roles, [bridged for _, bridged in bridges], sources, old, old_source)
            budget = Budget(options.epochs, options.batch_size, options.lr)
            gate, took = learn_gate(parts["pair"][1:], parts["val"][1:], budget, config.seed)
            curve = pl.DataFrame(took.curve, schema=["train_loss", "val_loss"], orient="row").with_row_index("epoch")
            (run / "log" / roles.name).mkdir(parents=True)
            curve.write_csv(run / "log" / roles.name / "gate.csv")
            keep(run / f"model-{roles.name}.safetensors", gate, members, roles.name)
            found[roles.name] = _answered(task, roles, gate, *parts["test"])
            bar.advance(1)
    return found


def _heard(
    task: Task, roles: Roles, bridges: list[Bridged], sources: Sequence[Source], old: Encoder, old_source: Source
) -> dict[str, tuple[Rows, Heard, Tensor]]:
    """Rows, what the bridges answer and what the old model answers, of pair, val and test; labels are not read."""
    heard = np.any([source.has for source in sources], axis=0)
    found = {}
    for name in ("pair", "val", "test"):
        rows = getattr(roles, name)
        # Nothing of the old sensor is needed of those held out.
        rows = rows[heard[rows] & (old_source.has[rows] | (name == "test"))]
        if not len(rows):
            raise ManifestError(f"no window of role {name} can be answered.", where=roles.name)
        known = old_source.has[rows]
        told = torch.full((len(rows), len(task.classes)), torch.nan)
        if known.any():
            told[torch.from_numpy(known)] = answers_of(old, old_source, rows[known])
        found[name] = rows, hear(bridges, sources, rows, len(task.classes)), told
    return found


@torch.inference_mode()
def _answered(task: Task, roles: Roles, gate: Gate, rows: Rows, heard: Heard, old: Tensor) -> _Role:
    count = heard.has.shape[1]
    held = {}
    for some in subsets(count):
        left = heard.without(gone(some, count))
        weights = gate(left) if some.way == "gated" else alike(left)
        # A window that none of the set has an input of has no weights, and is not judged.
        known = where_heard(left.has.numpy(), mixed(left, weights.nan_to_num(0.0)).double().numpy())
        held[some] = held_out(task.rows[rows], known, task.classes, roles.name)
    own = held_out(task.rows[rows], old.double().numpy(), task.classes, roles.name)
    return _Role(held, own, gate(heard).mean(dim=0).tolist())


def _judged(
    task: Task, members: Sequence[Member], found: dict[str, _Role], evaluation: Evaluation, seed: int
) -> JoinRun:
    names = [each.name for each in members]
    every = tuple(range(len(names)))
    held = {some: pl.concat([role.held[some] for role in found.values()]) for some in subsets(len(names))}
    whole, old = held[Some(every, "gated")], pl.concat([role.old for role in found.values()])
    controls = {"mean": held[Some(every, "mean")], "old model, old sensor": old}
    controls |= {f"{names[at]} alone": held[Some((at,), ALONE)] for at in every}
    same = {name: [table] for name, table in controls.items() if table["window_id"].equals(whole["window_id"])}
    weights = pl.DataFrame(
        [{"role": name, **dict(zip(names, role.weights, strict=True))} for name, role in found.items()]
    )
    table = table_of(held, names, task.classes, evaluation.draws, seed)
    notes = _notes(members, weights, [name for name in controls if name not in same])
    judged = report(whole, same, task.classes, JOINED, notes, evaluation.draws, seed)
    return JoinRun(judged, table, weights)


def _notes(members: Sequence[Member], weights: pl.DataFrame, lacking: Sequence[str]) -> list[str]:
    mean = ", ".join(f"{each.name} {np.mean(weights[each.name].to_numpy()):.2f}" for each in members)
    notes = [
        f"Joined: {', '.join(f'{each.name} ({each.run.name})' for each in members)}; nothing but the gate is trained.",
        "The gate learnt the old model's answers to the pairs; no label of theirs is read. Its mean weights on "
        f"held-out windows: {mean}.",
        "`less`: the figure less that of the same windows with all bridges, over the same draws of persons.",
        "A window that has none of a set's sensors is not judged in it.",
    ]
    if lacking:
        notes.append(f"Not controls, since they have no answer for all of these windows: {', '.join(lacking)}.")
    return notes


def _write(
    run: Path, choices: dict[str, Any], members: Sequence[Member], found: dict[str, _Role], told: JoinRun
) -> None:
    from zoo.judging.plots import plot_all

    count = len(members)
    held = pl.concat([role.held[Some(tuple(range(count)), "gated")] for role in found.values()])
    others = pl.concat([role.held[Some(tuple(range(count)), "mean")] for role in found.values()])
    runs.write_config(run, choices)
    runs.write_predictions(run, held, {"mean": [others]})
    runs.write_json(run / "metrics.json", told.report.to_json())
    runs.write_json(run / "versions.json", runs.versions())
    write_results(told.report, run / "results.parquet")
    told.subsets.write_csv(run / "subsets.csv")
    told.weights.write_csv(run / "gate.csv")
    plot_all(told.report, held, run)
    seen = pl.concat([read_seen(each.run) for each in members], how="diagonal_relaxed")
    write_seen(run, seen.unique(["recording_id", "stream_no", "digest"], keep="first", maintain_order=True))

"""Everything that answers for held-out windows of the new sensor: the bridge, its controls and its baselines."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.biox_bridge.baselines import (
    answers_of,
    distilled_contrast,
    distilled_head,
    distilled_low_rank,
    distilled_whole,
    supervised,
)
from zoo.biox_bridge.building import Built, Pairs, build
from zoo.biox_bridge.config import BridgeConfig
from zoo.biox_bridge.encoders import Encoder
from zoo.biox_bridge.fitting import Budget, Fit
from zoo.biox_bridge.passes import drawn_tokens, look, tokens_at
from zoo.biox_bridge.roles import Roles
from zoo.biox_bridge.source import Rows, Source
from zoo.models.staged import Form

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
VAL_SHARE = 0.2
"""Of the labelled persons, whom a model of the new sensor's own stops on."""


@dataclass(frozen=True)
class Sides:
    """Both frozen models, what they see, and one pass of each over the windows that the old one never saw."""

    new: Encoder
    old: Encoder
    new_source: Source
    old_source: Source
    rows: Rows
    """Windows that were passed, in ascending order."""
    pairs: Pairs
    seconds: float
    """Of processor time, of both passes."""

    def of(self, rows: Rows, exchanged: Rows | None = None) -> Pairs:
        """Pairs of some windows; `exchanged` are those that the new model sees in their stead."""
        places = np.searchsorted(self.rows, rows)
        return self.pairs.of(places, None if exchanged is None else np.searchsorted(self.rows, exchanged))


@dataclass
class Outcome:
    """What each system answers for the held-out windows of one role, and what its training took."""

    built: Built
    pair: Rows
    """Windows that it learnt from."""
    answers: dict[str, Floats] = field(default_factory=dict)
    """By system: probabilities, shape (windows, classes)."""
    costs: dict[str, Fit] = field(default_factory=dict)


def pass_over(new: Encoder, old: Encoder, sources: tuple[Source, Source], rows: Rows, person: Codes) -> Sides:
    """Run both models once over the windows that pairs, validation and test are of."""
    started = time.process_time()
    seen_new = look(new.chain, sources[0], rows)
    tail = old.chain
    seen_old = look(tail, sources[1], rows, keep=(tail.depth,))
    took = time.process_time() - started
    return Sides(new, old, *sources, rows, Pairs(seen_new, seen_old, person[rows]), took)


def own_model(sides: Sides, roles: Roles, codes: Codes, person: Codes, config: BridgeConfig) -> tuple[Encoder, Fit]:
    """Train the new sensor's own model, on labels of the persons that the old model learnt from."""
    has = roles.train[sides.new_source.has[roles.train]]
    persons = np.random.default_rng([config.seed, 7]).permutation(np.unique(person[has]))
    aside = np.isin(person[has], persons[: max(1, round(VAL_SHARE * len(persons)))])
    if len(persons) < 2:  # splits of one person's time: the last of it
        aside = np.arange(len(has)) >= (1 - VAL_SHARE) * len(has)
    options = config.bridge
    budget = Budget(options.epochs, options.batch_size, options.baseline_lr)
    n_classes = sides.pairs.old.logits.shape[1]
    parts = has[~aside], has[aside]
    return supervised(sides.new, sides.new_source, parts, codes, n_classes, budget, config.seed)


def systems(
    sides: Sides, random: Sides | None, own: tuple[Encoder, Fit] | None, roles: Roles, config: BridgeConfig
) -> Outcome:
    """Build the bridge of one role, its controls and its baselines, and let all answer for the held-out windows.

    Parameters
    ----------
    sides, random : Sides
        The models, and the same ones with random weights.
    own : (Encoder, Fit), optional
        The new sensor's own model.
    roles : Roles
        Only windows that both models have an input of.
    config : BridgeConfig
    """
    rng = np.random.default_rng([config.seed, len(roles.pair)])
    share = max(1, round(config.bridge.pair_share * len(roles.pair)))
    pair = np.sort(rng.permutation(roles.pair)[:share])
    test = sides.of(roles.test)
    built = bridge_of(sides, pair, roles.val, config)
    out = Outcome(built, pair)
    _add(out, "bridge", probabilities(built, test), built.fit, sides.seconds)
    if "shuffled" in config.compare:
        exchanged = rng.permutation(pair), rng.permutation(roles.val)
        other = bridge_of(sides, pair, roles.val, config, exchanged)
        _add(out, "pairs shuffled", probabilities(other, test), other.fit, sides.seconds)
    if random is not None:
        other = bridge_of(random, pair, roles.val, config)
        _add(out, "encoders random", probabilities(other, random.of(roles.test)), other.fit, random.seconds)
    _distil(out, sides, pair, roles, config)
    if own is not None:
        _add(out, "own, supervised", answers_of(own[0], sides.new_source, roles.test), own[1])
    out.answers["old model, old sensor"] = _floats(test.old.logits.softmax(dim=1))
    answers = sides.of(pair).old.logits.argmax(dim=1)
    told = torch.bincount(answers, minlength=test.old.logits.shape[1]).double() / len(answers)
    out.answers["majority"] = np.tile(told.numpy(), (len(roles.test), 1))
    return out


def bridge_of(
    sides: Sides, pair: Rows, val: Rows, config: BridgeConfig, exchanged: tuple[Rows, Rows] | None = None
) -> Built:
    """Build a bridge from pairs; where they are exchanged the new model sees other windows than the old one."""
    tail, source = sides.old.chain, sides.old_source

    def whole(at: int, form: Form) -> tuple[Tensor, Tensor]:
        return tokens_at(tail, source, pair, at, form), tokens_at(tail, source, val, at, form)

    if exchanged is None and config.bridge.loss == "moments":
        rng = np.random.default_rng([config.seed, 11])
        exchanged = rng.permutation(pair), rng.permutation(val)
    drawn = partial(_drawn, sides, pair, config.seed)
    parts = sides.of(pair, exchanged and exchanged[0]), sides.of(val, exchanged and exchanged[1])
    return build(sides.new.chain, tail, *parts, config.bridge, drawn, whole, config.seed, config.positions)


def _drawn(sides: Sides, pair: Rows, seed: int, at: int, form: Form, count: int) -> Tensor:
    return drawn_tokens(sides.old.chain, sides.old_source, pair, at, form, count, seed)


def _distil(out: Outcome, sides: Sides, pair: Rows, roles: Roles, config: BridgeConfig) -> None:
    options = config.bridge
    budget = Budget(options.epochs, options.batch_size, options.baseline_lr)
    parts = sides.of(pair), sides.of(roles.val)
    answers = parts[0].old.logits, parts[1].old.logits
    soft = options.distilled_temperature
    if "distilled head" in config.compare:
        head, took = distilled_head((parts[0].new, parts[1].new), answers, soft, budget, config.seed)
        with torch.inference_mode():
            found = head(sides.of(roles.test).new.pooled[-1]).softmax(dim=1)
        _add(out, "distilled, head", found, took, sides.seconds)
    new, source, rows = sides.new, sides.new_source, (pair, roles.val)
    students = {}
    if "distilled" in config.compare:
        students["distilled, whole"] = distilled_whole(new, source, rows, answers, soft, budget, config.seed)
    if "distilled lora" in config.compare:
        count = out.built.fit.parameters
        learnt = distilled_low_rank(new, source, rows, answers, soft, count, budget, config.seed)
        students["distilled, low rank"] = learnt
    if "distilled contrast" in config.compare:
        old = parts[0].old, parts[1].old
        students["distilled, contrast"] = distilled_contrast(new, source, rows, old, soft, budget, config.seed)
    for name, (student, took) in students.items():
        _add(out, name, answers_of(student, source, roles.test), took, sides.seconds)


@torch.inference_mode()
def probabilities(built: Built, test: Pairs) -> Floats:
    """What a bridge answers for windows that were passed, shape (windows, classes)."""
    return _floats(built.bridged.answers(test.new.pooled[built.positions.new]).softmax(dim=1))


def _add(out: Outcome, system: str, found: Tensor | Floats, took: Fit, before: float = 0.0) -> None:
    out.answers[system] = _floats(found) if isinstance(found, Tensor) else found
    out.costs[system] = Fit(took.parameters, took.seconds + before, took.step_mib, took.best_epoch, took.curve)


def _floats(found: Tensor) -> Floats:
    return np.asarray(found.double().numpy())

"""A bridge from pairs: its positions, its prototypes, its training. No label of a pair is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.biox_bridge.bridge import FullBridge, PrototypeBridge
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.config import BridgeOptions
from zoo.biox_bridge.fitting import Budget, Fit, fit
from zoo.biox_bridge.headless import choose_headless
from zoo.biox_bridge.losses import loss_named
from zoo.biox_bridge.passes import Seen
from zoo.biox_bridge.positions import Positions, choose
from zoo.models.staged import Form, Staged

Codes = NDArray[np.intp]
WOKEN = 0.01
"""Standard deviation of the numbers that a bridge starts with where it cannot start from zeros."""
Drawn = Callable[[int, Form, int], Tensor]
"""Tokens of the old model's states at a position, of this form, so many: shape (count, width)."""
Whole = Callable[[int, Form], tuple[Tensor, Tensor]]
"""All tokens of the old model's states at a position, of pairs and of validation windows."""


@dataclass(frozen=True)
class Pairs:
    """What both models make of windows that both see; row i of one is of the same window as row i of the other."""

    new: Seen
    old: Seen
    person: Codes

    def of(self, at: Codes, exchanged: Codes | None = None) -> Pairs:
        """Some of the windows; those of the new model may be others, which makes no pairs of them."""
        return Pairs(self.new.of(at if exchanged is None else exchanged), self.old.of(at), self.person[at])


@dataclass(frozen=True)
class Built:
    """A trained bridge."""

    bridged: Bridged
    positions: Positions
    fit: Fit


def build(
    front: Staged,
    tail: Staged,
    pairs: Pairs,
    val: Pairs,
    options: BridgeOptions,
    drawn: Drawn,
    whole: Whole,
    seed: int,
    at: tuple[int, int] | None = None,
) -> Built:
    """Choose positions, make a bridge there, and train it.

    Parameters
    ----------
    front, tail : Staged
        New and old model, frozen.
    pairs, val : Pairs
        To train on, and to choose the epoch on by alignment alone; the old model's states after its last block are
        kept in both.
    options : BridgeOptions
    drawn, whole : callable
        The old model's tokens where the bridge leads to, once it is known.
    seed : int
    at : (int, int), optional
        Blocks of the new model that are run, and block of the old one that is entered; chosen where left out.

    Raises
    ------
    ModelError
        Positions that the models do not have, or that were to be chosen without pairs.
    """
    started = time.process_time()
    found = _positions(front, tail, pairs, options, seed, at)
    searched = time.process_time() - started
    form, last = pairs.old.forms[found.old], pairs.old.forms[tail.depth]
    torch.manual_seed(seed)
    bridge = _bridge(pairs.new.forms[found.new].pooled, form, options, lambda count: drawn(found.old, form, count))
    made = Bridged(front, tail, bridge, found.new, found.old, form, last)
    if options.aligned == "last":
        guess, targets = made.ends, (pairs.old.kept[tail.depth], val.old.kept[tail.depth])
    else:
        guess, targets = bridge, whole(found.old, form)
    loss = loss_named(options.loss, options.temperature)
    inputs = pairs.new.pooled[found.new], val.new.pooled[found.new]
    first = torch.arange(min(len(inputs[0]), options.batch_size))
    _wake(bridge, loss(guess(inputs[0][first]), targets[0][first]))
    budget = Budget(options.epochs, options.batch_size, options.lr)
    took = fit(
        bridge,
        lambda some: loss(guess(inputs[0][some]), targets[0][some]),
        len(inputs[0]),
        lambda some: loss(guess(inputs[1][some]), targets[1][some]),
        len(inputs[1]),
        budget,
        seed,
        before=searched,
    )
    return Built(made, found, took)


def _positions(
    front: Staged, tail: Staged, pairs: Pairs, options: BridgeOptions, seed: int, at: tuple[int, int] | None
) -> Positions:
    check_positions(front, tail, options, at)
    if at is None:
        new, old = pairs.new.pooled[1:], pairs.old.pooled[: tail.depth]
        if options.probe == "cka":
            return choose_headless(new, old, pairs.old.pooled[tail.depth], pairs.person)
        answers = pairs.old.logits.argmax(dim=1).numpy()
        return choose(new, old, answers, pairs.person, options.probe_folds, seed, options.probe)
    return Positions(at[0], at[1], [], [], ("Positions were given, not chosen.",))


def check_positions(front: Staged, tail: Staged, options: BridgeOptions, at: tuple[int, int] | None) -> None:
    """Refuse positions that the models do not have, or that were to be chosen without pairs.

    Raises
    ------
    ModelError
        As said.
    """
    if at is None and options.loss == "moments":
        mend = "Give --positions NEW,OLD, or another loss."
        raise ModelError("positions are chosen by pairs, and moments has none.", where="bridge", mend=mend)
    if at is not None and not (1 <= at[0] <= front.depth and at[1] <= tail.depth):
        mend = f"The new model has blocks 1 to {front.depth}, the old one can be entered at 0 to {tail.depth}."
        raise ModelError(f"there is no bridge from {at[0]} to {at[1]}.", where="--positions", mend=mend)


def _wake(bridge: nn.Module, value: Tensor) -> None:
    """Draw the matrix of zeros where no gradient comes back to it.

    Zeros leave every unit of a network without biases, such as one with random weights, at its edge for ever.
    """
    if isinstance(bridge, PrototypeBridge) and not torch.autograd.grad(value, bridge.up)[0].any():
        nn.init.normal_(bridge.up, std=WOKEN)


def _bridge(width: int, form: Form, options: BridgeOptions, drawn: Callable[[int], Tensor]) -> nn.Module:
    if options.kind == "full":
        return FullBridge(width, form.width, form.tokens)
    tokens = drawn(options.prototypes) if options.prototypes_from == "real" else None
    return PrototypeBridge(width, form.width, form.tokens, options.prototypes, options.rank, tokens)

"""A network as a chain: what goes in, blocks one after the other, and a head that scores."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from biocurate.errors import ModelError
from zoo.models.registry import model_config

Inputs = Mapping[str, Tensor]
"""By the names of the arguments of a network's `forward`."""

State = tuple[Tensor, ...]
"""What lies between two blocks: one tensor, or one of each path of a network that has several."""

Axes = tuple[str, ...]
"""Names of a tensor's axes: ``window`` first, ``feature`` once, whatever the others are called."""

TOKENS: Axes = ("window", "token", "feature")
MAP: Axes = ("window", "feature", "row", "column")


@dataclass(frozen=True)
class Form:
    """What a state is made of, but for its windows."""

    axes: tuple[Axes, ...]
    sizes: tuple[tuple[int, ...], ...]
    """Of every axis after the first."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Tokens of each part."""
        return tuple(math.prod(sizes) // width for sizes, width in zip(self.sizes, self.widths, strict=True))

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of a token of each part."""
        return tuple(sizes[axes.index("feature") - 1] for axes, sizes in zip(self.axes, self.sizes, strict=True))

    @property
    def tokens(self) -> int:
        """Tokens of all parts together."""
        return sum(self.counts)

    @property
    def width(self) -> int:
        """Numbers of a token; of parts that differ the widest."""
        return max(self.widths)

    @property
    def pooled(self) -> int:
        """Numbers that are left when each part is averaged over its tokens."""
        return sum(self.widths)

    def to_canonical(self, state: State) -> Tensor:
        """Every part as tokens, side by side; shape (windows, tokens, width).

        Tokens of a narrower part end with zeros, which `from_canonical` takes away again.
        """
        parts = [_as_tokens(part, axes) for part, axes in zip(state, self.axes, strict=True)]
        return torch.cat([pad(part, (0, self.width - part.shape[2])) for part in parts], dim=1)

    def from_canonical(self, tokens: Tensor) -> State:
        """Shape (windows, tokens, width) to a state of this form.

        Raises
        ------
        ModelError
            Tokens of another count or width.
        """
        if tokens.shape[1:] != (self.tokens, self.width):
            raise ModelError(
                f"tokens of shape {tuple(tokens.shape)} are no state.",
                where="staged network",
                mend=f"Give (windows, {self.tokens}, {self.width}).",
            )
        parts = torch.split(tokens, list(self.counts), dim=1)
        return tuple(
            _from_tokens(part[..., :width], axes, sizes)
            for part, width, axes, sizes in zip(parts, self.widths, self.axes, self.sizes, strict=True)
        )


class Staged(ABC):
    """A network as a chain of blocks.

    Position 0 is what enters the first block, position i what has passed i blocks, position `depth` what the head
    scores. Axes are named, never guessed from their sizes.
    """

    network: nn.Module
    depth: int
    """Number of blocks."""

    @abstractmethod
    def embed(self, inputs: Inputs) -> State:
        """State at position 0."""

    @abstractmethod
    def block(self, at: int, state: State) -> State:
        """State at position `at` to that at the next."""

    @abstractmethod
    def head(self, state: State) -> Tensor:
        """Class scores of the state at position `depth`: logits, shape (windows, classes)."""

    @abstractmethod
    def axes(self, at: int) -> tuple[Axes, ...]:
        """Axes of each part of the state at a position."""

    def run_to(self, inputs: Inputs, at: int) -> State:
        """State at a position."""
        state = self.embed(inputs)
        for number in range(at):
            state = self.block(number, state)
        return state

    def run_on(self, state: State, at: int) -> State:
        """State at position `at` to that at position `depth`."""
        for number in range(at, self.depth):
            state = self.block(number, state)
        return state

    def collect(self, inputs: Inputs) -> list[State]:
        """States at all positions, in one pass."""
        states = [self.embed(inputs)]
        for number in range(self.depth):
            states.append(self.block(number, states[-1]))
        return states

    def form(self, at: int, state: State) -> Form:
        """The form of a state at a position."""
        return Form(self.axes(at), tuple(tuple(part.shape[1:]) for part in state))

    def pooled(self, at: int, state: State) -> Tensor:
        """Each part's mean over its tokens, side by side; shape (windows, widths of the parts together)."""
        means = [_as_tokens(part, axes).mean(dim=1) for part, axes in zip(state, self.axes(at), strict=True)]
        return torch.cat(means, dim=1)


class StagedModule(Staged):
    """Any module whose blocks take one tensor and give one of the same axes.

    What comes before the blocks is found by running the module as far as its first block, so that the module stays as
    it is.

    Parameters
    ----------
    network : Module
    blocks : sequence of Module
        Those that the module runs one after the other.
    head : callable
        From the last block's output to logits: everything that the module does after its blocks.
    axes : Axes
        Of what passes the blocks.

    Raises
    ------
    ModelError
        No blocks; and, when it is run, blocks that are given more than one tensor or are never reached.
    """

    def __init__(
        self, network: nn.Module, blocks: Sequence[nn.Module], head: Callable[[Tensor], Tensor], axes: Axes = TOKENS
    ) -> None:
        if not blocks:
            raise ModelError("there are no blocks.", where=type(network).__name__, mend="Name them in their order.")
        self.network, self.blocks, self.depth = network, list(blocks), len(blocks)
        self._head, self._axes = head, axes

    def embed(self, inputs: Inputs) -> State:
        """What the module gives its first block."""
        return (reached(self.network, self.blocks[0], inputs),)

    def block(self, at: int, state: State) -> State:
        """Run a block; of several outputs the first goes on."""
        found = self.blocks[at](state[0])
        return (found[0] if isinstance(found, tuple) else found,)

    def head(self, state: State) -> Tensor:
        """Score."""
        return self._head(state[0])

    def axes(self, at: int) -> tuple[Axes, ...]:
        """The same at all positions."""
        return (self._axes,)


class OfSeveral(Staged):
    """Windows of several images, of which each passes a network by itself; probabilities are averaged.

    Parameters
    ----------
    one : Staged
        Of single images, with one input ``images``.

    A window's images are an axis of the state, so that a bridge into it has tokens of its own for each.
    """

    def __init__(self, one: Staged) -> None:
        self.one, self.network, self.depth = one, one.network, one.depth

    def embed(self, inputs: Inputs) -> State:
        """From ``images`` of shape (windows, images, channels, side, side)."""
        images = inputs["images"]
        return _parted(self.one.embed({"images": images.flatten(0, 1)}), images.shape[1])

    def block(self, at: int, state: State) -> State:
        """Run a block on all images."""
        return _parted(self.one.block(at, tuple(part.flatten(0, 1) for part in state)), state[0].shape[1])

    def head(self, state: State) -> Tensor:
        """Logarithm of the mean probabilities of a window's images."""
        logits = self.one.head(tuple(part.flatten(0, 1) for part in state))
        images = state[0].shape[1]
        each = logits.log_softmax(dim=1).view(-1, images, logits.shape[1])
        return each.logsumexp(dim=1) - math.log(images)

    def axes(self, at: int) -> tuple[Axes, ...]:
        """Those of single images, and the images."""
        return tuple((axes[0], "image", *axes[1:]) for axes in self.one.axes(at))


def staged(name: str, network: nn.Module) -> Staged:
    """A registered model's network as a chain.

    Raises
    ------
    ModelError
        Where its family says no blocks.
    """
    stages = model_config(name).stages
    if stages is None:
        mend = "Name its blocks: zoo.models.staged.StagedModule(network, blocks=[…], head=…)."
        raise ModelError("it does not say what its blocks are.", where=name, mend=mend)
    found: Staged = stages(network)
    return found


def reached(network: nn.Module, block: nn.Module, inputs: Inputs) -> Tensor:
    """What a network gives one of its modules, without running on.

    Raises
    ------
    ModelError
        Where it gives more than one tensor, or the module is not run at all.
    """

    def stop(_: nn.Module, given: tuple[object, ...], named: dict[str, object]) -> None:
        more = [each for each in (*given[1:], *named.values()) if each is not None]
        if more or not given or not isinstance(given[0], Tensor):
            mend = "Wrap its blocks so that each takes one tensor."
            raise ModelError("a block is given more than one tensor.", where=type(network).__name__, mend=mend)
        raise _ReachedError(given[0])

    handle = block.register_forward_pre_hook(stop, with_kwargs=True)
    try:
        network(**inputs)
    except _ReachedError as found:
        return found.state
    finally:
        handle.remove()
    raise ModelError("its first block is never run.", where=type(network).__name__, mend="Name blocks that it runs.")


class _ReachedError(Exception):
    def __init__(self, state: Tensor) -> None:
        self.state = state


def _parted(state: State, images: int) -> State:
    return tuple(part.reshape(-1, images, *part.shape[1:]) for part in state)


def _as_tokens(part: Tensor, axes: Axes) -> Tensor:
    """Shape (windows, tokens, features), whatever the axes."""
    moved = part.movedim(axes.index("feature"), -1)
    return moved.reshape(len(part), -1, moved.shape[-1])


def _from_tokens(tokens: Tensor, axes: Axes, sizes: tuple[int, ...]) -> Tensor:
    place = axes.index("feature")
    others = [size for at, size in enumerate(sizes, start=1) if at != place]
    return tokens.reshape(len(tokens), *others, tokens.shape[2]).movedim(-1, place)

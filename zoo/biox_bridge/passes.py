"""One pass of a frozen network over windows: everything that a bridge asks of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biocurate.errors import ModelError
from zoo.biox_bridge.source import Rows, Source
from zoo.models.staged import Form, Staged

BATCH = 64
"""Windows at a time."""

KEPT_BYTES = 8 * 2**30
"""Of one position's states in memory, at most."""


@dataclass(frozen=True)
class Seen:
    """What a network makes of windows, one row a window."""

    pooled: list[Tensor]
    """At every position, the mean over tokens; shape (windows, width there)."""
    kept: dict[int, Tensor]
    """Whole states at the positions that were asked for, as tokens; shape (windows, tokens, width)."""
    forms: list[Form]
    """Of the states at every position."""
    logits: Tensor
    """Shape (windows, classes)."""

    def of(self, rows: Rows) -> Seen:
        """Some of the windows, by their places."""
        at = torch.from_numpy(rows)
        kept = {position: tokens[at] for position, tokens in self.kept.items()}
        return Seen([each[at] for each in self.pooled], kept, self.forms, self.logits[at])


@torch.no_grad()
def look(chain: Staged, source: Source, rows: Rows, keep: tuple[int, ...] = ()) -> Seen:
    """Run a network once over windows, and keep its pooled features at all positions.

    Parameters
    ----------
    chain : Staged
    source : Source
    rows : array of int
        At least one.
    keep : tuple of int
        Positions whose whole states are kept: windows x tokens x width numbers each.

    Raises
    ------
    ModelError
        More kept states than fit into `KEPT_BYTES`.
    """
    pooled: list[Tensor] = []
    kept: dict[int, Tensor] = {}
    forms: list[Form] = []
    logits = torch.empty(0)
    start = 0
    for some in batches(rows):
        states = chain.collect(source.inputs(some))
        scores = chain.head(states[-1])
        if not forms:
            forms = [chain.form(at, state) for at, state in enumerate(states)]
            pooled = [torch.empty(len(rows), form.pooled) for form in forms]
            kept = {at: _room(len(rows), forms[at]) for at in keep}
            logits = torch.empty(len(rows), scores.shape[1])
        here = slice(start, start + len(some))
        for at, state in enumerate(states):
            pooled[at][here] = chain.pooled(at, state)
            if at in kept:
                kept[at][here] = forms[at].to_canonical(state)
        logits[here] = scores
        start += len(some)
    return Seen(pooled, kept, forms, logits)


@torch.no_grad()
def tokens_at(chain: Staged, source: Source, rows: Rows, at: int, form: Form) -> Tensor:
    """States of windows at one position, as tokens; shape (windows, tokens, width)."""
    out = _room(len(rows), form)
    start = 0
    for some in batches(rows):
        out[start : start + len(some)] = form.to_canonical(chain.run_to(source.inputs(some), at))
        start += len(some)
    return out


def drawn_tokens(chain: Staged, source: Source, rows: Rows, at: int, form: Form, count: int, seed: int) -> Tensor:
    """Tokens of as many windows drawn at random, or of all where there are fewer; shape (count, width).

    Where windows have too few tokens altogether, some are taken twice.
    """
    rng = np.random.default_rng([seed, at, count])
    chosen = np.sort(rng.permutation(rows)[:count])
    tokens = tokens_at(chain, source, chosen, at, form).flatten(0, 1)
    order = np.resize(rng.permutation(len(tokens)), count)
    return tokens[torch.from_numpy(order)]


def _room(windows: int, form: Form) -> Tensor:
    asked = 4 * windows * form.tokens * form.width
    if asked > KEPT_BYTES:
        raise ModelError(
            f"states of {windows:,} windows take {asked / 2**30:.1f} GiB.",
            where="bridge",
            mend="Use fewer pairs, by --set pair_share=0.1, or lead into a block with fewer tokens, by --positions.",
        )
    return torch.empty(windows, form.tokens, form.width)


def batches(rows: Rows, size: int = BATCH) -> Iterator[Rows]:
    """Rows, so many at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]

"""What a bridge saves: positions from one pass of each model, and steps of training beside distillation's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from zoo.biox_bridge.bridge import PrototypeBridge, alignment
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.encoders import frozen
from zoo.biox_bridge.losses import distilled
from zoo.biox_bridge.passes import batches, look
from zoo.biox_bridge.positions import choose
from zoo.biox_bridge.source import Rows
from zoo.models.staged import Inputs, Staged
from zoo.panluna.architecture import LUNA_BASE, Architecture
from zoo.panluna.model import PanLuna, standardised
from zoo.panluna.staged import stages
from zoo.timing.turns import Timing, Work, peak_mib, race, short

Features = tuple[list[Tensor], list[Tensor]]
"""Pooled features of the new model after 1, 2, ... blocks, and of the old one before 0, 1, ..."""

CLASSES, PERSONS = 2, 8
CHANNELS, SECONDS = (12, 4), 10.0
"""Of the old sensor and of the new one."""
RANK, PROTOTYPES, TEMPERATURE = 8, 50, 2.0
"""As `zoo bridge` has them by default."""
PLACES = 0.75, 0.5
"""Where the bridge begins and ends: shares of the blocks."""


def bench(
    sizes: Sequence[int] = (16,),
    rounds: int = 3,
    device: str = "cpu",
    precision: str = "float32",
    windows: int = 32,
    architecture: Architecture = LUNA_BASE,
) -> pl.DataFrame:
    """Time a bridge between two networks of a published size, on noise, against what it stands in for.

    - *passes*: features of all blocks in one pass of each model, against a pass of both for each block as published;
    - *selection*: the same with probes and likeness, which are equal in both;
    - *training step*: the bridge's, by features kept from the one pass, against one that distils the whole new model.

    Parameters
    ----------
    sizes : sequence of int
        Windows of a step of training.
    rounds, device, precision
        As of `Timing`.
    windows : int
        That positions are chosen by.
    architecture : Architecture
        Of both; LUNA-Base as published has 8 blocks.

    Returns
    -------
    DataFrame
        A row a work: windows a second of both (medians, by wall time), their quotient (median over rounds) by wall and
        by processor time, the most memory that tensors of one work hold in MiB, and the trained parameters of both.
    """
    timing = Timing(rounds, device, precision)
    torch.manual_seed(0)
    old, new = (stages(_frozen(PanLuna(CLASSES, architecture).to(device))) for _ in CHANNELS)
    sources = tuple(Noise(windows, channels, architecture, device) for channels in reversed(CHANNELS))
    rows = np.arange(windows, dtype=np.intp)
    answers, person = rows // 4 % CLASSES, rows % PERSONS

    def once() -> Features:
        seen = look(new, sources[0], rows), look(old, sources[1], rows)
        return seen[0].pooled[1:], seen[1].pooled[: old.depth]

    def by_block() -> Features:
        return features_by_block(new, old, sources, rows)

    def selection(found: Callable[[], Features]) -> Work:
        return lambda: _done(choose(*found(), answers, person))

    blocks = {"blocks": max(new.depth, old.depth)}
    found = [
        _row("passes", windows, (lambda: _done(once()), lambda: _done(by_block())), timing) | blocks,
        _row("selection", windows, (selection(once), selection(by_block)), timing) | blocks,
    ]
    for size in sizes:
        bridge, step = _bridge_step(new, old, sources, rows[:size])
        student, other = _distilling_step(architecture, sources[0], rows[:size], device)
        counts = [sum(each.numel() for each in module.parameters()) for module in (bridge, student)]
        row = _row("training step", size, (step, other), timing)
        found.append(row | {"trained": counts[0], "other_trained": counts[1]})
    return pl.DataFrame(found, infer_schema_length=None)


def features_by_block(new: Staged, old: Staged, sources: Sequence[Noise], rows: Rows) -> Features:
    """What positions are chosen by, as the published code finds it: for each block a whole pass of both models.

    Source: BioX-Bridge, published code, revision 3a84fba, `train_bridge.py`.
    """
    found: Features = ([], [])
    for at in range(max(new.depth, old.depth)):
        for chain, source, place, out in ((new, sources[0], at + 1, found[0]), (old, sources[1], at, found[1])):
            if at < chain.depth:
                out.append(_features_at(chain, source, rows, place))
    return found


@torch.no_grad()
def _features_at(chain: Staged, source: Noise, rows: Rows, at: int) -> Tensor:
    """Pooled features at one position, from a pass as far as the head."""
    parts = []
    for some in batches(rows):
        states = chain.collect(source.inputs(some))
        chain.head(states[-1])
        parts.append(chain.pooled(at, states[at]))
    return torch.cat(parts)


def _bridge_step(new: Staged, old: Staged, sources: Sequence[Noise], rows: Rows) -> tuple[nn.Module, Work]:
    """A step by what one pass kept: the new model is not run, the old one behind the bridge alone."""
    begin, end = round(PLACES[0] * new.depth), round(PLACES[1] * old.depth)
    seen = look(new, sources[0], rows), look(old, sources[1], rows, keep=(old.depth,))
    form = seen[1].forms[end]
    bridge = PrototypeBridge(seen[0].forms[begin].pooled, form.width, form.tokens, PROTOTYPES, RANK)
    made = Bridged(new, old, bridge, begin, end, form, seen[1].forms[old.depth])
    return bridge, _step(bridge, lambda: alignment(made.ends(seen[0].pooled[begin]), seen[1].kept[old.depth]))


def _distilling_step(architecture: Architecture, source: Noise, rows: Rows, device: str) -> tuple[nn.Module, Work]:
    """A step in which all of the new model learns answers that are kept."""
    student = PanLuna(CLASSES, architecture).to(device)
    chain = stages(student)
    answers = torch.randn(len(rows), CLASSES, device=device)
    inputs = source.inputs(rows)
    return student, _step(
        student, lambda: distilled(chain.head(chain.run_to(inputs, chain.depth)), answers, TEMPERATURE)
    )


def _step(module: nn.Module, loss: Callable[[], Tensor]) -> Work:
    """A step of Adam, as in `fit`."""
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-6)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss())
        optimiser.step()

    return step


def _row(work: str, windows: int, ways: tuple[Work, Work], timing: Timing) -> dict[str, object]:
    found = race(*ways, timing)
    memory = [peak_mib(each, timing.device) for each in ways]
    row = {
        "windows": windows,
        "windows_s": windows / found.quick_s,
        "other_windows_s": windows / found.plain_s,
        "faster": found.faster,
        "cpu_faster": found.cpu_faster,
        "peak_mib": memory[0],
        "other_peak_mib": memory[1],
    }
    return {"work": work} | {name: short(each) for name, each in row.items()}


class Noise:
    """Windows of noise, as PanLUNA takes them."""

    def __init__(self, windows: int, channels: int, sizes: Architecture, device: str) -> None:
        samples = round(SECONDS * sizes.rate_hz) // sizes.patch * sizes.patch
        self.has = np.ones(windows, dtype=bool)
        self.notes: list[str] = []
        self.x = standardised(torch.randn(windows, channels, samples, device=device))
        self.locations = torch.randn(windows, channels, 3, device=device) * 0.1
        self.sensor = torch.zeros(windows, channels, dtype=torch.int64, device=device)

    def inputs(self, rows: Rows) -> Inputs:
        """``x``, ``locations`` and ``sensor``."""
        at = torch.from_numpy(rows)
        return {"x": self.x[at], "locations": self.locations[at], "sensor": self.sensor[at]}


def _done(_: object) -> None:
    """What is timed alone is not looked at."""


def _frozen(network: PanLuna) -> PanLuna:
    frozen(network)
    return network

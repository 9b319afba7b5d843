"""A step of PanLUNA's pre-training against the published layout's layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import torch
from torch import Tensor, nn

from zoo.panluna.architecture import REFERENCE, Architecture
from zoo.panluna.model import PanLuna, standardised
from zoo.panluna.objective import hide, reconstruction_loss
from zoo.panluna.plain import plain_loss, plain_of
from zoo.timing.turns import Timing, Work, peak_mib, race, short, step_of

CHANNELS = 22
"""As of the published EEG."""

SECONDS = 10

Batch = dict[str, Tensor]


def bench(
    batches: Sequence[int] = (4, 32),
    rounds: int = 3,
    device: str = "cpu",
    precision: str = "float32",
    channels: int = CHANNELS,
    seconds: float = SECONDS,
    reference: Architecture = REFERENCE,
) -> pl.DataFrame:
    """Time steps of pre-training: forward, objective, backward and AdamW.

    The plain step updates each weight by itself, as the published code does; the quick one all at once. Half of all
    patches is hidden, for both the same, and numbers are dropped as published.

    Parameters
    ----------
    batches : sequence of int
    rounds, device, precision
        As of `Timing`.
    channels : int
    seconds : float
    reference : Architecture
        A published one.

    Returns
    -------
    DataFrame
        A row a size: windows a second of both, their quotient by wall time and by processor time, and the most memory
        that the tensors of a step hold.

    Raises
    ------
    UsageError
        Where there is no such precision.
    """
    timing = Timing(rounds, device, precision)
    torch.manual_seed(0)
    model = PanLuna(0, reference).to(device)
    plain = plain_of(model)
    rows = []
    for size in batches:
        batch = _batch(size, channels, seconds, reference, device)
        works = (_step(model, batch, timing), _plain_step(plain, batch, timing))
        found = race(*works, timing)
        memory = [peak_mib(work, device) for work in works]
        row = {
            "batch": size,
            "windows_s": size / found.quick_s,
            "plain_windows_s": size / found.plain_s,
            "faster": found.faster,
            "cpu_faster": found.cpu_faster,
            "peak_mib": memory[0],
            "plain_peak_mib": memory[1],
        }
        rows.append({name: short(each) for name, each in row.items()})
    return pl.DataFrame(rows, infer_schema_length=None)


def _batch(size: int, channels: int, seconds: float, sizes: Architecture, device: str) -> Batch:
    patches = round(seconds * sizes.rate_hz) // sizes.patch
    hidden = hide(torch.ones(size, channels, dtype=torch.bool, device=device), patches)
    return {
        "x": standardised(torch.randn(size, channels, patches * sizes.patch, device=device)),
        "locations": torch.randn(size, channels, 3, device=device) * 0.1,
        "sensor": torch.zeros(size, channels, dtype=torch.int64, device=device),
        "names": torch.arange(channels, device=device).expand(size, -1) % max(1, sizes.names),
        "mask": hidden.repeat_interleave(sizes.patch, dim=2),
    }


def _step(model: PanLuna, batch: Batch, timing: Timing) -> Work:
    def loss() -> Tensor:
        found, weights = model(**batch)
        return reconstruction_loss(found, batch["x"], batch["mask"], weights).total

    return step_of(model, loss, timing)


def _plain_step(model: nn.Module, batch: Batch, timing: Timing) -> Work:
    def loss() -> Tensor:
        found, weights = model(**batch)
        return plain_loss(found, batch["x"], batch["mask"], weights)

    return step_of(model, loss, timing, fused=False)

"""Two ways of the same work, timed by turns, so that what else the machine does falls on both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from biocurate.errors import UsageError

Work = Callable[[], None]

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Timing:
    """How work is timed."""

    rounds: int = 3
    """In each, both ways are gone once, one after the other; the first, which warms up, is not counted."""
    device: str = "cpu"
    precision: str = "float32"
    """``float32``, or ``bfloat16`` by autocast."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            mend = f"{' or '.join(PRECISIONS)}."
            raise UsageError(f"there is no {self.precision!r}.", where="--precision", mend=mend)

    def arithmetic(self) -> AbstractContextManager[object]:
        """The precision of a forward."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)


@dataclass(frozen=True)
class Race:
    """What both ways took; medians over rounds, their quotients taken round by round."""

    quick_s: float
    plain_s: float
    faster: float
    """By wall time."""
    cpu_faster: float
    """By processor time, of all threads."""


def race(quick: Work, plain: Work, timing: Timing) -> Race:
    """Time both ways of one work."""
    turns = [[_timed(each, timing.device) for each in (quick, plain)] for _ in range(timing.rounds + 1)][1:]
    wall = [statistics.median(turn[one][0] for turn in turns) for one in (0, 1)]
    ratios = [statistics.median(turn[1][of] / turn[0][of] for turn in turns) for of in (0, 1)]
    return Race(*wall, *ratios)


def step_of(model: nn.Module, loss: Callable[[], torch.Tensor], timing: Timing, *, fused: bool = True) -> Work:
    """A step of AdamW: `fused` updates all weights at once; else each by itself, as torch does where it is not told."""
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=1e-6, fused=fused)

    def step() -> None:
        model.train()
        optimiser.zero_grad(set_to_none=True)
        with timing.arithmetic():
            found = loss()
        torch.autograd.backward(found.float())
        optimiser.step()

    return step


def peak_mib(work: Work, device: str) -> float:
    """Most memory that tensors of one work hold at once, less what was held before; by torch's own count."""
    work()
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return float(torch.cuda.max_memory_allocated() - before) / 2**20
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    assert seen.profiler is not None
    assert seen.profiler.kineto_results is not None
    events = [each for each in seen.profiler.kineto_results.events() if each.name() == "[memory]"]
    held = most = 0
    for each in sorted(events, key=lambda event: event.start_ns()):
        held += each.nbytes()
        most = max(most, held)
    return most / 2**20


def short(value: object) -> object:
    """Three digits of a number."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _timed(work: Work, device: str) -> tuple[float, float]:
    """Wall and processor seconds."""
    _wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    _wait(device)
    return time.perf_counter() - wall, time.process_time() - cpu


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()

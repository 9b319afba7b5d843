"""Windows answered one after the other as they are complete, and how long each answer takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent

Floats = NDArray[np.float64]
Answer = Callable[[int], Floats]


@dataclass(frozen=True)
class Replayed:
    """Answers, and when they came."""

    answers: Floats
    """Shape (windows, classes)."""
    latency_s: Floats
    """From a window's last sample to its answer, shape (windows,)."""
    late: int
    """Windows that had to wait, since the answer to the one before was not there yet."""

    def percentile_ms(self, share: float) -> float:
        """Latency that so many per cent of the windows stay within, in milliseconds."""
        return float(np.percentile(self.latency_s, share) * 1e3)


def replay(
    ready_s: Floats,
    answer: Answer,
    speed: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
    wait: Callable[[float], None] = time.sleep,
    bar: Progress = Silent(),
) -> Replayed:
    """Answer windows in the order in which they are complete.

    Parameters
    ----------
    ready_s : array, shape (windows,)
        When each can be computed, on the recording's clock; ascending.
    answer : callable
        From a window's number to probabilities.
    speed : float, optional
        Seconds of the recording in a second; each window is waited for, and what piles up counts as latency. Where
        left out each begins when the one before is answered, and latency is the time that one answer takes.
    clock, wait : callable
        Of the machine.
    bar : Progress, optional
        Is told of windows.
    """
    bar.start(len(ready_s))
    # The first call loads what later ones find in place.
    answer(0)
    answers, latency, late = [], np.empty(len(ready_s)), 0
    began = clock()
    for number, ready in enumerate(ready_s):
        due = clock() if speed is None else began + (ready - ready_s[0]) / speed
        if (early := due - clock()) > 0:
            wait(early)
        else:
            late += speed is not None and number > 0
        answers.append(answer(number))
        latency[number] = clock() - due
        bar.advance(1)
    return Replayed(np.stack(answers), latency, late)

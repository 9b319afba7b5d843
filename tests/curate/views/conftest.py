"""Signals in memory, and plans for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from biocurate.curate.views import run
from biocurate.curate.views.chain import plan_stream
from biocurate.curate.views.schema import parse_view
from biocurate.curate.views.signal import Runs


@dataclass(frozen=True)
class InMemory:
    """A segment whose samples are all there; it refuses to be read beyond its ends."""

    samples: Any

    @property
    def n_samples(self) -> int:
        return self.samples.shape[1]

    @property
    def missing(self) -> Runs:
        return tuple(np.empty((0, 2), dtype=np.int64) for _ in self.samples)

    def read(self, start: int, stop: int) -> Any:
        assert 0 <= start <= stop <= self.n_samples
        return self.samples[:, start:stop].copy()


def stream_row(rate_hz: float, names: str = "a b", sensor: str = "EEG", **channel: Any) -> dict[str, Any]:
    fields = {"canonical_unit": "uV", "prefilter": None, "unit_status": "declared"} | channel
    return {
        "sensor_type": sensor,
        "rate_hz": rate_hz,
        "dtype": "int16",
        "channels": [{"name": name, **fields} for name in names.split()],
        "scale": [1.0] * len(names.split()),
    }


def _planned(steps: list[dict[str, Any]], rate_hz: float, mains_hz: float | None = 50.0, **row: Any) -> Any:
    stream = stream_row(rate_hz, **row)
    return plan_stream(parse_view({"name": "v", "chains": {stream["sensor_type"]: steps}}), stream, mains_hz)


@pytest.fixture
def planned() -> Any:
    """Plan a chain for a stream of some rate."""
    return _planned


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Carry a chain out on samples in blocks of so many values: all of it as one array, and the plan."""

    def carry_out(
        steps: list[dict[str, Any]], samples: Any, rate_hz: float, block: int = 2**21, **options: Any
    ) -> tuple[Any, Any]:
        monkeypatch.setattr(run, "VALUES", block)
        monkeypatch.setattr("biocurate.curate.views.signal.BLOCK", block)
        names = " ".join(f"c{row}" for row in range(len(samples)))
        plan = _planned(steps, rate_hz, **{"names": names} | options)
        made = run.Derived(plan, (InMemory(np.asarray(samples, dtype=np.float64)),))
        return np.concatenate([block for _, block in made.blocks()], axis=1), plan

    return carry_out

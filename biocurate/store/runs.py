"""A row for every run: what was asked, with which versions, and how it ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import uuid4

from biocurate.store.schema import RUNS, cast
from biocurate.store.store import Store

NAMED = (
    "biocurate",
    "numpy",
    "polars",
    "pyarrow",
    "deltalake",
    "zarr",
    "numcodecs",
    "pcodec",
    "edfio",
    "wfdb",
    "scipy",
    "torch",
)
"""Packages whose versions can change what a run writes."""


@dataclass(frozen=True)
class Run:
    """A run that has begun."""

    command: str
    target: str
    config: dict[str, Any]
    run_id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}")
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def finish(self, store: Store, *, done: int, failed: int = 0, n_bytes: int = 0) -> None:
        """Write the run's row."""
        row = {
            "run_id": self.run_id,
            "command": self.command,
            "target": self.target,
            "config": json.dumps(self.config, sort_keys=True, default=str),
            "versions": json.dumps(versions(), sort_keys=True),
            "started": self.started,
            "finished": datetime.now(UTC),
            "done": done,
            "failed": failed,
            "bytes": n_bytes,
        }
        store.tables.append("runs", cast([row], RUNS))


def versions() -> dict[str, str]:
    """Versions of biocurate and of the packages that decide what it writes."""
    found = {}
    for name in NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

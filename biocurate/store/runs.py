"""A row for every run: what was asked, with which versions, and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
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
class Log:
    """What a run has done."""

    done: int
    failed: int = 0
    n_bytes: int = 0
    rewritten: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Kind of error -> inputs."""


@dataclass(frozen=True)
class Run:
    """A run that has begun."""

    command: str
    target: str
    config: dict[str, Any]
    run_id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}")
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def finish(self, store: Store, *, done: int, failed: int = 0, n_bytes: int = 0) -> None:
        """Write the row of a run that came to its end."""
        self.write(store, Log(done, failed, n_bytes))

    @contextmanager
    def logged(self, store: Store, log: Callable[[], Log]) -> Iterator[None]:
        """Write the run's row when the block ends, and also where an error ends it, as far as the store can be written.

        Parameters
        ----------
        store : Store
        log : callable
            Gives what the run has done by then.
        """
        try:
            yield
        except BaseException as error:
            # What ended the run is told by its error; that its row could not be written adds nothing.
            with suppress(Exception):
                self.write(store, log(), type(error).__name__)
            raise
        self.write(store, log())

    def write(self, store: Store, log: Log, ended: str = "done") -> None:
        """Write the run's row."""
        row = {
            "run_id": self.run_id,
            "command": self.command,
            "target": self.target,
            "config": json.dumps(self.config, sort_keys=True, default=str),
            "versions": json.dumps(versions(), sort_keys=True),
            "started": self.started,
            "finished": datetime.now(UTC),
            "done": log.done,
            "failed": log.failed,
            "bytes": log.n_bytes,
            "rewritten": log.rewritten,
            "errors": [{"error": error, "count": count} for error, count in sorted(log.errors.items())],
            "ended": ended,
        }
        store.tables.append("runs", cast([row], RUNS))


def versions() -> dict[str, str]:
    """Versions of biocurate and of the packages that decide what it writes."""
    found = {}
    for name in NAMED:
        try:
            found[name] = _version(name)
        except PackageNotFoundError:
            continue
    return found


def _version(name: str) -> str:
    """As `importlib.metadata.version`, which reads all of a package's metadata as a letter, for one line of it."""
    found = distribution(name)
    line = _VERSION.search(found.read_text("METADATA") or "")
    return line[1] if line else found.version


_VERSION = re.compile(r"^Version: *(\S+) *$", re.MULTILINE)

"""Rows of written parts on their way into the tables of their sets, in few commits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from biocurate.store.store import Store

EVERY_S = 20.0
"""Seconds of work that a killed run loses at most, beside the tasks that it was at."""

ROWS = 250_000
"""Rows that wait at most, which bounds memory."""


@dataclass
class Commits:
    """Parts that wait to be published.

    By appending: what is there was looked up under the lease that is still held. To replace rows by their ids instead
    takes 1.2 s for 20,000 of them, longer than to draw them.
    """

    store: Store
    prefix: str = "images/"
    """Begins the names of the sets' tables."""
    waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, image_set: str, rows: pa.Table) -> None:
        """Publish a part's rows, now or with those that follow."""
        self.waiting.setdefault(image_set, []).append(rows)
        self.rows += rows.num_rows
        if self.rows >= ROWS or time.monotonic() - self.since >= EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Publish all that waits."""
        for image_set in list(self.waiting):
            self.store.tables.append(self.prefix + image_set, pa.concat_tables(self.waiting[image_set]))
            del self.waiting[image_set]
        self.rows, self.since = 0, time.monotonic()


@contextmanager
def committing(store: Store, prefix: str = "images/") -> Iterator[Commits]:
    """Collect rows while the block runs; what waits at its end is published, also where an error ends it."""
    commits = Commits(store, prefix)
    try:
        yield commits
    finally:
        commits.flush()

"""Windows that a manifest cuts for itself: taken back where its build is refused, judged where it asks for quality."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import polars as pl

from biocurate.curate.manifests.definition import Definition
from biocurate.curate.quality.build import score_unpublished
from biocurate.curate.windows.build import cut_unpublished
from biocurate.engine import Pool, Progress
from biocurate.errors import StoreError
from biocurate.store.store import Store


@contextmanager
def own_windows(store: Store, definition: Definition) -> Iterator[None]:
    """Cut the windows of a definition that says how, before the block; the caller holds the lease.

    Where the block ends in an error, the set is as it was before, or none: what is published is a whole manifest.
    """
    rule = definition.window_rule
    if rule is None:
        yield
        return
    table = f"windows/{definition.window_set}"
    before = store.tables.version(table) if store.tables.exists(table) else None
    try:
        cut_unpublished(store, definition.window_set, rule)
        yield
    except BaseException:
        # What ended the build is told by its error; a store that cannot be written any more tells nothing new.
        with suppress(StoreError):
            store.tables.put_back(table, before)
        raise


def judge_own(
    store: Store, definition: Definition, rows: pl.DataFrame, pool: Pool | None, progress: Progress | None
) -> None:
    """Judge what a definition's thresholds need of the windows that it cut for itself, and that was not judged yet.

    Values belong to a span of a recording and not to a window's number: those of a build that was refused serve the
    next one.
    """
    if definition.quality and definition.window_rule is not None:
        score_unpublished(store, definition.window_set, rows, pool=pool, progress=progress)

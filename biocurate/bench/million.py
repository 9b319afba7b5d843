"""A million images generated whole, by all workers: from a store into another one, tables and all, that is removed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from biocurate.engine import Pool, Progress, Silent
from biocurate.images.making.commits import committing
from biocurate.images.making.ordering import orders, pictures
from biocurate.images.making.part import make_part
from biocurate.images.making.plan import NONE, PartTask, Plan
from biocurate.store.manifests import Manifest
from biocurate.store.objects import Objects
from biocurate.store.store import Store, create_store


def whole(
    store: Store,
    manifest: Manifest,
    sensors: Sequence[str],
    kinds: Sequence[str],
    limit: int,
    pool: Pool,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Generate up to so many images of each representation, as `generate_sets` does, and count the seconds.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    sensors : sequence of str
        Sensor types or aliases.
    kinds : sequence of str
        Representations, one after the other.
    limit : int
        Images of each; of a manifest that has fewer, all.
    pool : Pool
        Its workers are started before the clock is.
    progress : Progress, optional
        Counts images.

    Returns
    -------
    DataFrame
        A row a representation: workers, images, seconds by the clock from the first task to the last commit, images a
        second, and megabytes that were stored.
    """
    bar, rows = progress or Silent(), []
    # Workers that start, and what is made once a process, would be most of a short run.
    list(pool.map(_ready, range(2 * pool.workers)))
    for kind in kinds:
        (order,) = orders([manifest], pictures([kind], sensors, {}))
        plan = Plan(store, order, NONE)
        images = min(limit, plan.survey().lacking)
        bar.start(images)
        with tempfile.TemporaryDirectory() as aside:
            into = create_store(str(Path(aside) / "store"))
            began, drawn, n_bytes = time.monotonic(), 0, 0
            with committing(into) as commits:
                for task, made in pool.map(make_part, _tasks(plan, images, pool.workers, into.objects)):
                    commits.add(task.image_set, made.rows)
                    drawn, n_bytes = drawn + task.images, n_bytes + made.n_bytes
                    bar.advance(task.images)
            seconds = time.monotonic() - began
        rows.append(
            {
                "representation": kind,
                "workers": pool.workers,
                "images": drawn,
                "seconds": seconds,
                "images_s": drawn / max(seconds, 1e-9),
                "MB": n_bytes / 1e6,
            }
        )
    return pl.DataFrame(rows)


def _tasks(plan: Plan, images: int, workers: int, into: Objects) -> Iterator[PartTask]:
    """Tasks of so many images in all, the last one cut, whose parts are written elsewhere."""
    left = images
    for task in plan.tasks(images, workers):
        of_window = len(task.lack.indexes) * len(task.lack.pictures)
        rows = task.lack.rows.head(-(-left // of_window))
        mine = replace(task, lack=replace(task.lack, rows=rows), objects=into)
        left -= mine.images
        yield mine
        if left <= 0:
            return


def _ready(_: int) -> None:
    """Import what tasks need, in a worker."""
    import biocurate.images.drawing.windows  # noqa: F401

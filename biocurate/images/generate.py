"""Draw the windows of a manifest into a set of images."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from biocurate.curate.fields import NAME
from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import UsageError
from biocurate.images.part import make_part
from biocurate.images.plan import tasks, wanted
from biocurate.images.registry import Representation
from biocurate.store.manifests import Manifest
from biocurate.store.runs import Run
from biocurate.store.schema import IMAGES, cast
from biocurate.store.store import Store

WINDOW = ["recording_id", "revision", "t0_ns", "duration_ns"]
"""What a window is, whatever its number."""


@dataclass
class Outcome:
    """How a generation ended."""

    image_set: str
    representation: str
    drawn: int = 0
    there_before: int = 0
    windows_without: int = 0
    """Windows of the manifest that have none of the sensor types."""
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    status: dict[str, int] = field(default_factory=dict)
    """Of the images drawn: how many are ok, and why others show nothing."""


def generate(
    store: Store,
    manifest: Manifest,
    representation: Representation,
    sensors: Sequence[str],
    *,
    channels: Sequence[str] = (),
    image_set: str | None = None,
    pool: Pool | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Outcome:
    """Draw every channel of some sensor types in every window of a manifest.

    Images that the set has are not drawn again, so that a second run does nothing and a killed run goes on. A set
    follows its manifest: images of windows that the manifest no longer has leave it. Each task owns whole parts, and
    publishes its images when they are all written.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    representation : Representation
    sensors : sequence of str
        Sensor types or aliases.
    channels : sequence of str
        Canonical channel names; all where left out.
    image_set : str, optional
        ``<manifest>-<kind>`` where left out. A set can hold several representations and sensor types of one manifest.
    pool : Pool, optional
        Where tasks run; here where left out.
    progress : Progress, optional
    overwrite : bool
        Draw everything anew, and drop what the set holds.

    Raises
    ------
    UsageError
        Where no window has such a sensor type or channel, the name is none, or the set is of another manifest.
    StaleError
        Where the manifest was made from recordings that have been replaced.
    DamageError
        Where a stored sample is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    name = image_set or f"{manifest.name}-{representation.kind}"
    _check_name(store, name)
    pool, bar, began = pool or InProcess(), progress or Silent(), time.monotonic()
    images = wanted(store, manifest, representation, sensors, channels)
    run = Run("images", name, _config(manifest, representation, sensors, channels))
    outcome = Outcome(name, representation.id, windows_without=manifest.rows.height - images["window_id"].n_unique())
    with store.lease(f"biocurate images generate {name}", run.run_id):
        there = _follow(store, name, manifest, overwrite)
        todo = images.join(there.to_frame(), on="image_id", how="anti", maintain_order="left")
        outcome.there_before = images.height - todo.height
        bar.start(todo.height)
        counts: Counter[str] = Counter()
        work = tasks(store, name, manifest.name, representation, todo, pool.workers)
        for task, result in pool.map(make_part, work):
            _publish(store, name, result.rows)
            counts.update(result.rows.column("status").to_pylist())
            outcome.drawn += task.images
            outcome.stored_bytes += result.n_bytes
            bar.advance(task.images)
        if todo.height:
            run.finish(store, done=outcome.drawn)
        outcome.snapshot_id = store.publish(run.run_id)
    outcome.status = dict(counts)
    outcome.seconds = time.monotonic() - began
    return outcome


def _config(
    manifest: Manifest, representation: Representation, sensors: Sequence[str], channels: Sequence[str]
) -> dict[str, object]:
    """What the run's row keeps: the parameters behind the representation's id among it."""
    return {
        "manifest": manifest.name,
        "manifest_hash": manifest.hash,
        "terms": list(manifest.terms),
        "representation": representation.id,
        "parameters": representation.model_dump(mode="json"),
        "sensors": list(sensors),
        "channels": list(channels),
    }


def _check_name(store: Store, name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name for an image set.", mend="Use letters, digits, - and _.")
    table = f"images/{name}"
    in_sql = re.sub(r"[/-]", "_", table)
    for other in store.tables.names():
        if other != table and re.sub(r"[/-]", "_", other) == in_sql:
            raise UsageError(
                f"in SQL {table!r} and {other!r} would both be called {in_sql}.", mend="Choose another name."
            )


def _follow(store: Store, name: str, manifest: Manifest, overwrite: bool) -> pl.Series:
    """Let a set follow its manifest as it is now; returns the ids of the images that it keeps.

    A manifest that is built again can number its windows anew, have more of them, or fewer.
    """
    table = f"images/{name}"
    if not store.tables.exists(table):
        return pl.Series("image_id", [], dtype=pl.Int64)
    there = store.tables.scan(table).collect()
    foreign = there.filter(pl.col("manifest") != manifest.name)
    if foreign.height and not overwrite:
        raise UsageError(
            f"image set {name!r} is of manifest {foreign['manifest'][0]!r}.",
            where=store.url,
            mend="Choose another name with --set, or --overwrite: snapshots keep the older images.",
        )
    now = manifest.rows.select(*WINDOW, now="window_id")
    kept = there.clear() if overwrite else there.join(now, on=WINDOW, how="inner", maintain_order="left")
    if not overwrite:
        kept = kept.with_columns(window_id="now").drop("now")
    if not kept.equals(there):
        store.tables.write(table, cast(kept.to_arrow(), IMAGES))
    return kept["image_id"]


def _publish(store: Store, name: str, rows: pa.Table) -> None:
    """Commit a part's rows.

    By appending: what is there was looked up under the lease that is still held. To replace rows by their ids instead
    takes 1.2 s for 20,000 of them, longer than to draw them.
    """
    store.tables.append(f"images/{name}", rows)

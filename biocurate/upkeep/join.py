"""Join two stores that sites made apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import StoreError, UsageError
from biocurate.ingest.identifiers import COLUMN, without
from biocurate.ingest.known import LABELS
from biocurate.ingest.run import sweep_annotations
from biocurate.store.duplicates import duplicates
from biocurate.store.forgotten import TABLE, forgotten, tombstones
from biocurate.store.runs import Run
from biocurate.store.signals import PART_BYTES
from biocurate.store.store import Store
from biocurate.upkeep.join_views import Views, copy_views, plan_views, publish_views
from biocurate.upkeep.placing import BATCH, placed
from biocurate.upkeep.starts import aligned
from biocurate.upkeep.transfer import Transfer, Transferred, places, transfer

MB = 1e6

Prefer = Literal["mine", "theirs"]


@dataclass
class Merged:
    """How a merge ended."""

    recordings: int = 0
    """Recordings that came over."""
    there_before: int = 0
    """Recordings of the same revision in both."""
    conflicts: list[str] = field(default_factory=list)
    """Recordings of different revisions, decided as `prefer` says."""
    forgotten_here: int = 0
    """Recordings left out, because this store has forgotten whose they are."""
    forgotten_there: list[str] = field(default_factory=list)
    """Persons of this store whom the other has forgotten."""
    starts_unknown: int = 0
    """Recordings whose start after their person's first cannot be told any more."""
    identifiers_left_out: int = 0
    """Recordings that came over without the names and dates that the other store holds of them."""
    left_out: list[str] = field(default_factory=list)
    """Window sets, manifests and image sets of the other store: they are made anew here."""
    derived: int = 0
    """Streams of views that came over."""
    views_left_out: list[str] = field(default_factory=list)
    """Views that both stores have, by other definitions."""
    duplicates: int = 0
    """Sets of recordings with the same samples under different names, in the store as it is now."""
    n_bytes: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0


def merge(
    store: Store,
    other: Store,
    pool: Pool | None = None,
    progress: Progress | None = None,
    *,
    prefer: Prefer | None = None,
) -> Merged:
    """Take over the recordings of another store, with their annotations, failures, runs and what views made of them.

    Samples are checked against their digests while they are copied. Recordings are published batch by batch, each whole
    or not at all: killed anywhere, the next merge goes on, and a second one does nothing. The other store is only read.
    Its window sets, manifests and images are left out: they are made from what a store holds, and a manifest of one
    half is none of the whole. A view that both have comes over where its definition is the same; one that is normalised
    over a person is made anew by the next `preprocess` where the person has recordings in both.

    Parameters
    ----------
    store : Store
        What is written to.
    other : Store
    pool : Pool, optional
        Where samples are copied.
    progress : Progress, optional
    prefer : {'mine', 'theirs'}, optional
        Whose recording stays where both have one of the same name from different sources or recipes.

    Raises
    ------
    StoreError
        Where recordings conflict and `prefer` does not say whose stay; nothing is written.
    DamageError
        Where the other store is damaged.
    LeaseError
        While another process writes to the store.
    """
    if store.url == other.url:
        raise UsageError("a store cannot be merged with itself.", where=store.url)
    began, pool, bar = time.monotonic(), pool or InProcess(), progress or Silent()
    run = Run("merge", "store", {"other": other.card["store_id"], "prefer": prefer})
    with store.lease("biocurate merge", run.run_id):
        outcome, todo, starts = _plan(store, other, prefer)
        shares = list(_shares(store, other, todo))
        views = plan_views(store, other, _keys_after(store, todo))
        bar.start((sum(share.transfer.n_bytes for share in shares) + views.n_bytes) / MB)
        # First, so that a merge that was killed finds one clock for each person.
        _move_starts(store, starts)
        for share, done in pool.map(_copy, shares):
            rows = placed(share.rows, done.rows).update(starts, on="recording_id", include_nulls=True)
            outcome.identifiers_left_out += rows[COLUMN].count()
            _publish(store, other, without(rows), run.run_id)
            outcome.recordings += rows.height
            outcome.n_bytes += share.transfer.n_bytes
            outcome.stored_bytes += done.stored_bytes
            bar.advance(share.transfer.n_bytes / MB)
        _take_views(store, views, run.run_id, pool, bar, outcome)
        _rest(store, other)
        sweep_annotations(store)
        if shares or views.shares:
            run.finish(store, done=outcome.recordings, n_bytes=outcome.n_bytes)
        outcome.snapshot_id = store.publish(run.run_id)
    outcome.duplicates = duplicates(store).height
    outcome.seconds = time.monotonic() - began
    return outcome


def _keys_after(store: Store, todo: pl.DataFrame) -> pl.DataFrame:
    """Recordings and revisions that this store will hold."""
    keys = todo.select("recording_id", "revision")
    mine = store.recordings.select("recording_id", "revision").collect()
    return pl.concat([mine.join(keys, on="recording_id", how="anti"), keys])


def _take_views(store: Store, views: Views, run_id: str, pool: Pool, bar: Progress, outcome: Merged) -> None:
    """Bring views over when their recordings are there, share by share."""
    outcome.views_left_out = views.left_out
    for share, done in pool.map(copy_views, views.shares):
        publish_views(store, share.rows, done.rows, run_id)
        outcome.derived += share.rows.height
        outcome.n_bytes += share.transfer.n_bytes
        outcome.stored_bytes += done.stored_bytes
        bar.advance(share.transfer.n_bytes / MB)


def _plan(store: Store, other: Store, prefer: Prefer | None) -> tuple[Merged, pl.DataFrame, pl.DataFrame]:
    """What to take over, and the starts of all recordings afterwards."""
    columns = ["recording_id", "revision", "person", "start_ns"]
    mine, theirs = store.recordings.select(columns).collect(), other.recordings.select(columns).collect()
    gone = forgotten(store, theirs["person"].drop_nulls())
    allowed = theirs.filter(~pl.col("person").is_in(list(gone)).fill_null(False))
    both = allowed.join(mine, on="recording_id", suffix="_here")
    clashing = both.filter(pl.col("revision") != pl.col("revision_here"))["recording_id"].sort()
    if len(clashing) and prefer is None:
        raise StoreError(
            f"{len(clashing)} recordings are in both stores, and not the same: {_few(clashing.to_list())}.",
            where=other.url,
            mend="Say whose stay: --prefer mine or --prefer theirs. Nothing was written.",
        )
    new = allowed.join(mine, on="recording_id", how="anti")
    taken = [*new["recording_id"], *(clashing if prefer == "theirs" else ())]
    starts = aligned(mine.drop("revision"), allowed.drop("revision"))
    unknown = new.drop_nulls("start_ns").join(starts.filter(pl.col("start_ns").is_null()), on="recording_id")
    outcome = Merged(
        there_before=both.height - len(clashing),
        conflicts=clashing.to_list(),
        forgotten_here=theirs.height - allowed.height,
        forgotten_there=sorted(forgotten(other, mine["person"].drop_nulls())),
        starts_unknown=unknown.height,
        left_out=[name for name in other.tables.names() if "/" in name],
    )
    todo = other.recordings.filter(pl.col("recording_id").is_in(taken)).sort("recording_id").collect()
    return outcome, todo, starts


@dataclass(frozen=True)
class _Share:
    """Recordings that one task brings over."""

    transfer: Transfer
    rows: pl.DataFrame


def _copy(share: _Share) -> Transferred:
    return transfer(share.transfer)


def _shares(store: Store, other: Store, todo: pl.DataFrame) -> Iterator[_Share]:
    """Whole recordings of one corpus each, about a part's worth of samples."""
    streams = todo.select("recording_id", "streams").explode("streams").drop_nulls().unnest("streams")
    held = {str(name): tuple(places(rows)) for (name,), rows in streams.group_by(["recording_id"])}
    for (corpus,), rows in todo.group_by(["corpus"], maintain_order=True):
        sizes = [sum(each.n_bytes for each in held.get(name, ())) for name in rows["recording_id"]]
        for first, stop in _cuts(sizes):
            some = rows[first:stop]
            mine = tuple(each for name in some["recording_id"] for each in held.get(name, ()))
            yield _Share(Transfer(other.objects, store.objects, str(corpus), mine), some)


def _cuts(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = total = 0
    for place, size in enumerate(sizes):
        if place > first and (total + size > PART_BYTES or place - first >= BATCH):
            yield first, place
            first, total = place, 0
        total += size
    yield first, len(sizes)


def _publish(store: Store, other: Store, rows: pl.DataFrame, run_id: str) -> None:
    """Commit as an ingest does: annotations first, recordings last; then the snapshot."""
    keys = rows.select("recording_id", "revision")
    theirs = other.tables.scan("annotations").join(keys.lazy(), on=["recording_id", "revision"], how="semi").collect()
    _publish_labels(store, other, keys["recording_id"])
    if theirs.height:
        store.tables.replace("annotations", theirs.to_arrow(), "revision", keys["revision"].to_list())
    store.tables.replace("recordings", rows.to_arrow(), "recording_id", keys["recording_id"].to_list())
    store.publish(run_id)


def _publish_labels(store: Store, other: Store, names: pl.Series) -> None:
    """Bring over what `annotate` added: the next ingest joins it to the annotations again."""
    mine, theirs = (each.tables.scan(LABELS) if each.tables.exists(LABELS) else None for each in (store, other))
    is_named = pl.col("recording_id").is_in(names.implode())
    if theirs is not None and (rows := theirs.filter(is_named).collect()).height:
        store.tables.replace(LABELS, rows.to_arrow(), "recording_id", names.to_list())
    elif mine is not None and mine.filter(is_named).head(1).collect().height:
        store.tables.replace(LABELS, mine.head(0).collect().to_arrow(), "recording_id", names.to_list())


def _move_starts(store: Store, starts: pl.DataFrame) -> None:
    """Change the starts of recordings that were here, where one that came over was before all of their person's."""
    there = store.recordings.join(starts.lazy(), on="recording_id", suffix="_now")
    moved = there.filter(pl.col("start_ns").ne_missing(pl.col("start_ns_now"))).collect()
    changed = moved.with_columns(start_ns="start_ns_now").drop("start_ns_now")
    for some in changed.iter_slices(BATCH):
        store.tables.replace("recordings", some.to_arrow(), "recording_id", some["recording_id"].to_list())


def _rest(store: Store, other: Store) -> None:
    """Take over failures of what is in neither store, runs, and who was forgotten there and is not here."""
    there = store.recordings.select("recording_id")
    failures = other.failures.join(there, on="recording_id", how="anti")
    failures = failures.join(store.failures.select("recording_id"), on="recording_id", how="anti")
    for some in failures.collect().iter_slices(BATCH):
        store.tables.replace("failures", some.to_arrow(), "recording_id", some["recording_id"].to_list())
    runs = other.tables.scan("runs").join(store.tables.scan("runs").select("run_id"), on="run_id", how="anti").collect()
    if runs.height:
        store.tables.append("runs", runs.to_arrow())
    here = forgotten(other, store.recordings.select("person").collect()["person"].drop_nulls())
    known = [*tombstones(store)["hash"], *here.values()]
    new = tombstones(other).filter(~pl.col("hash").is_in(known))
    if new.height:
        store.tables.append(TABLE, new.to_arrow())


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

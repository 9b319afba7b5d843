"""Free the room of parts that nothing refers to any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import polars as pl

from biocurate.store.item_parts import KINDS, PREFIXES, item_path
from biocurate.store.lease import Lease
from biocurate.store.snapshots import drop_snapshots, droppable
from biocurate.store.store import Store, open_store

YOUNGEST = timedelta(hours=24)
"""Nothing younger is touched: it may belong to a run that has not committed yet."""


@dataclass
class Swept:
    """What a vacuum removed or would remove."""

    parts: list[str] = field(default_factory=list)
    objects: int = 0
    n_bytes: int = 0
    kept_young: int = 0
    snapshots: list[int] = field(default_factory=list)
    """Snapshots that were dropped first, or would be."""


def vacuum(
    store: Store,
    *,
    dry_run: bool = True,
    now: datetime | None = None,
    keep_snapshots: int | None = None,
    drop_before: datetime | None = None,
) -> Swept:
    """Remove parts that no kept snapshot and no built manifest refers to.

    A part is live while any snapshot's rows name it; every snapshot is kept until it is dropped, and a manifest keeps
    the snapshot it was built from. Tables keep all their versions: Delta's own vacuum is never called.

    Parameters
    ----------
    store : Store
    dry_run : bool
        Only say what would go.
    now : datetime, optional
        The time that ages are counted from.
    keep_snapshots : int, optional
        Drop all but the newest so many snapshots first.
    drop_before : datetime, optional
        Drop snapshots that were published before first. With both, a snapshot goes where both say so.

    Raises
    ------
    LeaseError
        While another process writes to the store.
    """
    limit = (now or datetime.now(UTC)) - YOUNGEST
    if dry_run:
        dropped = droppable(store, keep=keep_snapshots, before=drop_before)
        return replace(sweep(store, None, limit, dropped), snapshots=dropped)
    with store.lease("biocurate vacuum") as held:
        dropped = droppable(store, keep=keep_snapshots, before=drop_before)
        drop_snapshots(store, dropped)
        return replace(sweep(store, held, limit), snapshots=dropped)


def live_parts(store: Store, dropped: Collection[int] = ()) -> set[str]:
    """Keys of every part that a snapshot which is not dropped, or a table as it stands, names."""
    live = _named(store)
    for snapshot_id in store.snapshots.select("snapshot_id").collect().to_series():
        if snapshot_id not in dropped:
            live |= _named(open_store(store.url, at=int(snapshot_id)))
    return live


def _named(store: Store) -> set[str]:
    named = {f"signals/{part}" for part in store.streams.select("part").unique().collect().to_series()}
    for name in store.tables.names():
        if name.startswith((*PREFIXES, "derived_streams")):
            parts = store.tables.scan(name).select(pl.col("part").unique()).collect().to_series()
            named |= {item_path(name if name.startswith(PREFIXES) else "signals", part) for part in parts}
    return named


def sweep(store: Store, held: Lease | None, youngest: datetime | None, dropped: Collection[int] = ()) -> Swept:
    """Find dead parts, and remove them where a lease is held.

    Parameters
    ----------
    store : Store
    held : Lease or None
        Without one nothing is removed.
    youngest : datetime or None
        What was changed later stays; None where the lease is enough.
    dropped : collection of int
        Snapshots that count as dropped.
    """
    live, swept = live_parts(store, dropped), Swept()
    for folder in ("signals", *KINDS):
        dead: dict[str, list[tuple[str, int]]] = {}
        young: set[str] = set()
        for entry in store.objects.list(folder):
            part = _part_of(entry.key)
            if part in live:
                continue
            dead.setdefault(part, []).append((entry.key, entry.size))
            if youngest is not None and entry.modified > youngest:
                young.add(part)
        swept.kept_young += len(young)
        for part in sorted(dead.keys() - young):
            swept.parts.append(part)
            swept.objects += len(dead[part])
            swept.n_bytes += sum(size for _, size in dead[part])
            if held is not None:
                held.check()
                for key, _ in dead[part]:
                    store.objects.delete(key)
    return swept


def _part_of(key: str) -> str:
    """Part that an object belongs to: the array's own key, or the list of objects beside it."""
    head, found, _ = key.partition(".zarr/")
    return head if found else key.removesuffix(".objects.json")

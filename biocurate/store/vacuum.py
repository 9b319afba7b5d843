"""Free the room of parts that nothing refers to any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from biocurate.errors import StoreError
from biocurate.store import lease as leases
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


def vacuum(store: Store, *, dry_run: bool = True, now: datetime | None = None) -> Swept:
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

    Raises
    ------
    LeaseError
        While another process writes to the store.
    """
    if dry_run:
        return _sweep(store, dry_run=True, now=now)
    with store.lease("biocurate vacuum"):
        return _sweep(store, dry_run=False, now=now)


def live_parts(store: Store) -> set[str]:
    """Keys of every part that a snapshot, or a table as it stands, names."""
    live = _named(store)
    for snapshot_id in store.snapshots.select("snapshot_id").collect().to_series():
        live |= _named(open_store(store.url, at=int(snapshot_id)))
    return live


def _named(store: Store) -> set[str]:
    named = {f"signals/{part}" for part in store.streams.select("part").unique().collect().to_series()}
    for name in store.tables.names():
        if name.startswith(("images/", "derived_streams")):
            folder = "images" if name.startswith("images/") else "signals"
            parts = store.tables.scan(name).select(pl.col("part").unique()).collect().to_series()
            named |= {f"{folder}/{part}" for part in parts}
    return named


def _sweep(store: Store, *, dry_run: bool, now: datetime | None) -> Swept:
    live, swept = live_parts(store), Swept()
    if not dry_run and leases.current(store.objects) is None:
        raise StoreError("the lease was lost.", where=store.url, mend="Run it again.")
    limit = (now or datetime.now(UTC)) - YOUNGEST
    for folder in ("signals", "images"):
        dead: dict[str, list[tuple[str, int]]] = {}
        young: set[str] = set()
        for entry in store.objects.list(folder):
            part = _part_of(entry.key)
            if part in live:
                continue
            dead.setdefault(part, []).append((entry.key, entry.size))
            if entry.modified > limit:
                young.add(part)
        swept.kept_young += len(young)
        for part in sorted(dead.keys() - young):
            swept.parts.append(part)
            for key, size in dead[part]:
                swept.objects += 1
                swept.n_bytes += size
                if not dry_run:
                    store.objects.delete(key)
    return swept


def _part_of(key: str) -> str:
    """Part that an object belongs to: the array's own key, or the list of objects beside it."""
    head, found, _ = key.partition(".zarr/")
    return head if found else key.removesuffix(".objects.json")

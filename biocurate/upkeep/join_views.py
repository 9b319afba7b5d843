"""Bring over what views made of recordings, where two stores are joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from biocurate.store.signals import PART_BYTES
from biocurate.store.store import Store
from biocurate.store.view_schema import DERIVED_STREAMS
from biocurate.upkeep.derived import TABLE
from biocurate.upkeep.placing import BATCH
from biocurate.upkeep.transfer import Transfer, Transferred, places, transfer

KEY = ["recording_id", "revision"]


@dataclass(frozen=True)
class Share:
    """Streams of views that one task brings over; the parts that it writes are its own."""

    transfer: Transfer
    rows: pl.DataFrame


@dataclass(frozen=True)
class Views:
    """What of the other store's views comes over."""

    shares: list[Share] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Views of which this store has other definitions."""

    @property
    def n_bytes(self) -> int:
        """Decoded bytes to copy."""
        return sum(share.transfer.n_bytes for share in self.shares)


def plan_views(store: Store, other: Store, keys: pl.DataFrame) -> Views:
    """Find the streams of views that are there and not here, of recordings that will be here.

    A view is one definition in a store: where this one has another of the same name, the other store's is left out.

    Parameters
    ----------
    store, other : Store
    keys : DataFrame
        recording_id and revision of this store's recordings, those that are taken over included.
    """
    theirs = other.derived_streams.join(keys.lazy().select(KEY), on=KEY, how="semi").collect()
    mine = store.derived_streams.select("stream_id", "view", "view_id", "input", "part", "n_samples").collect()
    clashing = theirs.join(mine, on="view", how="semi").join(mine, on="view_id", how="anti")
    wanted = theirs.join(clashing, on="view_id", how="anti")
    # A stream of which both have the same is complete here where it is stored, or is stored nowhere.
    same = wanted.select("stream_id", "input", stored=pl.col("part").is_not_null()).join(
        mine, on=["stream_id", "input"]
    )
    complete = same.filter(pl.col("part").is_not_null() | ~pl.col("stored"))
    other_input = wanted.join(mine, on="stream_id", suffix="_here").filter(pl.col("input") != pl.col("input_here"))
    wanted = wanted.join(
        pl.concat([complete.select("stream_id"), other_input.select("stream_id")]), on="stream_id", how="anti"
    )
    return Views(list(_shares(store, other, wanted)), clashing["view"].unique().sort().to_list())


def _shares(store: Store, other: Store, wanted: pl.DataFrame) -> Iterator[Share]:
    """Streams of one corpus each, about a part's worth of samples."""
    size = pl.col("n_samples") * pl.col("n_channels") * 4
    for (corpus,), rows in wanted.sort("stream_id").group_by("corpus", maintain_order=True):
        number = (size.cum_sum() - size) // PART_BYTES + pl.int_range(pl.len()) // BATCH
        for _, some in rows.with_columns(_share=number).group_by("_share", maintain_order=True):
            mine = some.drop("_share")
            held = tuple(places(mine.filter(pl.col("part").is_not_null())))
            yield Share(Transfer(other.objects, store.objects, str(corpus), held), mine)


def copy_views(share: Share) -> Transferred:
    """Copy the samples of a share, checked against their digests; nothing is published."""
    return transfer(share.transfer)


def publish_views(store: Store, rows: pl.DataFrame, moved: pl.DataFrame, run_id: str) -> None:
    """Commit rows of views with the places that their samples have here, and a snapshot.

    Parameters
    ----------
    store : Store
        Under a lease.
    rows : DataFrame
        Of the other store's ``derived_streams``.
    moved : DataFrame
        stream_id, part, start, part_digest; of lazy ones, which have no samples, there is none.
    run_id : str
    """
    placed = rows.update(moved, on="stream_id").select(pl.Schema(DERIVED_STREAMS).names())
    store.tables.replace(TABLE, placed.to_arrow(), "stream_id", placed["stream_id"].to_list())
    store.publish(run_id)

"""The same samples under another person's name, which stay where the person is forgotten."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from biocurate.store.store import Store


def copies_of(store: Store, recordings: Collection[str]) -> dict[str, list[str]]:
    """Find whose recordings hold samples that some recordings hold, too.

    Parameters
    ----------
    store : Store
    recordings : collection of str
        Ids, all of one person.

    Returns
    -------
    dict of str to list of str
        Person -> ids of theirs that share a stream; two flat streams of one length share their samples as well.
    """
    streams = store.streams.filter(pl.col("n_samples") > 0).select("recording_id", "person", "digest")
    is_theirs = pl.col("recording_id").is_in(list(recordings))
    digests = streams.filter(is_theirs).select("digest").unique()
    others = streams.filter(~is_theirs).join(digests, on="digest", how="semi")
    rows = others.group_by("person").agg(pl.col("recording_id").unique().sort()).sort("person").collect()
    return {str(person): ids for person, ids in rows.iter_rows()}

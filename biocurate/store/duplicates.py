"""The same samples under two names, found by the digests of streams, over all corpora."""

from __future__ import annotations

import polars as pl

from biocurate.store.store import Store


def duplicates(store: Store, *, run_id: str | None = None) -> pl.DataFrame:
    """Recordings that share streams of equal samples.

    Samples are equal when type, channels, length and every stored integer are, whatever the packing, the names, the
    gains and the files they came in. Two flat streams of one length are equal, too: look at `whole`.

    Parameters
    ----------
    store : Store
    run_id : str, optional
        Only what recordings of this run take part in.

    Returns
    -------
    DataFrame
        One row a set of recordings: ``recordings`` (their ids, sorted), ``corpora``, ``persons`` (how many: more than
        one leaks between splits), ``streams`` (how many each shares with the others), ``seconds`` (of those streams),
        ``whole`` (whether they share all that each has); the largest sets of streams first.
    """
    streams = store.streams.filter(pl.col("n_samples") > 0)
    runs = store.recordings.select("recording_id", "run_id")
    rows = (
        streams.select("recording_id", "corpus", "person", "digest", seconds=pl.col("n_samples") / pl.col("rate_hz"))
        .join(runs, on="recording_id")
        .with_columns(has=pl.len().over("recording_id"))
    )
    shared = (
        rows.group_by("digest")
        .agg(
            recordings=pl.col("recording_id").unique().sort(),
            corpora=pl.col("corpus").unique().sort(),
            persons=pl.col("person").n_unique(),
            seconds=pl.col("seconds").first(),
            fewest=pl.col("has").min(),
            most=pl.col("has").max(),
            of_run=(pl.col("run_id") == run_id).any() if run_id is not None else pl.lit(True),
        )
        .filter((pl.col("recordings").list.len() > 1) & pl.col("of_run"))
    )
    return (
        shared.group_by("recordings")
        .agg(
            corpora=pl.col("corpora").first(),
            persons=pl.col("persons").first().cast(pl.Int64),
            streams=pl.len().cast(pl.Int64),
            seconds=pl.col("seconds").sum(),
            whole=(pl.len() == pl.col("most").first()) & (pl.col("fewest").first() == pl.col("most").first()),
        )
        .sort(pl.col("streams"), pl.col("recordings").list.first(), descending=[True, False])
        .collect()
    )

"""Windows like a window: by the angle between their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biocurate.errors import UsageError
from biocurate.store.store import Store
from zoo.embedding.windows import labelled, window_vectors


def similar(
    store: Store,
    name: str,
    window_id: int,
    count: int = 10,
    representations: Sequence[str] = (),
    channels: Sequence[str] = (),
) -> pl.DataFrame:
    """List the windows whose vectors are nearest to that of a window, by cosine.

    A window's neighbours in its own recording share noise, electrodes and the person: what they have in common with it
    says little of what the window shows. The nearest windows of other persons are therefore listed too, and told apart.

    Parameters
    ----------
    store : Store
    name : str
        Of a set of embeddings.
    window_id : int
        A window of it.
    count : int
        How many of all windows, and how many of other persons' at least, as far as there are so many.
    representations, channels : sequence of str
        As of `window_vectors`.

    Returns
    -------
    DataFrame
        rank (among all windows), cosine, whose (``same recording``, ``same person`` or ``other person``), window_id,
        recording_id, person, start_s, label; nearest first.

    Raises
    ------
    UsageError
        Where the set has no such window.
    """
    found = window_vectors(store, name, representations, channels)
    at = np.flatnonzero(found.rows["window_id"].to_numpy() == window_id)
    if not at.size:
        numbers = found.rows["window_id"].to_list()
        mend = f"Its windows are numbered from {min(numbers)} to {max(numbers)}, those without an image left out."
        raise UsageError(f"it has no window {window_id}.", where=f"embeddings {name}", mend=mend)
    unit = found.vectors / np.maximum(np.linalg.norm(found.vectors, axis=1, keepdims=True), 1e-12)
    own = found.rows.row(int(at[0]), named=True)
    whose = (
        pl.when(pl.col("recording_id") == own["recording_id"])
        .then(pl.lit("same recording"))
        .when(pl.col("person").eq_missing(pl.lit(own["person"], pl.String)))
        .then(pl.lit("same person"))
        .otherwise(pl.lit("other person"))
    )
    ranked = (
        found.rows.with_columns(cosine=pl.Series(unit @ unit[at[0]]), whose=whose)
        .filter(pl.col("window_id") != window_id)
        .sort("cosine", "window_id", descending=[True, False])
        .with_row_index("rank", offset=1)
    )
    others = ranked.filter(pl.col("whose") == "other person").head(count)
    near = pl.concat([ranked.head(count), others]).unique("window_id", maintain_order=True).sort("rank")
    columns = ["rank", "cosine", "whose", "window_id", "recording_id", "person", "start_s", "label"]
    return labelled(store, name, near).with_columns(start_s=pl.col("t0_ns") / 1e9).select(columns)

"""Windows of a view whose samples have become others, though the recordings that they were cut from are as they were.

A derived stream has more than its own recording in it: a normalisation over a person has the person's other recordings,
and a notch has the mains frequency that the corpus declares. Windows therefore keep what their streams were made from.
"""

from __future__ import annotations

from hashlib import sha256

import polars as pl

from biocurate.errors import StaleError
from biocurate.store.stale import KEY, WORDS, rebuild
from biocurate.store.tables import Tables

TABLE = "derived_streams"

COLUMN = "view_input"
"""Of windows: what `inputs` says of their recording."""

_SHARED = ["view", "corpus", "person", "sensor_type"]
"""Of streams that one scaling over a person is made from."""

_STREAM = [*_SHARED, *KEY, "stream_no"]


def inputs(derived: pl.DataFrame) -> pl.DataFrame:
    """What the streams of each recording were made from, as one hash.

    Parameters
    ----------
    derived : DataFrame
        Rows of one view: recording_id, revision, stream_no, input.

    Returns
    -------
    DataFrame
        recording_id, revision, view_input (16 hexadecimal digits).
    """
    joined = derived.sort("stream_no").group_by(KEY).agg(pl.col("input").str.join(" "))
    hashed = [sha256(text.encode()).hexdigest()[:16] for text in joined["input"]]
    return joined.select(*KEY, pl.Series(COLUMN, hashed, dtype=pl.String))


def moved(rows: pl.LazyFrame, tables: Tables, streams: pl.LazyFrame) -> pl.DataFrame:
    """Recordings under windows of a view whose samples are, or will be at the next `preprocess`, others.

    Parameters
    ----------
    rows : LazyFrame
        Windows; there is nothing to tell of rows without a view.
    tables : Tables
    streams : LazyFrame
        Raw ones, of recordings as they stand now.

    Returns
    -------
    DataFrame
        recording_id, revision, view (its id), sorted.
    """
    nothing = pl.DataFrame(schema=dict.fromkeys([*KEY, "view"], pl.String))
    if not {"view", COLUMN} <= set(rows.collect_schema().names()) or not tables.exists(TABLE):
        return nothing
    cut = rows.select(*KEY, "view", COLUMN).drop_nulls().unique().collect(engine="streaming")
    found = [nothing]
    for (view_id,), mine in cut.group_by("view"):
        name = str(view_id).rpartition("-")[0]
        derived = tables.scan(TABLE).filter((pl.col("view") == name) | (pl.col("view_id") == view_id)).collect()
        now = inputs(derived.filter(pl.col("view_id") == view_id))
        both = mine.join(now, on=KEY, how="inner", suffix="_now")
        others = both.filter(pl.col(COLUMN) != pl.col(f"{COLUMN}_now"))
        shared = mine.join(_outdated(derived, streams), on=KEY, how="semi")
        found += [each.select(*KEY, "view") for each in (others, shared)]
    return pl.concat(found).unique().sort(*KEY, "view")


def _outdated(derived: pl.DataFrame, streams: pl.LazyFrame) -> pl.DataFrame:
    """Recordings whose scaling is over a person of whom a recording was replaced, added or removed since."""
    whose = derived.filter(pl.col("scope") == "subject").select(_SHARED).unique()
    if whose.is_empty():
        return derived.select(KEY).head(0)
    used = derived.join(whose, on=_SHARED, how="semi")
    there = streams.select(*_SHARED[1:], *KEY, "stream_no").join(whose.lazy(), on=_SHARED[1:]).collect()
    changed = pl.concat(
        [
            used.join(there, on=_STREAM, how="anti").select(_SHARED),
            there.join(used, on=_STREAM, how="anti").select(_SHARED),
        ]
    )
    return used.join(changed, on=_SHARED, how="semi").select(KEY).unique()


def moved_error(found: pl.DataFrame, table: str, where: str) -> StaleError:
    """Say of which view's samples a table is stale, and how to make it anew.

    Parameters
    ----------
    found : DataFrame
        As `moved` gives it.
    table : str
        As `biocurate.store.stale.stale_error` takes it.
    where : str
        The store.
    """
    kind, _, name = table.partition("/")
    what = f"{WORDS.get(kind, kind)} {name!r} was" if table else "the windows were"
    view = str(found["view"][0]).rpartition("-")[0]
    again = rebuild(table).replace(" --overwrite", f" --view {view} --overwrite")
    return StaleError(
        f"{what} made from the view {view!r}, of which {found.height} recordings have other samples now or at its next "
        f"run, such as {found['recording_id'][0]}: what they were made from beside themselves has changed.",
        where=where,
        mend=f"Go on with the view: biocurate preprocess {view}. Then build it again: {again}.",
    )

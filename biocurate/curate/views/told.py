"""What has to be said with every result on windows of a view."""

from __future__ import annotations

import polars as pl

from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store


def transductive(store: Store, windows: pl.DataFrame) -> list[str]:
    """A sentence for each sensor type that is normalised by other samples of whom one judges on.

    Parameters
    ----------
    store : Store
    windows : DataFrame
        Rows of a window set or manifest.
    """
    view = view_of(windows)
    if view is None:
        return []
    rows = store.streams_of(view).filter("transductive").select("sensor_type", "scope").unique().sort("sensor_type")
    return [
        f"TRANSDUCTIVE: {sensor} is normalised over the whole {scope}, test persons' too (view {view})."
        for sensor, scope in rows.collect().iter_rows()
    ]

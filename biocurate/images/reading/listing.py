"""What image sets a store has."""

from __future__ import annotations

import polars as pl

from biocurate.images.reading.stored import PREFIX, image_sets
from biocurate.store.stale import KEY
from biocurate.store.store import Store

STREAM = ("recording_id", "stream_no")


def list_images(store: Store) -> pl.DataFrame:
    """List image sets, a row a manifest, representation and sensor type.

    A set is ``stale`` where some of its images were made from a recording that has been replaced since. The sensor
    type of such an image is that of the stream which has its stream's place now.
    """
    sensors = store.streams.select(*STREAM, "sensor_type")
    live = store.recordings.select(*KEY, live=pl.lit(True))
    counted = [
        store.tables.scan(PREFIX + name)
        .join(sensors, on=STREAM, how="left")
        .join(live, on=KEY, how="left")
        .group_by("manifest", "representation", "sensor_type")
        .agg(
            images=pl.len(),
            shown=(pl.col("status") == "ok").sum(),
            windows=pl.col("window_id").n_unique(),
            parts=pl.col("part").n_unique(),
            stale=pl.col("live").is_null().any(),
        )
        .select(pl.lit(name).alias("set"), pl.all())
        .sort("manifest", "representation", "sensor_type")
        .collect()
        for name in image_sets(store)
    ]
    return pl.concat(counted) if counted else pl.DataFrame(schema={"set": pl.String})

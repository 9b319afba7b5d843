"""Which stream gives each window its samples of a sensor type, and which windows can be read together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.sensors import SensorType

if TYPE_CHECKING:
    from biocurate.store.store import Store


@dataclass(frozen=True)
class Signature:
    """What windows must share to be one array."""

    rate_hz: float
    channels: tuple[str, ...]
    duration_ns: int

    @property
    def samples(self) -> int:
        """Samples of a window."""
        from biocurate.recording import ns_to_samples

        return ns_to_samples(self.duration_ns, self.rate_hz)


def covering(store: Store, rows: pl.DataFrame, sensor: SensorType) -> pl.DataFrame:
    """Find the stream of a sensor type that covers each window, the first where there are several.

    Returns
    -------
    DataFrame, one row a covered window: ``row`` (place in `rows`), ``stream_no``, ``rate_hz``, ``channels`` (list of
    names), ``duration_ns``, ``of`` (how many streams of the type cover it)

    Raises
    ------
    StaleError
        Where a window was cut from a recording that has been replaced: it would seem to lack the sensor type.
    """
    from biocurate.store.signal_reader import view_of

    store.check_live(rows.lazy())
    keys = ["recording_id", "revision", "stream_no"]
    streams = (
        store.streams_of(view_of(rows))
        .filter(pl.col("sensor_type") == str(sensor))
        .select(*keys, "rate_hz", channels=pl.col("channels").list.eval(pl.element().struct.field("name")))
        .join(rows.lazy().select("recording_id", "revision").unique(), on=["recording_id", "revision"], how="semi")
        .collect()
    )
    return (
        rows.select("recording_id", "revision", "duration_ns", "streams")
        .with_row_index("row")
        .explode("streams")
        .with_columns(stream_no=pl.col("streams").struct.field("stream_no"))
        .join(streams, on=keys, how="inner", maintain_order="left")
        .with_columns(of=pl.len().over("row"))
        .unique("row", keep="first", maintain_order=True)
        .select("row", "stream_no", "rate_hz", "channels", "duration_ns", "of")
    )


def batches(places: NDArray[np.intp], like: Signature, held_bytes: int) -> Iterator[NDArray[np.intp]]:
    """Part windows of one signature into as many at a time as take no more memory than that, in float32."""
    step = max(1, held_bytes // max(4 * like.samples * len(like.channels), 1))
    for start in range(0, len(places), step):
        yield places[start : start + step]


def groups(covered: pl.DataFrame) -> Iterator[tuple[Signature, NDArray[np.intp]]]:
    """Windows that can be read as one array, each with their places in the rows."""
    keys = ["rate_hz", "channels", "duration_ns"]
    for (rate_hz, channels, duration_ns), part in covered.group_by(keys, maintain_order=True):
        yield Signature(float(rate_hz), tuple(channels), int(duration_ns)), part["row"].to_numpy().astype(np.intp)

"""Estimate the clocks of every recording of a corpus, and keep what was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.clocks.beats import ecg_beats, ppg_beats
from biocurate.curate.clocks.estimate import MOST_S, Estimate, Refused, estimate
from biocurate.curate.clocks.row import outcome
from biocurate.curate.clocks.said import ClockRule, said_rows
from biocurate.curate.clocks.transit import transit_allowance
from biocurate.errors import UsageError
from biocurate.recording import NS, samples_to_ns
from biocurate.store.pair_schema import CLOCKS
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.sql import nearest
from biocurate.store.store import Store
from biocurate.store.tables import MOST_IDS

Array = NDArray[np.float64]
Row = dict[str, Any]

DETECTORS = {"ECG": ecg_beats, "PPG": ppg_beats}
"""Sensor types whose beats can be found, the most exact first."""


def estimate_clocks(
    store: Store, corpus: str, most_s: float = MOST_S, said: Mapping[str, ClockRule] | None = None
) -> pl.DataFrame:
    """Estimate the clock of each device against its recording's, and write table ``clocks``.

    Parameters
    ----------
    store : Store
    corpus : str
    most_s : float
        Offsets to both sides that are looked at.
    said : mapping of str to ClockRule, optional
        By device, an offset or events that are said; its beats are not asked.

    Returns
    -------
    DataFrame
        Rows of ``clocks``, those without confidence among them.

    Raises
    ------
    UsageError
        Where the corpus is unknown, or no recording of it has a second clock.
    """
    streams = _streams(store, corpus)
    told = said or {}
    run = Run("clocks", corpus, {"most_s": most_s, "said": {name: str(rule) for name, rule in told.items()}})
    with store.lease(f"pairs clocks {corpus}", run.run_id):
        felt = (
            row
            for _, group in streams.group_by("recording_id", maintain_order=True)
            for row in _rows(store, group, most_s, told)
        )
        found = [*said_rows(store, streams["recording_id"].unique(), told, most_s), *felt]
        rows = sorted(({**row, "run_id": run.run_id} for row in found), key=itemgetter("recording_id", "clock"))
        table = cast(rows, CLOCKS)
        ids = sorted({row["recording_id"] for row in rows})
        for start in range(0, len(ids), MOST_IDS):
            mine = ids[start : start + MOST_IDS]
            some = pl.DataFrame(table).filter(pl.col("recording_id").is_in(mine)).to_arrow()
            store.tables.replace("clocks", cast(some, CLOCKS), "recording_id", mine)
        run.finish(store, done=len(rows))
        store.publish(run.run_id)
    return pl.DataFrame(table)


def beats_of(store: Store, stream: Row) -> Array:
    """Times of the beats in a stream, in seconds from the recording's start by the clock that timed it.

    Parameters
    ----------
    store : Store
    stream : dict
        Row of ``streams``: recording_id, stream_id, sensor_type, rate_hz, segments.
    """
    recording = store.recording(stream["recording_id"])
    found = [
        DETECTORS[stream["sensor_type"]](
            recording.read(stream["stream_id"], t0_ns / NS, (t0_ns + samples_to_ns(n, stream["rate_hz"])) / NS).astype(
                np.float64
            ),
            stream["rate_hz"],
        )
        + t0_ns / NS
        for t0_ns, n in ((segment["t0_ns"], segment["n_samples"]) for segment in stream["segments"])
        if n
    ]
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def _streams(store: Store, corpus: str) -> pl.DataFrame:
    """Streams with beats of the recordings that have more than one clock."""
    known = store.recordings.select("corpus").unique().collect()["corpus"].to_list()
    if corpus not in known:
        raise UsageError(f"the store has no corpus {corpus!r}.", where=store.url, mend=nearest(corpus, known))
    rows = store.streams.filter(pl.col("corpus") == corpus).collect()
    several = rows.filter(pl.col("clock").is_not_null()).select("recording_id").unique()
    if several.is_empty():
        raise UsageError(
            "no recording has a device with a clock of its own.",
            where=f"{store.url}: {corpus}",
            mend="Where one has, say so in the recipe: `clock: NAME` at its channels. Ingest rewrites the rows only; "
            "so it does where the recipe has said so since.",
        )
    return rows.join(several, on="recording_id", how="semi").sort("recording_id", "stream_no")


def _rows(store: Store, streams: pl.DataFrame, most_s: float, but: Collection[str]) -> Iterator[Row]:
    """A row for each device of a recording, but for some."""
    clocks = [clock for clock in streams["clock"].drop_nulls().unique().sort() if clock not in but]
    if not clocks:
        return
    felt = streams.filter(pl.col("sensor_type").is_in(list(DETECTORS)))
    beats = {row["stream_no"]: beats_of(store, row) for row in felt.iter_rows(named=True)}
    own = felt.filter(pl.col("clock").is_null())
    for clock in clocks:
        tried = [
            (estimate(beats[mine["stream_no"]], beats[moved["stream_no"]], most_s), mine, moved)
            for mine in own.iter_rows(named=True)
            for moved in felt.filter(pl.col("clock") == clock).iter_rows(named=True)
        ]
        named = {name: streams[name][0] for name in ("recording_id", "revision", "corpus", "person")}
        best = max(tried, key=rank, default=None)
        yield {**named, "clock": clock, **(_no_beats() if best is None else _outcome(*best))}


def rank(tried: tuple[Estimate | Refused, Row, Row]) -> tuple[int, int, float]:
    """An estimate before a refusal, electrodes before light, then by confidence."""
    found, mine, moved = tried
    electric = (mine["sensor_type"] == "ECG") + (moved["sensor_type"] == "ECG")
    return isinstance(found, Estimate), electric, found.confidence


def _no_beats() -> Row:
    return {"status": "no confidence", "reason": "no stream with beats on both clocks", "confidence": 0.0}


def _outcome(found: Estimate | Refused, mine: Row, moved: Row) -> Row:
    transit = transit_allowance(mine["sensor_type"], site_of(mine), moved["sensor_type"], site_of(moved))
    return {"stream_no": moved["stream_no"], "against": mine["stream_no"], **outcome(found, transit)}


def site_of(stream: Row) -> str | None:
    """Where on the body a row of ``streams`` was recorded."""
    site: str | None = stream["channels"][0]["position"]
    return site

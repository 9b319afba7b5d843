"""Two recordings of one person, made by two devices: the clock of one against the other's."""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl

from biocurate.curate.clocks.estimate import MOST_S, Estimate, Refused, estimate
from biocurate.curate.clocks.row import outcome
from biocurate.curate.clocks.run import DETECTORS, beats_of, rank, site_of
from biocurate.curate.clocks.transit import transit_allowance
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.sql import nearest
from biocurate.store.store import Store

Row = dict[str, Any]


def align_recordings(store: Store, recording: str, other: str, most_s: float = MOST_S) -> Row:
    """Estimate what is added to times in one recording to have them in another, by the heart that both feel.

    Parameters
    ----------
    store : Store
    recording : str
        Whose clock is kept.
    other : str
        Whose clock is moved; of the same person.
    most_s : float
        Offsets that are looked at, to both sides of what the recordings' starts say, or of 0 where these are not known.

    Returns
    -------
    dict
        recording, other, declared_ns (what the starts say; None where they are not known), status, method, offset_ns,
        drift_ppm, knots, precision_ns, transit_ns, uncertainty_ns, confidence, beats, stream_id, against, reason, as
        far as there is an estimate.

    Raises
    ------
    UsageError
        Where there is no such recording, or they are of two persons, or one of them twice.
    """
    rows = {each: _row(store, each) for each in (recording, other)}
    if recording == other:
        raise UsageError("this is one recording.", where=recording, mend="Name two of one person.")
    if rows[recording]["person"] is None or rows[recording]["person"] != rows[other]["person"]:
        raise UsageError(
            "the recordings are not known to be of one person.",
            where=f"{recording}, {other}",
            mend="Clocks are estimated by the one heart that two devices felt.",
        )
    starts = [rows[each]["start_ns"] for each in (recording, other)]
    declared = None if None in starts else starts[1] - starts[0]
    told = {"recording": recording, "other": other, "declared_ns": declared}
    kept, moved = (_felt(store, each) for each in (recording, other))
    shift = (declared or 0) / NS
    tried = [(estimate(beats_of(store, a), beats_of(store, b) + shift, most_s), a, b) for a, b in product(kept, moved)]
    if not tried:
        return told | outcome(Refused("no stream with beats in both recordings"), 0)
    found, a, b = max(tried, key=rank)
    transit = transit_allowance(a["sensor_type"], site_of(a), b["sensor_type"], site_of(b))
    made = outcome(_moved_back(found, shift), transit)
    return told | made | {"stream_id": b["stream_id"], "against": a["stream_id"]}


def _row(store: Store, recording_id: str) -> Row:
    known = store.recordings.select("recording_id", "person", "start_ns").collect()
    mine = known.filter(pl.col("recording_id") == recording_id)
    if mine.is_empty():
        mend = nearest(recording_id, known["recording_id"].to_list())
        raise UsageError(f"there is no recording {recording_id!r}.", where=store.url, mend=mend)
    return mine.row(0, named=True)


def _felt(store: Store, recording_id: str) -> list[Row]:
    """Streams with beats on the recording's own clock."""
    rows = store.streams.filter(
        pl.col("recording_id") == recording_id,
        pl.col("sensor_type").is_in(list(DETECTORS)),
        pl.col("clock").is_null(),
    )
    return rows.sort("stream_no").collect().to_dicts()


def _moved_back(found: Estimate | Refused, shift_s: float) -> Estimate | Refused:
    """The estimate for times as the other recording has them, without what was added to look for it."""
    if isinstance(found, Refused):
        return found
    line = found.line
    own = type(line)(line.knots_s - shift_s, line.offsets_s + shift_s, line.noise_s, line.uncertainty_s)
    return Estimate(own, found.method, found.confidence, found.beats)

"""Clocks of two devices: how often two persons are taken for one, and how near an injected lag and drift is found.

The second device is a signal of the recording sampled anew, at another rate, late by a lag and fast by a drift, with
noise of a tenth of its power that is drawn for each case. Where a recording has two signals of the heart, it is the
second of them, and what lies between the two before anything is injected (the pulse's transit, a watch's own clock) is
the estimate from the signals as they are; where it has one, it is the same signal, and nothing lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.clocks.estimate import Estimate, Refused, estimate
from biocurate.curate.clocks.run import DETECTORS, beats_of
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.store import Store

Array = NDArray[np.float64]

LAGS_S = (0.1, 1.0, 3.0, 10.0, 30.0)
DRIFTS_PPM = (-50.0, 0.0, 50.0)
RESAMPLED = 0.8
"""Rate of the second device's samples, of the first one's."""
NOISE = 0.1
"""Power of its noise, of the signal's without what changes slower than in a second."""


@dataclass(frozen=True)
class Heart:
    """Beats of one stream."""

    corpus: str
    person: str
    recording_id: str
    stream_id: str
    sensor_type: str
    beats: Array


def hearts(store: Store, corpora: tuple[str, ...]) -> list[Heart]:
    """Beats of every ECG and PPG stream of some corpora; UsageError where there is none."""
    rows = store.streams.filter(pl.col("corpus").is_in(list(corpora)), pl.col("sensor_type").is_in(list(DETECTORS)))
    found = [
        Heart(row["corpus"], row["person"], row["recording_id"], row["stream_id"], row["sensor_type"], beats)
        for row in rows.sort("stream_id").collect().iter_rows(named=True)
        if (beats := beats_of(store, row)).size
    ]
    if not found:
        raise UsageError("there is no heart to compare.", where=store.url, mend=f"Ingest {', '.join(corpora)}.")
    return found


def false_alarms(found: list[Heart], most: int, seed: int = 0) -> pl.DataFrame:
    """Try pairs of different persons: drawn at random where there are more than so many.

    Returns
    -------
    DataFrame
        corpora, pairs, accepted, share, highest_confidence of those that were refused.
    """
    pairs = [(a, b) for a, b in combinations(found, 2) if a.person != b.person]
    drawn = np.random.default_rng(seed).permutation(len(pairs))[:most]
    rows = []
    for a, b in (pairs[number] for number in sorted(drawn.tolist())):
        outcome = estimate(a.beats, b.beats)
        accepted = isinstance(outcome, Estimate)
        refused = 0.0 if accepted else outcome.confidence
        rows.append(("+".join(sorted({a.corpus, b.corpus})), accepted, refused))
    tried = pl.DataFrame(rows, schema=["corpora", "accepted", "refused"], orient="row")
    columns = {
        "pairs": pl.len(),
        "accepted": pl.col("accepted").sum(),
        "share": pl.col("accepted").mean(),
        "highest_confidence": pl.col("refused").max(),
    }
    each = tried.group_by("corpora").agg(**columns).sort("corpora")
    return pl.concat([each, tried.select(corpora=pl.lit("all"), **columns)])


def recovery(store: Store, found: list[Heart], most: int) -> pl.DataFrame:
    """Inject lags and drifts, and look for them.

    Parameters
    ----------
    store : Store
    found : list of Heart
    most : int
        Recordings of each corpus.

    Returns
    -------
    DataFrame
        A row a corpus and lag, over all drifts: cases, refused, beat_off (a quarter of a second or more), median and
        greatest error of the offset where it is greatest over the recording, median error of the drift, median
        uncertainty, and the share of the time in which the error is within it.
    """
    rows = [row for first, second in _devices(found, most) for row in _injected(store, first, second)]
    schema = ["corpus", "signals", "lag_s", "accepted", "error_ms", "drift_error_ppm", "uncertainty_ms", "within"]
    cases = pl.DataFrame(rows, schema=schema, orient="row", infer_schema_length=None)
    counted = cases.group_by("corpus", "signals", "lag_s").agg(
        cases=pl.len(),
        refused=(~pl.col("accepted")).sum(),
        beat_off=(pl.col("error_ms") >= 250).sum(),
        median_ms=pl.col("error_ms").median().round(1),
        greatest_ms=pl.col("error_ms").max().round(1),
        drift_ppm=pl.col("drift_error_ppm").median().round(1),
        uncertainty_ms=pl.col("uncertainty_ms").median().round(1),
        within=pl.col("within").mean().round(2),
    )
    return counted.sort("corpus", "lag_s")


def _devices(found: list[Heart], most: int) -> list[tuple[Heart, Heart]]:
    """A recording's two signals of the heart, or its one signal twice, of the first recordings of each corpus."""
    by_recording: dict[str, list[Heart]] = {}
    for heart in found:
        by_recording.setdefault(heart.recording_id, []).append(heart)
    made: list[tuple[Heart, Heart]] = []
    for hearts_here in by_recording.values():
        ordered = sorted(hearts_here, key=lambda heart: list(DETECTORS).index(heart.sensor_type))
        if sum(first.corpus == ordered[0].corpus for first, _ in made) < most:
            made.append((ordered[0], ordered[min(1, len(ordered) - 1)]))
    return made


def _injected(store: Store, first: Heart, second: Heart) -> list[tuple[Any, ...]]:
    one = first.stream_id == second.stream_id
    signals = f"{first.sensor_type} twice" if one else f"{first.sensor_type} and {second.sensor_type}"
    plain = None if one else estimate(first.beats, second.beats)
    if isinstance(plain, Refused):
        return []  # nothing is known of what lies between the two
    device = _Device.of(store, second)
    rows: list[tuple[Any, ...]] = []
    for number, (lag, ppm) in enumerate(product(LAGS_S, DRIFTS_PPM)):
        beats = (device.beats(number) - lag) / (1 + ppm * 1e-6)
        outcome = estimate(first.beats, beats)
        if isinstance(outcome, Refused):
            rows.append((first.corpus, signals, lag, False, None, None, None, None))
            continue
        at = np.linspace(beats[0], beats[-1], 200)
        moved = at * (1 + ppm * 1e-6) + lag
        error = at + outcome.line.added(at) - moved - (plain.line.added(moved) if plain else 0.0)
        half = np.hypot(outcome.line.uncertainty_s, plain.line.uncertainty_s if plain else 0.0)
        drift = abs(float(np.polyfit(at, error, 1)[0])) * 1e6
        off, within = float(np.abs(error).max() * 1e3), float((np.abs(error) <= half).mean())
        rows.append((first.corpus, signals, lag, True, off, drift, float(half * 1e3), within))
    return rows


@dataclass(frozen=True)
class _Device:
    """A signal that is sampled anew."""

    sensor_type: str
    t0_s: float
    rate_hz: float
    samples: Array

    @classmethod
    def of(cls, store: Store, heart: Heart) -> _Device:
        stream = store.streams.filter(pl.col("stream_id") == heart.stream_id).collect().row(0, named=True)
        t0_s = stream["t0_ns"] / NS
        x = store.recording(heart.recording_id).read(heart.stream_id, t0_s).astype(np.float64)
        return cls(heart.sensor_type, t0_s, stream["rate_hz"], np.nan_to_num(x - np.nanmean(x, axis=1, keepdims=True)))

    def beats(self, seed: int) -> Array:
        """Times of its beats by the true clock."""
        from scipy.ndimage import uniform_filter1d

        slow = uniform_filter1d(self.samples, max(round(self.rate_hz), 1), axis=1)
        spread = np.sqrt(NOISE) * (self.samples - slow).std(axis=1, keepdims=True)
        noisy = self.samples + np.random.default_rng(seed).normal(0, 1, self.samples.shape) * spread
        rate = self.rate_hz * RESAMPLED
        at = np.arange(int((noisy.shape[1] - 1) * RESAMPLED)) / RESAMPLED
        sampled = np.stack([np.interp(at, np.arange(row.size), row) for row in noisy])
        return self.t0_s + DETECTORS[self.sensor_type](sampled, rate)

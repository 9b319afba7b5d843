"""Whom a threshold drops: windows of arrhythmia have beats that differ, and no noise at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from biocurate.curate.quality.catalogue import find_measure
from biocurate.curate.quality.score import score
from biocurate.curate.quality.validation.criteria import physical
from biocurate.recipes import load_recipe
from biocurate.recording import NS, Recording, Stream
from biocurate.sensors import SensorType

SECONDS = 10.0
MOST_WINDOWS = 60
"""Of one recording, spread over it: a long one is not to outweigh the rest."""
INDEX = "ecg_sqi_v1"
AF = ("atrial fibrillation", "afib")
SINUS = ("sinus", "normal", "non-af")


def dropped_by_rhythm(roots: Mapping[str, Path], at_least: float) -> pl.DataFrame:
    """Share of channels of 10 s windows whose index lies below a threshold, by corpus and rhythm.

    Parameters
    ----------
    roots : mapping of recipe to folder
    at_least : float

    Returns
    -------
    DataFrame
        A row a corpus and rhythm: persons, windows, channels, the median index, and the shares of channels and of
        windows, counted as dropped where any channel is, that are below.
    """
    rows = [row for name, root in roots.items() for row in _of_corpus(name, root)]
    schema = {"corpus": pl.String, "rhythm": pl.String, "person": pl.String, "window": pl.Int64, "value": pl.Float64}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    below = pl.col("value").fill_nan(0.0) < at_least
    of_windows = (
        table.group_by("corpus", "rhythm", "window")
        .agg(any_channel=below.any())
        .group_by("corpus", "rhythm")
        .agg(windows_dropped=pl.col("any_channel").mean())
    )
    return (
        table.group_by("corpus", "rhythm")
        .agg(
            persons=pl.col("person").n_unique(),
            windows=pl.col("window").n_unique(),
            channels=pl.len(),
            median=pl.col("value").median(),
            channels_dropped=below.mean(),
        )
        .join(of_windows, on=["corpus", "rhythm"])
        .sort("corpus", "rhythm")
    )


def _of_corpus(name: str, root: Path) -> list[tuple[str, str, str, int, float]]:
    recipe, measure = load_recipe(name), find_measure(INDEX)
    rows: list[tuple[str, str, str, int, float]] = []
    window = 0
    for unit in recipe.units(root):
        recording = recipe.read(unit)
        for stream in [each for each in recording.streams if each.sensor_type == SensorType.ECG]:
            samples, begins = _windows(stream)
            values = score(samples, stream.rate_hz, stream.sensor_type, only=[measure]).columns[INDEX]
            for begin, channels in zip(begins, values, strict=True):
                rhythm = _rhythm(recording, begin)
                rows += [(name, rhythm, unit.subject, window, float(value)) for value in channels]
                window += 1
    return rows


def _windows(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a stream, shape (windows, channels, samples), and their starts in ns from the recording's."""
    length = round(SECONDS * stream.rate_hz)
    total = stream.n_samples // length
    samples = physical(stream)[:, : total * length].reshape(len(stream.channels), total, length).swapaxes(0, 1)
    chosen = np.unique(np.linspace(0, max(total - 1, 0), min(MOST_WINDOWS, total)).astype(int))
    return samples[chosen], stream.t0_ns + (chosen * SECONDS * NS).astype(np.int64)


def _rhythm(recording: Recording, begin: int) -> str:
    """What the labels that cover a window say: of an interval of rhythm first, then of the whole recording."""
    end = begin + round(SECONDS * NS)
    rhythm = [each for each in recording.annotations if each.kind == "rhythm" and each.duration_ns]
    parts = [each.value for each in rhythm if each.onset_ns < end and each.onset_ns + each.duration_ns > begin]
    whole = [each.value for each in recording.annotations if each.kind in ("dx", "diagnosis")]
    said = [_group(text) for text in (parts or whole)]
    if len(set(said)) > 1:
        # Several diagnoses: arrhythmia before the rest; several rhythms in one window are no rhythm.
        return "mixed" if parts else next(each for each in ("AF", "other", "sinus") if each in said)
    return said[0] if said else "unlabelled"


def _group(text: str) -> str:
    lowered = text.lower()
    if lowered in AF or lowered.endswith("persistent af") or "atrial fibrillation" in lowered:
        return "AF"
    return "sinus" if any(word in lowered for word in SINUS) or lowered == "n" else "other"

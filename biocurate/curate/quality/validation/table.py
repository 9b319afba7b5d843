"""The table that an index is judged by: clean recordings, the same with noise of a known size, and noise alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.quality.block import Block, Floats
from biocurate.curate.quality.catalogue import measures
from biocurate.curate.quality.registry import Measure
from biocurate.curate.quality.validation.material import Clean
from biocurate.curate.quality.validation.noise import KINDS, SNR_DB, Drawn, applies, noisy, white

LEAST_AUROC = 0.9
"""Of clean against 0 dB."""
MOST_WHITE = 0.2
"""Median of an index for windows of nothing but white noise."""
SLACK = 0.01
"""By which a median may rise where noise is added and an index is still monotone."""
SEED = 20
ALL = "all"
"""In the place of a corpus: all of a sensor type together."""


def validate(material: Sequence[Clean], only: Sequence[Measure] | None = None) -> pl.DataFrame:
    """Judge every index on clean windows with noise.

    Parameters
    ----------
    material : sequence of Clean
    only : sequence of Measure, optional
        Else every index: measures of one or few sensor types in which 1 is clean.

    Returns
    -------
    DataFrame
        One row an index, kind of noise and corpus, and one for all corpora of a sensor type together: windows and
        persons, the median of clean windows and at each ratio, whether the medians fall with the ratio (by no more
        than `SLACK` the other way), AUROC of clean windows against those at 0 dB, the median for white noise alone,
        and whether all three meet the bar.
    """
    found = []
    for sensor in dict.fromkeys(clean.sensor for clean in material):
        mine = [clean for clean in material if clean.sensor == sensor]
        chosen = [each for each in (only or measures(sensor)) if each.good and each.sensors and each.is_for(sensor)]
        for kind in KINDS:
            there = [clean for clean in mine if applies(kind, sensor, clean.rate_hz)]
            sets = [_noisy_sets(clean, kind) for clean in there]
            for measure in chosen:
                judged = [_judge(measure, clean, noisy) for clean, noisy in zip(there, sets, strict=True)]
                found += [_row(measure, kind, [clean], [each]) for clean, each in zip(there, judged, strict=True)]
                found += [_row(measure, kind, there, judged)] if len(there) > 1 else []
    return pl.DataFrame(found, infer_schema_length=None).sort("index", maintain_order=True)


def verdicts(table: pl.DataFrame) -> pl.DataFrame:
    """One row an index and sensor type: whether it meets the bar over all corpora together, and where it does not."""
    several = pl.col("corpus").n_unique().over("index", "sensor", "noise") > 1
    overall = table.filter((pl.col("corpus") == ALL) | ~several)
    return overall.group_by("index", "sensor", maintain_order=True).agg(
        least_auroc=pl.col("auroc_0db").min(),
        most_white=pl.col("white_noise").max(),
        absolute=pl.col("meets").all(),
        weak_in=pl.col("noise").filter(~pl.col("meets")).unique(maintain_order=True).str.join(", "),
    )


def _noisy_sets(clean: Clean, kind: str) -> dict[str, Floats]:
    """Clean windows, the same at each ratio, and as much white noise alone."""
    (windows, samples), sensor = clean.samples.shape, clean.sensor
    alone = white(samples, clean.rate_hz, sensor, Drawn(windows, np.random.default_rng(SEED + 1)))
    level, size = clean.samples.mean(axis=1, keepdims=True), clean.samples.std(axis=1, keepdims=True)
    at = {_name(snr): noisy(clean.samples, kind, snr, clean.rate_hz, sensor, SEED) for snr in SNR_DB}
    return {"clean": clean.samples, **at, "white_noise": level + size * alone}


def _judge(measure: Measure, clean: Clean, sets: dict[str, Floats]) -> dict[str, Floats]:
    return {name: _values(measure, clean, samples) for name, samples in sets.items()}


def _row(measure: Measure, kind: str, cleans: list[Clean], judged: list[dict[str, Floats]]) -> dict[str, object]:
    values = {name: np.concatenate([each[name] for each in judged]) for name in judged[0]}
    medians = {name: round(float(np.median(found)), 3) for name, found in values.items()}
    steps = [medians["clean"], *(medians[_name(snr)] for snr in SNR_DB)]
    monotone = bool((np.diff(steps) <= SLACK).all())
    area = round(auroc(values["clean"], values["0dB"]), 3)
    return {
        "index": measure.column,
        "sensor": str(cleans[0].sensor),
        "noise": kind,
        "corpus": cleans[0].corpus if len(cleans) == 1 else ALL,
        "windows": len(values["clean"]),
        "persons": sum(len(np.unique(clean.person)) for clean in cleans),
        **medians,
        "monotone": monotone,
        "auroc_0db": area,
        "meets": monotone and area >= LEAST_AUROC and medians["white_noise"] < MOST_WHITE,
    }


def _name(snr: float) -> str:
    return f"{snr:.0f}dB"


def _values(measure: Measure, clean: Clean, samples: Floats) -> Floats:
    """Values of an index, in blocks of bounded size; what it cannot judge counts as 0."""
    step = max(1, 1_000_000 // samples.shape[1])
    float32 = samples.astype(np.float32).astype(np.float64)
    parts = [
        measure.function(Block(clean.sensor, clean.rate_hz, clean.unit, float32[first : first + step])).value
        for first in range(0, len(samples), step)
    ]
    return np.nan_to_num(np.concatenate(parts))


def auroc(clean: NDArray[np.float64], worse: NDArray[np.float64]) -> float:
    """Chance that a clean window has a higher value than a noisy one; ties count half (Mann & Whitney 1947)."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([clean, worse]))[: len(clean)]
    return float((ranks.sum() - len(clean) * (len(clean) + 1) / 2) / (len(clean) * len(worse)))

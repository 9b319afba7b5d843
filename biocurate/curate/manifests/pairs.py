"""Which selected windows have the pairs that a definition asks for."""

from __future__ import annotations

import polars as pl

from biocurate.curate.pairs.build import streams_of
from biocurate.curate.pairs.join import pairs_of
from biocurate.curate.pairs.rule import PairRule
from biocurate.errors import ManifestError
from biocurate.store.store import Store


def paired(store: Store, rows: pl.DataFrame, rule: PairRule | None, name: str) -> pl.DataFrame:
    """Keep the windows in which every two of the sensor types make a pair that meets the rule.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Selected windows.
    rule : PairRule or None
        None keeps all.
    name : str
        Of the manifest.

    Raises
    ------
    ManifestError
        Where none does.
    """
    if rule is None:
        return rows
    sensors = [str(sensor) for sensor in rule.sensors]
    # Pairs are found anew: a rule stands by itself, whether or not `biocurate pairs build` was run.
    found = pairs_of(rows, streams_of(store, rows.lazy(), sensors, rule.clocks), sensors)
    if rule.min_rate_hz is not None:
        found = found.filter(pl.min_horizontal("rate_a_hz", "rate_b_hz") >= rule.min_rate_hz)
    if rule.max_uncertainty is not None:
        found = found.filter(pl.col("uncertainty_ns") <= rule.max_uncertainty)
    wanted = len({frozenset((a, b)) for place, a in enumerate(sensors) for b in sensors[place + 1 :]})
    both = pl.concat_list(pl.min_horizontal("sensor_a", "sensor_b"), pl.max_horizontal("sensor_a", "sensor_b"))
    complete = found.group_by("window_id").agg(n=both.n_unique()).filter(pl.col("n") == wanted)
    if complete.is_empty():
        raise ManifestError(
            f"none of {rows.height:,} windows has {rule}.",
            where=f"{name}: pairs",
            mend="See: biocurate pairs show; where devices differ in their clocks: biocurate pairs clocks CORPUS.",
        )
    return rows.filter(pl.col("window_id").is_in(complete["window_id"].implode()))

"""Which selected windows meet a definition's thresholds on quality, and whom that drops."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

import polars as pl

from biocurate.curate.quality.listing import quality_rows
from biocurate.curate.quality.rule import QualityRule
from biocurate.errors import ManifestError, UsageError
from biocurate.store.store import Store

WINDOW = ["recording_id", "revision", "t0_ns", "duration_ns", "view"]
"""What a window is, whatever its number: a set that is cut again may number them anew."""


def meeting(
    store: Store, rows: pl.DataFrame, window_set: str, rules: Sequence[QualityRule], name: str
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Keep the windows that meet every rule.

    A window in which a channel has no value does not meet a rule by that channel, and one without the sensor type
    meets none.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Selected windows with their ``label``.
    window_set : str
        The set that they are of.
    rules : sequence of QualityRule
    name : str
        Of the manifest.

    Returns
    -------
    rows : DataFrame
    dropped : list of dict
        by (rule, label, sex or corpus), value, windows, dropped; empty without rules.

    Raises
    ------
    ManifestError
        Where the windows were not judged, or not by that measure, or none meets the rules.
    """
    if not rules:
        return rows, []
    try:
        judged = quality_rows(store, window_set)
    except UsageError as error:
        raise ManifestError(error.what, where=f"{name}: quality", mend=error.mend) from error
    meets = [_meets(rows, judged, rule, window_set, name) for rule in rules]
    kept = reduce(and_, meets)
    dropped = [_line("rule", str(rule), each) for rule, each in zip(rules, meets, strict=True)]
    dropped += _by_group(store, rows, kept)
    if not kept.any():
        raise ManifestError(
            f"none of {rows.height:,} windows meets: {'; '.join(map(str, rules))}.",
            where=f"{name}: quality",
            mend=f"See: biocurate quality show {window_set}",
        )
    return rows.filter(kept), dropped


def check_sensors(rows: pl.DataFrame, rules: Sequence[QualityRule], name: str) -> None:
    """Refuse a threshold on a sensor type that no selected window has, before any window is judged."""
    there = rows["sensor_types"].explode().unique().drop_nulls().sort()
    absent = [str(rule.sensor) for rule in rules if str(rule.sensor) not in there]
    if absent:
        raise ManifestError(
            f"none of {rows.height:,} windows has {absent[0]}, and a window without it meets no threshold on it.",
            where=f"{name}: quality",
            mend=f"The windows have {', '.join(there)}.",
        )


def _meets(rows: pl.DataFrame, judged: pl.LazyFrame, rule: QualityRule, window_set: str, name: str) -> pl.Series:
    """Tell which windows meet one rule."""
    if rule.measure not in judged.collect_schema():
        raise ManifestError(
            f"its windows were not judged by {rule.measure}.",
            where=f"{name}: quality",
            mend=f"Judge them again: biocurate quality score {window_set}",
        )
    value = pl.col(rule.measure)
    good = value >= rule.at_least if rule.at_least is not None else value <= rule.at_most
    good = good.fill_null(False)
    enough = {"all": good.all(), "any": good.any(), "share": good.mean() >= (rule.share or 1.0)}[rule.channels]
    found = judged.filter(pl.col("sensor_type") == str(rule.sensor)).group_by(WINDOW).agg(meets=enough).collect()
    if "view" not in rows.columns:  # a set that was cut before there were views
        rows = rows.with_columns(view=pl.lit(None, pl.String))
    wide = rows.select(*WINDOW, "sensor_types")
    joined = wide.join(found, on=WINDOW, how="left", nulls_equal=True, maintain_order="left")
    unjudged = joined.filter(pl.col("meets").is_null() & pl.col("sensor_types").list.contains(str(rule.sensor)))
    if unjudged.height:
        raise ManifestError(
            f"{unjudged.height:,} of {rows.height:,} windows have not been judged.",
            where=f"{name}: quality",
            mend=f"Judge them: biocurate quality score {window_set}, and build again.",
        )
    return joined["meets"].fill_null(False)


def _by_group(store: Store, rows: pl.DataFrame, kept: pl.Series) -> list[dict[str, Any]]:
    """Windows and how many of them are dropped, by label, sex and corpus."""
    sexes = store.recordings.select("recording_id", "sex").collect()
    wide = rows.select("recording_id", "corpus", "label").with_columns(kept=kept)
    wide = wide.join(sexes, on="recording_id", how="left", maintain_order="left")
    found = []
    named = ("sex", "corpus") if wide.schema["label"] == pl.Float64 else ("label", "sex", "corpus")
    for by in named:
        groups = wide.explode(by) if wide.schema[by] == pl.List(pl.String) else wide
        for (value,), mine in groups.sort(by, nulls_last=True).group_by([by], maintain_order=True):
            found.append(_line(by, value, mine["kept"]))
    return found


def _line(by: str, value: object, kept: pl.Series) -> dict[str, Any]:
    dropped = kept.len() - int(kept.sum())
    return {"by": by, "value": value, "windows": kept.len(), "dropped": dropped}

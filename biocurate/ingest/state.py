"""The state of a store: what it has of each corpus, what failed and why, and how the last run ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl
import yaml

from biocurate.errors import IncompleteError
from biocurate.ingest.reasons import reason_of
from biocurate.store.store import Store

NS_PER_HOUR = 3.6e12


@dataclass(frozen=True)
class State:
    """A store in tables."""

    corpora: pl.DataFrame
    """A row a corpus: what it has, how much of it is ``identified`` by name or date, ``seen`` of what is published."""
    sensors: pl.DataFrame
    """A row a corpus, sensor type and rate."""
    failures: pl.DataFrame
    """A row a corpus, state (``failed`` or ``incomplete``) and reason (`reason_of`)."""
    runs: pl.DataFrame
    """The last ingest of each corpus, and which files it left out unread, as hidden ones."""


def state_of(store: Store) -> State:
    """Look at a store's tables."""
    runs = _last_runs(store)
    left_out = pl.Series("left_out", [_config(config).get("left_out") for config in runs["config"]], pl.String)
    return State(_corpora(store, runs), _sensors(store), _failures(store), runs.drop("config").with_columns(left_out))


def _corpora(store: Store, runs: pl.DataFrame) -> pl.DataFrame:
    rows = (
        store.recordings.group_by("corpus")
        .agg(
            subjects=pl.col("person").n_unique(),
            recordings=pl.len(),
            hours=pl.col("duration_ns").sum() / NS_PER_HOUR,
            warnings=pl.col("warnings").list.len().sum(),
            licence=pl.col("licence").first(),
            identified=pl.col("identifiers").is_not_null().sum(),
        )
        .collect()
    )
    failed = store.failures.group_by("corpus").agg(not_read=pl.len()).collect()
    # A corpus of which nothing could be read is told of, too.
    rows = rows.join(failed, on="corpus", how="full", coalesce=True)
    rows = rows.with_columns(pl.col("subjects", "recordings", "not_read", "identified").fill_null(0))
    configs: dict[str, str] = dict(runs.select("corpus", "config").iter_rows())
    expected = {corpus: _expected(configs.get(corpus)) for corpus in rows["corpus"]}
    seen = [_seen(expected[row["corpus"]], row) for row in rows.iter_rows(named=True)]
    return rows.with_columns(pl.Series("seen", seen, pl.String)).sort("corpus")


def _expected(config: str | None) -> dict[str, Any]:
    """What the recipe of a run expects; nothing where its text cannot be read any more."""
    try:
        text = yaml.safe_load(_config(config).get("recipe", ""))
    except (ValueError, yaml.YAMLError):
        return {}
    expect = text.get("expect") if isinstance(text, dict) else None
    return expect if isinstance(expect, dict) else {}


def _config(config: str | None) -> dict[str, Any]:
    """A run's configuration; empty where it cannot be read any more."""
    try:
        found = json.loads(config or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seen(expect: dict[str, Any], row: dict[str, Any]) -> str | None:
    """Say how much of a corpus is there: ``31 of 100 recordings, 12 of 36 subjects``."""
    said = [
        f"{row[word]:,} of {published:,} {word}"
        for word in ("recordings", "subjects")
        if isinstance(published := expect.get(word), int)
    ]
    return ", ".join(said) or None


def _sensors(store: Store) -> pl.DataFrame:
    return (
        store.streams.group_by("corpus", "sensor_type", "rate_hz")
        .agg(
            recordings=pl.col("recording_id").n_unique(),
            channels=pl.col("n_channels").max(),
            hours=(pl.col("n_samples") / pl.col("rate_hz")).sum() / 3600,
        )
        .sort("corpus", "sensor_type", "rate_hz")
        .collect()
    )


def _failures(store: Store) -> pl.DataFrame:
    is_incomplete = pl.col("error") == IncompleteError.__name__
    return (
        store.failures.with_columns(
            state=pl.when(is_incomplete).then(pl.lit("incomplete")).otherwise(pl.lit("failed")),
            reason=pl.col("message").map_elements(reason_of, pl.String),
        )
        .group_by("corpus", "state", "error", "reason")
        .agg(files=pl.len(), example=pl.col("source").sort().first(), mend=pl.col("mend").first())
        .sort("corpus", "files", "reason", descending=[False, True, False])
        .collect()
    )


def _last_runs(store: Store) -> pl.DataFrame:
    return (
        store.tables.scan("runs")
        .filter(pl.col("command") == "ingest")
        .sort("started")
        .group_by("target")
        .last()
        .select(
            "started",
            "config",
            "done",
            "rewritten",
            "failed",
            corpus="target",
            seconds=(pl.col("finished") - pl.col("started")).dt.total_milliseconds() / 1000,
            MB=pl.col("bytes") / 1e6,
            ended=pl.col("ended").fill_null("done"),
            errors=pl.col("errors"),
        )
        .select("corpus", "started", "seconds", "done", "rewritten", "failed", "MB", "ended", "errors", "config")
        .sort("corpus")
        .collect()
    )

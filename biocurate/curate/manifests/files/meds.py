"""Labels by the Medical Event Data Standard: who, when, and what is to be predicted.

Source: MEDS 0.4, label schema and subject split schema (https://medical-event-data-standard.github.io).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from biocurate.curate.splits.persons import person_hash
from biocurate.errors import ManifestError
from biocurate.store.manifests import Manifest

LABELS = pl.Schema(
    [
        ("subject_id", pl.Int64()),
        ("prediction_time", pl.Datetime("us")),
        ("boolean_value", pl.Boolean()),
        ("integer_value", pl.Int64()),
        ("float_value", pl.Float32()),
        ("categorical_value", pl.String()),
    ]
)
"""Columns of the label schema, in its order."""

BOOLEANS = {"false": False, "true": True, "no": False, "yes": True}


def write(
    place: Path, manifest: Manifest, rows: pl.DataFrame, starts: pl.DataFrame
) -> tuple[list[str], dict[str, Any]]:
    """Write labels, subjects and the splits of subjects.

    A window's label is known when the window has ended: that is its ``prediction_time``. A store keeps no dates, so
    that each subject's first recording begins at the epoch, 1970-01-01.

    Parameters
    ----------
    place : Path
    manifest : Manifest
    rows : DataFrame
        As a file has them, without those whose labels may not be passed on.
    starts : DataFrame
        recording_id, start_ns.

    Returns
    -------
    names : list of str
        Of the files.
    told : dict
        meds (its files of labels), notes.

    Raises
    ------
    ManifestError
        Where the manifest has no labels.
    """
    if not manifest.classes:
        raise ManifestError("it has no labels.", where=manifest.name, mend="Export it as parquet or csv.")
    known = {person: person_hash(person, 0) >> 1 for person in sorted(rows["person"].unique())}
    timed = rows.join(starts, on="recording_id", how="left", maintain_order="left").with_columns(
        subject_id=pl.col("person").replace_strict(known, return_dtype=pl.Int64),
        prediction_time=((pl.col("start_ns").fill_null(0) + pl.col("t0_ns") + pl.col("duration_ns")) // 1000).cast(
            pl.Datetime("us")
        ),
    )
    files = _labels(place, manifest, timed)
    subjects = pl.DataFrame({"subject_id": list(known.values()), "person": list(known)}, schema_overrides=_IDS)
    subjects.write_parquet(place / f"{manifest.name}.subjects.parquet")
    names = [*files, f"{manifest.name}.subjects.parquet"]
    if manifest.by_person:
        names.append(f"{manifest.name}.subject_splits.parquet")
        timed.select("subject_id", "split").unique().sort("subject_id").write_parquet(place / names[-1])
    untimed = timed.filter(pl.col("start_ns").is_null())["recording_id"].n_unique()
    note = f"{untimed:,} recordings do not say when they began: their times count from their own start."
    return names, {"meds": {"labels": files}, "notes": [note] if untimed else []}


_IDS = {"subject_id": pl.Int64, "person": pl.String}


def _labels(place: Path, manifest: Manifest, timed: pl.DataFrame) -> dict[str, str]:
    """Write one file of labels; of windows that have several, one a label that says whether it is there."""
    if not manifest.multi_label:
        file = f"{manifest.name}.labels.parquet"
        _write(place / file, timed.filter(pl.col("label").is_not_null()), _value(timed["label"]))
        return {file: "label"}
    files = {}
    for number, label in enumerate(manifest.classes):
        file = f"{manifest.name}.labels-{number:03}.parquet"
        _write(place / file, timed, {"boolean_value": pl.col("label").list.contains(label)})
        files[file] = label
    return files


def _value(labels: pl.Series) -> dict[str, pl.Expr]:
    """The column that a label goes into: a truth value, a whole number, or a name."""
    found = set(labels.drop_nulls().unique())
    if found <= BOOLEANS.keys():
        return {"boolean_value": pl.col("label").replace_strict(BOOLEANS, return_dtype=pl.Boolean)}
    if all(each.lstrip("-").isdecimal() for each in found):
        return {"integer_value": pl.col("label").cast(pl.Int64)}
    return {"categorical_value": pl.col("label")}


def _write(path: Path, timed: pl.DataFrame, value: dict[str, pl.Expr]) -> None:
    columns = {name: value.get(name, pl.col(name) if name in _WHO else pl.lit(None)) for name in LABELS}
    ordered = timed.select(**columns).cast(LABELS).sort("subject_id", "prediction_time")
    ordered.write_parquet(path)


_WHO = ("subject_id", "prediction_time")

"""Labels by the Medical Event Data Standard: who, when, and what is to be predicted.

Source: MEDS 0.4, label schema and subject split schema (https://medical-event-data-standard.github.io).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from biocurate.curate.manifests.files.timeline import DAY_NS, timeline
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
        ("recording_id", pl.String()),
    ]
)
"""Columns of the label schema, in its order; the schema lets further ones follow."""

BOOLEANS = {"false": False, "true": True, "no": False, "yes": True}


def write(
    place: Path, manifest: Manifest, rows: pl.DataFrame, recordings: pl.DataFrame
) -> tuple[list[str], dict[str, Any]]:
    """Write labels, subjects and the splits of subjects.

    A window's label is known when the window has ended: that is its ``prediction_time``. A store keeps no dates, so
    that each subject's first recording begins at the epoch, 1970-01-01. Recordings of a subject that would overlap
    then are laid one after the other: see `timeline`.

    Parameters
    ----------
    place : Path
    manifest : Manifest
    rows : DataFrame
        As a file has them, without those whose labels may not be passed on.
    recordings : DataFrame
        recording_id, start_ns, length_ns.

    Returns
    -------
    names : list of str
        Of the files.
    told : dict
        meds (its files of labels, and how recordings were laid out), notes.

    Raises
    ------
    ManifestError
        Where the manifest has no labels.
    """
    if not (manifest.classes or manifest.numeric):
        raise ManifestError("it has no labels.", where=manifest.name, mend="Export it as parquet or csv.")
    known = {person: person_hash(person, 0) >> 1 for person in sorted(rows["person"].unique())}
    times = timeline(rows, recordings)
    timed = rows.join(times, on=["recording_id", "person"], how="left", maintain_order="left").with_columns(
        subject_id=pl.col("person").replace_strict(known, return_dtype=pl.Int64),
        prediction_time=(pl.sum_horizontal("begin_ns", "t0_ns", "duration_ns") // 1000).cast(pl.Datetime("us")),
    )
    files = _labels(place, manifest, timed)
    subjects = pl.DataFrame({"subject_id": list(known.values()), "person": list(known)}, schema_overrides=_IDS)
    laid_out = times.group_by("person").agg(pl.col("laid_out").any())
    subjects = subjects.join(laid_out, on="person", how="left", maintain_order="left")
    subjects.write_parquet(place / f"{manifest.name}.subjects.parquet")
    names = [*files, f"{manifest.name}.subjects.parquet"]
    if manifest.by_person:
        names.append(f"{manifest.name}.subject_splits.parquet")
        timed.select("subject_id", "split").unique().sort("subject_id").write_parquet(place / names[-1])
    laid = {"subjects": laid_out["laid_out"].sum(), "order": "recording_id", "gap_hours": DAY_NS // HOUR_NS}
    return names, {"meds": {"labels": files, "laid_out": laid}, "notes": _notes(manifest, timed, times)}


HOUR_NS = 3600 * 1_000_000_000


def _notes(manifest: Manifest, timed: pl.DataFrame, times: pl.DataFrame) -> list[str]:
    """What a reader of the times has to know."""
    notes = []
    untold = times.filter(~pl.col("told")).height
    if untold:
        notes.append(f"{untold:,} recordings do not say when they began: their times count from their own start.")
    laid = times.filter("laid_out")["person"].n_unique()
    if laid:
        notes.append(
            f"Recordings of {laid:,} persons overlap, or do not say when they began: they are laid one after the other "
            "by recording_id, a day apart, and the time between them means nothing."
        )
    twice = _contradictory(timed)
    if twice:
        several = "several lists of labels" if manifest.multi_label else "several labels"
        notes.append(f"{twice:,} times of a recording have {several}, as windows that end together do.")
    return notes


def _contradictory(timed: pl.DataFrame) -> int:
    """Pairs of subject and time that have several labels."""
    said = timed.filter(pl.col("label").is_not_null())
    if said.schema["label"] == pl.List(pl.String):
        said = said.with_columns(pl.col("label").list.sort().list.join("\n"))
    grouped = said.group_by(*_WHO).agg(n=pl.col("label").n_unique())
    return grouped.filter(pl.col("n") > 1).height


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
    """The column that a label goes into: a truth value, a number, a whole number, or a name."""
    if labels.dtype == pl.Float64:
        return {"float_value": pl.col("label")}
    found = set(labels.drop_nulls().unique())
    if found <= BOOLEANS.keys():
        return {"boolean_value": pl.col("label").replace_strict(BOOLEANS, return_dtype=pl.Boolean)}
    if all(each.lstrip("-").isdecimal() for each in found):
        return {"integer_value": pl.col("label").cast(pl.Int64)}
    return {"categorical_value": pl.col("label")}


def _write(path: Path, timed: pl.DataFrame, value: dict[str, pl.Expr]) -> None:
    columns = {name: value.get(name, pl.col(name) if name in _KEPT else pl.lit(None)) for name in LABELS}
    ordered = timed.select(**columns).cast(LABELS).sort("subject_id", "prediction_time", "recording_id")
    ordered.write_parquet(path)


_WHO = ("subject_id", "prediction_time")
_KEPT = (*_WHO, "recording_id")

"""Labels that are added to a corpus after it was read.

They are kept in a table of their own, ``labels``, and joined to ``annotations``, here and by every later ingest. A
recording that gets a label has another revision: what was made from it before is stale (docs/decisions/revision.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from biocurate.errors import StoreError, UsageError
from biocurate.ingest.known import LABELS, labels_of
from biocurate.ingest.label_file import KEY, SHOWN, read_labels
from biocurate.ingest.revision import label_revision, revision
from biocurate.ingest.rows import label_rows
from biocurate.ingest.run import sweep_annotations
from biocurate.store.runs import Log, Run
from biocurate.store.schema import ANNOTATIONS, cast
from biocurate.store.schema import LABELS as LABELS_SCHEMA
from biocurate.store.store import Store

BATCH = 2_000
"""Recordings a commit."""


@dataclass
class Annotated:
    """What was added."""

    corpus: str
    kinds: list[str]
    labels: int = 0
    """Rows of the file that fit a recording."""
    recordings: int = 0
    """Recordings that they are of."""
    changed: int = 0
    """Recordings that have other labels now than before."""
    unknown: list[str] = field(default_factory=list)
    """Ids in the file that the corpus has not."""
    unlabelled: list[str] = field(default_factory=list)
    """Recordings of the corpus that the file does not name."""
    snapshot_id: int = 0


def annotate(store: Store, corpus: str, path: Path, *, kind: str | None = None, replace: bool = False) -> Annotated:
    """Add the labels of a file to the recordings of a corpus; a second time changes nothing.

    Parameters
    ----------
    store : Store
    corpus : str
    path : Path
        A CSV file; see `read_labels`.
    kind : str, optional
        Kind of all labels, where the file has no column ``kind``.
    replace : bool
        Take the file for all there is of its kinds: labels of these that were added before and are not in it go.

    Raises
    ------
    UsageError
        The file cannot be used; or it says otherwise than what was added before, and `replace` is not given.
    LeaseError
        While another process writes to the store.
    """
    run = Run("annotate", corpus, {"corpus": corpus, "kind": kind, "replace": replace})
    with store.lease(f"biocurate annotate {corpus}", run.run_id):
        recordings = store.recordings.filter(pl.col("corpus") == corpus)
        columns = recordings.select("recording_id", "subject", "duration_ns", "streams").collect()
        read = read_labels(path, corpus, columns, kind)
        kinds = sorted(set(read.rows["kind"]))
        before = _frame(labels_of(store, corpus))
        _refuse_own_kinds(store, corpus, kinds, before)
        after = _after(before, read.rows, kinds, replace, path)
        changed = _changed(store, corpus, before, after)
        outcome = Annotated(
            corpus=corpus,
            kinds=kinds,
            labels=read.rows.height,
            recordings=read.rows["recording_id"].n_unique(),
            changed=len(changed),
            unknown=read.unknown,
            unlabelled=read.unlabelled,
        )
        if changed:
            with run.logged(store, lambda: Log(done=len(changed))):
                _commit(store, corpus, after, changed, set(before["kind"]) | set(after["kind"]), run.run_id)
                sweep_annotations(store)
        outcome.snapshot_id = store.publish(run.run_id)
    return outcome


def _frame(labels: dict[str, list[dict[str, Any]]]) -> pl.DataFrame:
    schema = {name: kind for name, kind in pl.Schema(LABELS_SCHEMA).items() if name in KEY}
    rows = [{name: row[name] for name in KEY} for rows in labels.values() for row in rows]
    return pl.DataFrame(rows, schema={name: schema[name] for name in KEY})


def _refuse_own_kinds(store: Store, corpus: str, kinds: Sequence[str], before: pl.DataFrame) -> None:
    """Refuse kinds that come from the files: two sources of one label would contradict each other in silence."""
    mine = store.annotations.join(
        store.recordings.filter(pl.col("corpus") == corpus).select("recording_id"), on="recording_id", how="semi"
    )
    there = mine.filter(pl.col("kind").is_in(kinds)).select("kind").unique().collect()["kind"]
    if own := sorted(set(there) - set(before["kind"])):
        raise UsageError(
            f"{corpus} has labels of kind {', '.join(map(repr, own))} from its own files.",
            where=corpus,
            mend="Give yours another kind: a column `kind`, or --kind NAME.",
        )


def _after(before: pl.DataFrame, new: pl.DataFrame, kinds: Sequence[str], replace: bool, path: Path) -> pl.DataFrame:
    """All labels of the corpus afterwards."""
    new = new.select(KEY).cast(dict(before.schema))  # type: ignore[arg-type]
    if replace:
        return pl.concat([before.filter(~pl.col("kind").is_in(kinds)), new])
    both = before.join(new.select("recording_id", "kind").unique(), on=["recording_id", "kind"], how="semi")
    differ = both.join(new, on=list(KEY), how="anti", nulls_equal=True)
    again = new.join(before.select("recording_id", "kind").unique(), on=["recording_id", "kind"], how="semi")
    differ = pl.concat([differ, again.join(before, on=list(KEY), how="anti", nulls_equal=True)])
    if differ.height:
        names = differ["recording_id"].unique().sort().to_list()
        raise UsageError(
            f"{len(names)} recordings have other labels of these kinds already, such as {', '.join(names[:SHOWN])}.",
            where=str(path),
            mend="--replace takes the file for all there is of its kinds; or give another --kind. Nothing was written.",
        )
    return pl.concat([before, new]).unique(maintain_order=True)


def _changed(store: Store, corpus: str, before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """Recordings whose labels differ; also those that a killed run has left behind its own table."""
    wanted = _revisions(after)
    kept = _revisions(before)
    rows = store.recordings.filter(pl.col("corpus") == corpus).select("recording_id", "label_revision").collect()
    return sorted(
        name for name, now in rows.iter_rows() if now != wanted.get(name) or kept.get(name) != wanted.get(name)
    )


def _revisions(labels: pl.DataFrame) -> dict[str, str | None]:
    by_recording = labels.partition_by("recording_id", as_dict=True)
    return {str(name): label_revision(rows.iter_rows(named=True)) for (name,), rows in by_recording.items()}


def _commit(
    store: Store, corpus: str, labels: pl.DataFrame, changed: Sequence[str], kinds: set[str], run_id: str
) -> None:
    """Write the table of labels first: from there on, a killed run is finished by the next one or by an ingest."""
    for first in range(0, len(changed), BATCH):
        some = list(changed[first : first + BATCH])
        mine = labels.filter(pl.col("recording_id").is_in(some))
        told = mine.with_columns(corpus=pl.lit(corpus), run_id=pl.lit(run_id)).select(LABELS_SCHEMA.names)
        store.tables.replace(LABELS, cast(told.to_arrow(), LABELS_SCHEMA), "recording_id", some)
        rows = store.recordings.filter(pl.col("recording_id").is_in(some)).collect()
        _join(store, rows, mine, kinds)
        store.publish(run_id)


def _join(store: Store, rows: pl.DataFrame, labels: pl.DataFrame, kinds: set[str]) -> None:
    """Give recordings their labels, and the revision that goes with them."""
    if rows["signal_revision"].null_count():
        raise StoreError(
            "its recordings were read by an earlier version, which did not note what they were made from.",
            where=str(rows["corpus"][0]),
            mend="Run its ingest once more, then add the labels.",
        )
    by_recording = {
        str(name): list(some.iter_rows(named=True))
        for (name,), some in labels.partition_by("recording_id", as_dict=True).items()
    }
    keys = [_key(row, by_recording.get(row["recording_id"], [])) for row in rows.iter_rows(named=True)]
    added = [each for key in keys for each in label_rows(key, by_recording.get(key["recording_id"], []))]
    now = pl.DataFrame(keys, schema=dict.fromkeys(("recording_id", "revision", "label_revision"), pl.String))
    mine = store.annotations.filter(pl.col("recording_id").is_in(rows["recording_id"].implode()))
    own = mine.filter(~pl.col("kind").is_in(list(kinds))).drop("revision").collect()
    own = own.join(now.select("recording_id", "revision"), on="recording_id").select(ANNOTATIONS.names)
    made = pa.concat_tables([cast(own.to_arrow(), ANNOTATIONS), cast(cast(added, ANNOTATIONS), ANNOTATIONS)])
    store.tables.replace("annotations", made, "revision", now["revision"])
    changed = rows.drop("revision", "label_revision").join(now, on="recording_id").select(rows.columns)
    store.tables.replace("recordings", changed.to_arrow(), "recording_id", rows["recording_id"])


def _key(row: dict[str, Any], labels: Sequence[dict[str, Any]]) -> dict[str, Any]:
    label = label_revision(labels)
    made_from = revision(row["recording_id"], row["signal_revision"], row["metadata_revision"], label)
    return {
        "recording_id": row["recording_id"],
        "duration_ns": row["duration_ns"],
        "revision": made_from,
        "label_revision": label,
    }

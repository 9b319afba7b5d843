"""Writing a manifest for others: rows without samples, and a document that lets them find these and rebuild it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from biocurate.curate.manifests.files import croissant, meds
from biocurate.curate.manifests.files.document import ENDING, FORMAT, sha256_of
from biocurate.curate.manifests.files.table import as_text, flat, kinds, unlabelled
from biocurate.export.target import aside, settle
from biocurate.store.manifests import Manifest
from biocurate.store.runs import versions
from biocurate.store.store import Store

Form = Literal["parquet", "csv", "croissant", "meds"]


@dataclass(frozen=True)
class Exported:
    """Files that were written, and what is not in them."""

    files: tuple[Path, ...]
    rows: int
    notes: tuple[str, ...]


def export_manifest(
    store: Store, manifest: Manifest, folder: Path, form: Form = "parquet", *, overwrite: bool = False
) -> Exported:
    """Write a manifest into a folder.

    Labels of a corpus whose terms forbid to pass them on (``redistribute: false``) are left out, and the document and
    the notes say so; whoever has the corpus gets them back by `resolve`.

    Parameters
    ----------
    store : Store
    manifest : Manifest
        Of this store, not stale.
    folder : Path
    form : str
        parquet or csv: rows. croissant: rows in Parquet, described by JSON-LD. meds: labels alone, by the MEDS schema.
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    ExportError
        Where a file is there already or cannot be written.
    """
    closed = forbidden(manifest.terms)
    rows = unlabelled(flat(store, manifest), closed)
    counts = dict(rows.group_by("corpus").len().iter_rows())
    left_out = [{"corpus": corpus, "rows": counts[corpus], "reason": "its terms forbid it"} for corpus in closed]
    notes = [
        f"{each['corpus']}: the labels of {each['rows']:,} windows are left out: {each['reason']}." for each in left_out
    ]
    notes += [f"{corpus}: whether its labels may be passed on is not known." for corpus in _unknown(manifest.terms)]
    document = _said(manifest, rows) | {"labels_left_out": left_out}
    with aside(folder) as place:
        if form == "meds":
            names, told = meds.write(place, manifest, rows.filter(~pl.col("corpus").is_in(closed)), _times(store))
            document, notes = document | told, [*notes, *told["notes"]]
        else:
            names = [_write_rows(place, manifest.name, rows, "csv" if form == "csv" else "parquet")]
            document |= {"file": names[0], "sha256": sha256_of(place / names[0])}
        if form == "croissant":
            names.append(croissant.write(place, manifest, document, names[0]))
        names.append(f"{manifest.name}{ENDING}")
        text = json.dumps(document, indent=2, ensure_ascii=False)
        (place / names[-1]).write_text(text + "\n", encoding="utf-8")
        files = settle(place, folder, names, overwrite=overwrite)
    return Exported(files, rows.height, tuple(notes))


def forbidden(terms: Sequence[dict[str, Any]]) -> list[str]:
    """Corpora whose terms forbid to pass on what is in them."""
    return sorted({each["corpus"] for each in terms if each["redistribute"] is False})


def _unknown(terms: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({each["corpus"] for each in terms if each["redistribute"] is None} - set(forbidden(terms)))


def _said(manifest: Manifest, rows: pl.DataFrame) -> dict[str, Any]:
    """What the document tells of any form; the definition stays in the order in which it was hashed."""
    return {
        "format": FORMAT,
        "name": manifest.name,
        "hash": manifest.hash,
        "definition": manifest.definition,
        "labels": list(manifest.named),
        "splits": list(manifest.splits),
        "rows": rows.height,
        "columns": kinds(rows),
        "terms": [dict(each) for each in manifest.terms],
        "written_by": f"biocurate {versions()['biocurate']}",
    }


def _write_rows(place: Path, name: str, rows: pl.DataFrame, ending: str) -> str:
    file = f"{name}.{ending}"
    if ending == "csv":
        as_text(rows).write_csv(place / file)
    else:
        rows.write_parquet(place / file)
    return file


def _times(store: Store) -> pl.DataFrame:
    return store.recordings.select("recording_id", "start_ns", length_ns="duration_ns").collect()

"""What a stored recording is made from, as hashes: its signals, the recipe's say on it, and labels that were added.

Signals and metadata are keyed apart, so that a changed recipe rewrites rows and reads no sample. See
docs/decisions/revision.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from biocurate.audit.at_ingest import VERSION
from biocurate.formats import reader
from biocurate.recipes import Recipe, Unit
from biocurate.same import of_the_same

AUDIT = VERSION
"""Of the audit's rules, which decide `unit_status` and warnings."""

KEPT = " with identifiers"
"""Ends the metadata revision of rows that hold what files say of who it was; another flag rewrites them."""

LINE_STARTS = "starts:2"
"""How the header of a CSV file on a `robust-line` tells its start; another number rewrites the rows of such recipes."""

LINE_RATES = "rates:2"
"""How the rate of a `robust-line` is found; another number reads the files of such recipes again."""

TEXTS = "texts:2"
"""Which of the files' own texts go with labels; another number rewrites the rows of recipes that let any through."""

LABEL = ("onset_ns", "duration_ns", "kind", "value", "number", "channel")
"""What of a row of ``labels`` is of the label itself."""


def signal_revision(unit: Unit, sha256s: Iterable[tuple[str, str]]) -> str:
    """Identity of the samples that reading a recording's files gives.

    It covers which file is which, what each holds, the readers' versions and their options. How the recipe groups
    channels into streams is compared when rows are written anew.

    Parameters
    ----------
    unit : Unit
    sha256s : iterable of (name, sha256)
        Name and hash of every file that it is read from.
    """
    read = sorted(
        f"[{json.dumps(source.virtual)}, {_read_as(options, (name, reader(name).version))}"
        for source, name, options in unit.files
    )
    return _hash(unit.recording_id, *read, *sorted(f"{name} {sha256}" for name, sha256 in sha256s))


@of_the_same
def _read_as(options: object, read_by: tuple[str, int]) -> str:
    """Reader, version and options, as the rest of the list whose first item is the file; the same for all files."""
    return json.dumps([*read_by, _said(options), *_found_as(options)], sort_keys=True)[1:]


def metadata_revision(recipe: Recipe, root: Path, *, keep_identifiers: bool = False) -> str:
    """Identity of what is made of files whatever they hold: recipe, sidecar tables, readers, and the audit's rules."""
    tables = sorted(source.sha256() for source in recipe.table_sources(root))
    readers = [f"{name}:{reader(name).version}" for name in recipe.readers]
    starts = [LINE_STARTS] if any(map(_on_line, recipe.options.values())) else []
    texts = [TEXTS] if recipe.definition.reads_annotations else []
    made = _hash(recipe.signal_hash, recipe.metadata_hash, f"audit:{AUDIT}", *readers, *tables, *starts, *texts)
    return made + KEPT if keep_identifiers else made


def label_revision(labels: Iterable[Mapping[str, Any]]) -> str | None:
    """Identity of the labels that were added to a recording; None where none was."""
    rows = sorted(json.dumps([label[field] for field in LABEL]) for label in labels)
    return _hash(*rows) if rows else None


def revision(recording_id: str, signal: str, metadata: str, label: str | None) -> str:
    """Identity of all that a recording's rows and samples are made from: what is made from it is stale with it.

    Nothing is made from identifiers: a recording is the same with and without them.
    """
    return _hash(recording_id, signal, metadata.removesuffix(KEPT), label or "")


def _on_line(options: object) -> bool:
    return getattr(options, "on_clock", None) == "robust-line"


def _found_as(options: object) -> list[str]:
    return [LINE_RATES] if _on_line(options) else []


def _said(options: Any) -> Any:  # noqa: ANN401 - each reader has its own
    return options.model_dump(mode="json", exclude_defaults=True)


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]

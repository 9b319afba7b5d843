"""The file that a colleague gets: rows, and beside them what they were made by, their hash and their terms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.curate.manifests.content import hash_of
from biocurate.curate.manifests.files.table import digests_in, typed
from biocurate.errors import ManifestError

FORMAT = "biocurate manifest, file format 1"
"""Begins every document; a reader refuses another."""

ENDING = ".manifest.json"


@dataclass(frozen=True)
class ManifestFile:
    """A manifest as a file has it."""

    path: Path
    name: str
    hash: str
    """Of the manifest that was exported, with all of its labels."""
    definition: dict[str, Any]
    named: tuple[str, ...]
    splits: tuple[str, ...]
    terms: tuple[dict[str, Any], ...]
    rows: pl.DataFrame
    """Columns of `biocurate.curate.manifests.files.table.KEYS`, label columns, ``label`` and ``split``."""
    columns: dict[str, str]
    """What each label column holds: text, number or list."""
    unlabelled: tuple[str, ...]
    """Corpora whose labels were left out."""

    @property
    def canonical(self) -> str:
        """The definition as it was hashed."""
        return json.dumps(self.definition, separators=(",", ":"), ensure_ascii=False)


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest_file(path: Path | str) -> ManifestFile:
    """Read an exported manifest, and see that it is as it was written.

    Parameters
    ----------
    path : Path or str
        The document, the rows beside it, or a folder that holds one.

    Raises
    ------
    ManifestError
        Where there is none, it is of another format, or was changed since.
    """
    place = _document(Path(path))
    said = _parsed(place)
    file = place.parent / str(said.get("file", ""))
    if not said.get("file"):
        raise ManifestError(
            "this export holds labels alone, and no windows.", where=str(place), mend="Ask for --format parquet or csv."
        )
    if not file.is_file():
        raise ManifestError(f"its rows are missing: {file.name}.", where=str(place), mend="The two files go together.")
    if sha256_of(file) != said["sha256"]:
        raise ManifestError("its rows have been changed since they were exported.", where=str(file), mend=_AGAIN)
    read = pl.read_csv(file, infer_schema=False) if file.suffix == ".csv" else pl.read_parquet(file)
    made = ManifestFile(
        path=place,
        name=said["name"],
        hash=said["hash"],
        definition=said["definition"],
        named=tuple(said["labels"]),
        splits=tuple(said["splits"]),
        terms=tuple(said["terms"]),
        rows=typed(read, said["columns"]),
        columns=said["columns"],
        unlabelled=tuple(each["corpus"] for each in said["labels_left_out"]),
    )
    if not made.unlabelled and hash_of(made.canonical, digests_in(made.rows), list(made.columns)) != made.hash:
        raise ManifestError("definition and rows do not give its hash: it was changed.", where=str(place), mend=_AGAIN)
    return made


_AGAIN = "Ask for the files again; or, where the change is meant, build a manifest of your own."


def _document(path: Path) -> Path:
    """Where the document lies, whichever of the files was named."""
    if path.is_dir():
        found = sorted(path.glob(f"*{ENDING}"))
        if len(found) != 1:
            said = "holds no exported manifest" if not found else f"holds {len(found)} exported manifests: name one"
            raise ManifestError(f"the folder {said}.", where=str(path))
        return found[0]
    if path.name.endswith(ENDING):
        return path
    beside = path.with_name(f"{path.stem}{ENDING}")
    return beside if beside.is_file() else path


def _parsed(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"the file cannot be read: {error.strerror}.", where=str(path)) from error
    except ValueError as error:
        raise ManifestError(f"this is no exported manifest: a file …{ENDING}.", where=str(path)) from error
    wanted = {"format", "name", "hash", "definition", "labels", "splits", "terms", "columns", "labels_left_out"}
    if not isinstance(said, dict) or said.get("format") != FORMAT or wanted - said.keys():
        stated = said.get("format") if isinstance(said, dict) else None
        raise ManifestError(
            f"this is no exported manifest of the format {FORMAT!r}.", where=str(path), mend=f"It says {stated!r}."
        )
    return said

"""What a manifest asks: its windows, labels and persons as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ManifestError
from biocurate.recording import NS

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest

Codes = NDArray[np.intp]
Kind = Literal["classification", "regression"]
KINDS: tuple[Kind, ...] = ("classification", "regression")


@dataclass(frozen=True)
class Task:
    """A task over the windows of a manifest: to tell one label a window, a list of them, or a number.

    Parameters
    ----------
    name, hash : str
        The manifest's.
    snapshot_id : int
        The snapshot that its rows were built from.
    rows : DataFrame
        Its windows with ``label`` and ``split``, by recording and time.
    """

    name: str
    hash: str
    snapshot_id: int
    rows: pl.DataFrame
    classes: list[str]
    """Labels; a class is its place in this list. Numbers have none."""
    multi_label: bool = False
    """Whether a window has a list of labels, which may be empty."""
    terms: tuple[dict[str, Any], ...] = ()
    """What the licences say of the corpora that its windows are from."""

    @classmethod
    def of(cls, manifest: Manifest, kinds: Sequence[Kind] = ("classification",)) -> Task:
        """The task of a built manifest.

        Parameters
        ----------
        manifest : Manifest
        kinds : sequence of str
            What the caller knows how to learn.

        Raises
        ------
        ManifestError
            Where windows have no label, fewer than two labels occur, or the task is of another kind.
        """
        where = f"manifest {manifest.name}"
        rows = manifest.rows
        if "label" not in rows.columns or rows["label"].null_count():
            mend = "Give its definition a `label`, and build it again: biocurate manifest build FILE"
            raise ManifestError("it has windows without a label.", where=where, mend=mend)
        if manifest.numeric and "regression" not in kinds:
            mend = "Numbers are learnt by `biocurate zoo finetune` alone. Here give `label` kind: class."
            raise ManifestError("its label is a number, and classes are asked for.", where=where, mend=mend)
        if rows["label"].n_unique() < 2:
            what = "all have the same labels" if manifest.multi_label else "have less than two labels"
            mend = "Training needs two labels or more: look at `label` and `where` of its definition."
            raise ManifestError(f"its windows {what}.", where=where, mend=mend)
        found = (manifest.name, manifest.hash, manifest.snapshot_id, rows, manifest.classes)
        return cls(*found, multi_label=manifest.multi_label, terms=manifest.terms)

    @property
    def kind(self) -> Kind:
        """Whether labels are names, or numbers."""
        return "regression" if self.rows["label"].dtype == pl.Float64 else "classification"

    @cached_property
    def codes(self) -> NDArray[Any]:
        """Class of each window, shape (windows,); of lists 1 where a window has a label, shape (windows, labels).

        Of numbers the number itself, shape (windows,), float64.
        """
        return coded(self.rows["label"], self.classes)

    @property
    def n_outputs(self) -> int:
        """Scores that a network gives of a window: one for each class or label, or one for a number."""
        return 1 if self.kind == "regression" else len(self.classes)

    @cached_property
    def persons(self) -> list[str]:
        """Every person, in alphabetic order."""
        return [str(person) for person in self.rows["person"].unique().sort()]

    @cached_property
    def person(self) -> Codes:
        """Number of each window's person."""
        return numbered(self.rows["person"])

    @cached_property
    def recording(self) -> Codes:
        """Number of each window's recording."""
        return numbered(self.rows["recording_id"])

    @property
    def window_s(self) -> float:
        """Length of the windows, in seconds; the longest where they differ."""
        return float(self.rows["duration_ns"].max() or 0) / NS  # type: ignore[arg-type]


def coded(labels: pl.Series, classes: Sequence[str]) -> NDArray[Any]:
    """Labels as numbers: places in `classes`, or of lists a column of 0 and 1 for each class; numbers as they are."""
    if labels.dtype == pl.Float64:
        return labels.to_numpy()
    if labels.dtype == pl.List(pl.String):
        holds = labels.to_frame("label").select(pl.col("label").list.contains(name).alias(name) for name in classes)
        return holds.to_numpy().astype(np.intp)
    place = {name: at for at, name in enumerate(classes)}
    return labels.replace_strict(place, return_dtype=pl.Int64).to_numpy().astype(np.intp)


def numbered(column: pl.Series) -> Codes:
    """Values as numbers from 0, in the order of the sorted values."""
    return np.asarray(np.unique(column.to_numpy().astype(str), return_inverse=True)[1])

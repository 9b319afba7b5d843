"""Built manifests: selections of windows with labels and splits, frozen and content-hashed.

`biocurate.curate.manifests.build` builds them; here they are opened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.errors import ManifestError
from biocurate.store.sql import nearest

if TYPE_CHECKING:
    from biocurate.store.tables import Tables


@dataclass(frozen=True)
class Manifest:
    """A built manifest.

    ``rows`` has the columns of its window set, ``label`` and ``split``, sorted by recording_id and t0_ns.
    """

    name: str
    hash: str
    definition: dict[str, Any]
    """As it was built; fields that hold their default are left out."""
    snapshot_id: int
    """The snapshot that it was built from."""
    named: tuple[str, ...]
    """Labels in the definition's order; where it names none, those of the rows."""
    splits: tuple[str, ...]
    """Names of the splits, in the definition's order."""
    rows: pl.DataFrame
    terms: tuple[dict[str, Any], ...] = ()
    """Of each corpus that windows are from: corpus, licence, access, redistribute, share_alike."""
    dropped: tuple[dict[str, Any], ...] = ()
    """Windows that each step of the build drops, and thresholds on quality by rule, label, sex and corpus."""

    @property
    def classes(self) -> list[str]:
        """Labels that rows have, in the definition's order where it gives one, else sorted."""
        if self.numeric:
            return []
        found = set(each_label(self.rows).unique())
        return [label for label in self.named if label in found]

    @property
    def absent(self) -> list[str]:
        """Labels that the definition names and no row has."""
        return sorted(set(self.named) - set(self.classes))

    @property
    def one_sided(self) -> dict[str, list[str]]:
        """Splits without a window of some class, and which classes; nobody can be judged by these there."""
        if self.numeric:
            return {}
        found = dict(self.balance().group_by("split").agg("label").iter_rows())
        lacking = {
            split: [label for label in self.classes if label not in found.get(split, [])] for split in self.splits
        }
        return {split: labels for split, labels in lacking.items() if labels}

    @property
    def multi_label(self) -> bool:
        """Whether a window has a list of labels."""
        return self.rows.schema["label"] == pl.List(pl.String)

    @property
    def numeric(self) -> bool:
        """Whether a label is a number, and not a name."""
        return self.rows.schema["label"] == pl.Float64

    @property
    def by_person(self) -> bool:
        """Whether no person is in two splits."""
        sides = self.rows.select("person", "split").unique()
        return sides["person"].n_unique() == sides.height

    def split(self, name: str) -> pl.DataFrame:
        """Rows of one split; ManifestError where there is none of that name."""
        if name not in self.splits:
            raise ManifestError(f"there is no split {name!r}.", where=self.name, mend=nearest(name, self.splits))
        return self.rows.filter(pl.col("split") == name)

    def fold(self, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows to train on and rows to test on, with one fold held out."""
        held_out = self.split(fold_name(number))
        return self.rows.filter(pl.col("split") != fold_name(number)), held_out

    def balance(self) -> pl.DataFrame:
        """Windows and persons of each split and label; of numbers, of each split, with the least, mean and most."""
        order = pl.Enum(self.splits)
        if self.numeric:
            return self._spread(order)
        rows = self.rows.explode("label") if self.multi_label else self.rows
        return (
            rows.group_by(pl.col("split").cast(order), "label")
            .agg(windows=pl.len(), persons=pl.col("person").n_unique(), recordings=pl.col("recording_id").n_unique())
            .sort("split", "label")
            .with_columns(pl.col("split").cast(pl.String))
        )

    def _spread(self, order: pl.Enum) -> pl.DataFrame:
        label = pl.col("label")
        return (
            self.rows.group_by(pl.col("split").cast(order))
            .agg(
                least=label.min(),
                mean=label.mean(),
                most=label.max(),
                windows=pl.len(),
                persons=pl.col("person").n_unique(),
                recordings=pl.col("recording_id").n_unique(),
            )
            .sort("split")
            .with_columns(pl.col("split").cast(pl.String))
        )


def each_label(rows: pl.DataFrame) -> pl.Series:
    """Every label of every window, those of lists one by one."""
    labels = rows["label"]
    return (labels.explode() if labels.dtype == pl.List(pl.String) else labels).drop_nulls()


def fold_name(number: int) -> str:
    """What a fold is called in the column ``split``."""
    return f"fold{number}"


def open_manifest(tables: Tables, name: str, snapshot_id: int | None = None) -> Manifest:
    """Open a manifest as it was built, whatever has become of its recordings since.

    At a snapshot, the manifest that was built from it comes before an older one of the same name.

    Parameters
    ----------
    tables : Tables
    name : str
    snapshot_id : int, optional
        The snapshot that is read; the newest state where left out.

    Raises
    ------
    ManifestError
        Where the store has none of that name.
    """
    built = built_manifests(tables, snapshot_id)
    found = built.filter(pl.col("name") == name)
    if found.is_empty():
        mend = f"Build it: biocurate manifest build FILE. {nearest(name, built['name'])}"
        raise ManifestError(f"the store has no manifest {name!r}.", where=tables.objects.url, mend=mend)
    row = found.row(0, named=True)
    rows = manifest_rows(tables, name, row["version"]).sort("recording_id", "t0_ns").collect()
    return Manifest(
        name=name,
        hash=row["hash"],
        definition=json.loads(row["definition"]),
        snapshot_id=row["snapshot_id"],
        named=tuple(row["labels"]),
        splits=tuple(row["splits"]),
        rows=rows,
        terms=tuple(row["terms"] or ()),
        dropped=tuple(row["dropped"] or ()),
    )


def built_manifests(tables: Tables, snapshot_id: int | None = None) -> pl.DataFrame:
    """Rows of the table ``manifests``, one a name: those that `open_manifest` opens."""
    built = tables.scan("manifests").collect()
    if snapshot_id is not None:
        built = pl.concat([_built_from(tables, snapshot_id), built]).unique("name", keep="first")
    return built.sort("name")


def manifest_rows(tables: Tables, name: str, version: int) -> pl.LazyFrame:
    """Rows of a manifest as one build left them, whatever snapshot is read."""
    return _newest(tables).scan(f"manifests/{name}", version=version)


def _newest(tables: Tables) -> Tables:
    return replace(tables, versions=None)


def _built_from(tables: Tables, snapshot_id: int) -> pl.DataFrame:
    """Manifests that were built from a snapshot: they are listed from the next one on."""
    newest = _newest(tables)
    later = newest.scan("snapshots").filter(pl.col("snapshot_id") > snapshot_id).sort("snapshot_id").head(1)
    listed = later.explode("tables").unnest("tables").filter(pl.col("table") == "manifests").collect()["version"]
    versions = dict.fromkeys([*listed, newest.version("manifests")])
    rows = pl.concat(newest.scan("manifests", version=version) for version in versions)
    return rows.filter(pl.col("snapshot_id") == snapshot_id).collect()


def terms_of(recordings: pl.LazyFrame, rows: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """What the licences of the corpora say that some windows are from, a row a corpus and licence."""
    fields = ("corpus", "licence", "access", "redistribute", "share_alike")
    used = recordings.join(rows.lazy().select("recording_id").unique(), on="recording_id", how="semi")
    return tuple(used.select(fields).unique().sort("corpus", "licence").collect().to_dicts())

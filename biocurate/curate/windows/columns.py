"""Label columns of a window set, as Arrow arrays."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from biocurate.curate.windows.labels import Labels, Lists, Spans, fraction, lists, majority, onset, single, touching
from biocurate.curate.windows.rule import LabelColumn, WindowRule
from biocurate.curate.windows.selection import annotations_of
from biocurate.errors import UsageError
from biocurate.store.schema import WINDOWS, column
from biocurate.store.sql import nearest
from biocurate.store.store import Store

RESERVED = frozenset({*WINDOWS.names, "label", "split"})
"""Names of columns that windows and manifests have already."""


@dataclass
class Columns:
    """The label columns that a rule asks for, and what they are made from."""

    labels: tuple[LabelColumn, ...]
    share: float
    annotations: list[pl.DataFrame]
    contradicted: dict[str, int]
    """Of each column, windows that have no label because annotations contradict each other."""

    @classmethod
    def prepare(cls, store: Store, recordings: pl.DataFrame, rule: WindowRule) -> Columns:
        """Read the annotations; UsageError where there is none of a kind or value, or a name is taken."""
        labels = rule.columns
        taken = sorted({label.name for label in labels} & RESERVED)
        if taken:
            raise UsageError(
                f"a label column cannot be called {taken[0]!r}: a column of windows or manifests is.",
                where="windows",
                mend=f"Give it another name: {{kind: {taken[0]}, name: …}}.",
            )
        annotations = [
            annotations_of(store, recordings, label.kind, instants=label.rule in {"single", "onset", "list"})
            for label in labels
        ]
        for label, found in zip(labels, annotations, strict=True):
            _check_value(label, found)
        one = {label.name: 0 for label in labels if label.rule in {"majority", "single", "onset"}}
        return cls(labels, rule.share, annotations, one)

    @property
    def fields(self) -> list[pa.Field]:
        """Arrow fields of the columns."""
        return [column(label.name, _type(label), f"label of kind {label.kind}: {label.rule}") for label in self.labels]

    def of(self, spans: Spans, first: int, stop: int) -> dict[str, pa.Array]:
        """Columns of some windows, all of the recordings numbered from ``first`` to before ``stop``."""
        return {
            label.name: self._array(label, annotations.filter(pl.col("recording").is_between(first, stop - 1)), spans)
            for label, annotations in zip(self.labels, self.annotations, strict=True)
        }

    def _array(self, label: LabelColumn, annotations: pl.DataFrame, spans: Spans) -> pa.Array:
        touched = touching(annotations, spans)
        if label.rule == "fraction":
            return pa.array(fraction(touched, spans, label.value or ""))
        if label.rule == "list":
            return _lists(lists(touched, spans))
        if label.rule == "majority":
            found = majority(touched, spans, self.share if label.share is None else label.share)
        else:
            found = single(touched, spans) if label.rule == "single" else onset(touched, spans)
        self.contradicted[label.name] += found.contradicted
        return _texts(found)


def label_names(windows: pl.LazyFrame) -> list[str]:
    """Names of the label columns of a window set."""
    return [name for name in windows.collect_schema().names() if name not in WINDOWS.names]


def _check_value(label: LabelColumn, annotations: pl.DataFrame) -> None:
    """Refuse the share of a value that is nowhere: a misspelled one would be a column of zeros."""
    if label.rule != "fraction" or label.value in annotations["value"]:
        return
    raise UsageError(
        f"no chosen recording has a {label.kind!r} of {label.value!r}.",
        where="windows: labels",
        mend=nearest(label.value or "", annotations["value"].drop_nulls().unique().sort()),
    )


def _type(label: LabelColumn) -> pa.DataType:
    if label.rule == "fraction":
        return pa.float64()
    return pa.list_(pa.string()) if label.rule == "list" else pa.string()


def _texts(found: Labels) -> pa.Array:
    return pa.array(found.values, pa.string()).take(pa.array(found.code, mask=found.code < 0))


def _lists(found: Lists) -> pa.Array:
    return pa.ListArray.from_arrays(
        pa.array(found.offsets, pa.int32()), pa.array(found.values, pa.string()).take(pa.array(found.code))
    )

"""What can be queried: relations, their columns, and what each means."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from biocurate.errors import QueryError
from biocurate.store import pair_schema, quality_schema, schema, split_schema, view_schema
from biocurate.store.sql import nearest, relations_of
from biocurate.store.store import Store

_FIELDS: dict[str, tuple[pa.Field, ...]] = {
    **{name: tuple(table) for name, table in schema.TABLES.items()},
    "clocks": tuple(pair_schema.CLOCKS),
    "derived_streams": tuple(view_schema.DERIVED_STREAMS),
    "labels": tuple(schema.LABELS),
    "forgotten": tuple(schema.FORGOTTEN),
    "splits": tuple(split_schema.SPLITS),
    "fingerprints": tuple(split_schema.FINGERPRINTS),
    "streams": (pair_schema.STREAM_CLOCK, *schema.STREAM, *schema.RECORDINGS),
    "channels": (*schema.CHANNEL, *schema.STREAM, *schema.RECORDINGS),
}
"""Fields whose comments explain the columns of a relation; the first of a name counts."""

_FAMILIES: dict[str, tuple[pa.Field, ...]] = {
    "windows_": tuple(schema.WINDOWS),
    "pairs_": tuple(pair_schema.PAIRS),
    "quality_": tuple(quality_schema.QUALITY),
    "manifests_": tuple(schema.WINDOWS),
    "images_": tuple(schema.IMAGES),
}

_JOINED = {
    "manifests_": {"label": "label by the manifest's definition", "split": "split by person"},
}
"""Columns of a family that stand in no schema."""

_OTHER = {"quality_": "measure: docs/quality.md", "windows_": "label of this set", "manifests_": "label of its windows"}
"""What every other column of a family is."""


def describe(store: Store, sql: str | None = None) -> pl.DataFrame:
    """List the columns of every relation, of one of them, or of those that a query reads.

    Returns
    -------
    DataFrame with columns relation, column, type, meaning

    Raises
    ------
    QueryError
        Where the query is no SELECT, or names a relation that does not exist.
    """
    relations = store.relations()
    if sql is None or sql in relations:
        chosen = sorted(relations) if sql is None else [sql]
    else:
        chosen = [name for name in relations_of(sql) if name in relations]
    if sql is not None and not chosen:
        raise QueryError("the query reads no relation.", mend=nearest("", relations))
    rows = [
        (name, column, _type(dtype), _meaning(name, column))
        for name in chosen
        for column, dtype in relations[name]().collect_schema().items()
    ]
    return pl.DataFrame(rows, schema=["relation", "column", "type", "meaning"], orient="row")


def _meaning(relation: str, column: str) -> str:
    family = next((prefix for prefix in _FAMILIES if relation.startswith(prefix)), "")
    for field in (*_FIELDS.get(relation, ()), *_FAMILIES.get(family, ())):
        if field.name == column and field.metadata:
            return str(field.metadata[b"comment"].decode())
    return _JOINED.get(family, {}).get(column) or _OTHER.get(family, "")


def _type(dtype: pl.DataType) -> str:
    """Write a type as a person would: ``list of text``."""
    if isinstance(dtype, pl.List):
        return f"list of {_type(dtype.inner)}"  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return f"({', '.join(field.name for field in dtype.fields)})"
    if dtype.is_integer():
        return "whole number"
    if dtype.is_float():
        return "number"
    return {"String": "text", "Boolean": "yes or no"}.get(str(dtype), "time" if dtype.is_temporal() else str(dtype))

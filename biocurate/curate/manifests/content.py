"""The hash of a manifest: of what is selected, not of where a store happens to keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import polars as pl

from biocurate.errors import StaleError
from biocurate.store.schema import WINDOWS
from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store

SCHEME = "biocurate manifest 1"
"""Begins what is hashed; a change of the scheme changes it."""

IDENTITY = ("recording_id", "revision", "t0_ns", "duration_ns")
"""What a window is, beside the samples under it."""


def content_hash(store: Store, definition: str, rows: pl.DataFrame) -> str:
    """Hash a definition and the rows that it selected.

    Of each row count the recording and its revision, the digests of the streams that cover it, time and length, its
    label columns, label and split. Numbers of windows, parts, places in parts and runs do not: two stores that were
    made from the same sources give the same hash, and so does the same store after it has grown.

    Parameters
    ----------
    store : Store
    definition : str
        Canonical JSON.
    rows : DataFrame
        Windows with label columns, ``label`` and ``split``, in any order.

    Returns
    -------
    str, 64 hexadecimal digits
    """
    labels = [name for name in rows.columns if name not in WINDOWS.names]
    return hash_of(definition, rows.with_columns(digests_of(store, rows)), labels)


def hash_of(definition: str, rows: pl.DataFrame, labels: Sequence[str]) -> str:
    """Hash a definition and rows that have their digests; see `content_hash`.

    Parameters
    ----------
    definition : str
        Canonical JSON.
    rows : DataFrame
        With recording_id, revision, t0_ns, duration_ns, label columns and ``digest``, in any order.
    labels : sequence of str
        Names of the label columns, of ``label`` and ``split``.
    """
    table = rows.sort("recording_id", "t0_ns", "duration_ns").select(*IDENTITY, *sorted(labels), "digest")
    hasher = hashlib.sha256()
    for piece in (SCHEME.encode(), definition.encode(), *_columns(table)):
        hasher.update(len(piece).to_bytes(8, "little"))
        hasher.update(piece)
    return hasher.hexdigest()


def digests_of(store: Store, rows: pl.DataFrame) -> pl.Series:
    """Digests of the streams that cover each window, by stream number, as one text called ``digest``."""
    return texts_of(store, rows, stream_digests(store, view_of(rows)))


def texts_of(store: Store, rows: pl.DataFrame, streams: pl.DataFrame) -> pl.Series:
    """Texts of the streams that cover each window, by stream number, joined by blanks.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows.
    streams : DataFrame
        recording_id, revision, stream_no and the column of texts, whose name the result has.

    Raises
    ------
    StaleError
        Where a stream of a window is not among them.
    """
    name = streams.columns[-1]
    # Windows share few sets of streams: each set is joined to its texts once.
    keyed = rows.select(
        "recording_id", "revision", numbers=pl.col("streams").list.eval(pl.element().struct.field("stream_no"))
    )
    sets = keyed.unique()
    joined = (
        sets.with_columns(stream_no=pl.col("numbers"))
        .explode("stream_no")
        .join(streams, on=["recording_id", "revision", "stream_no"], how="left")
        .sort("stream_no")
        .group_by("recording_id", "revision", "numbers")
        .agg(pl.col(name))
    )
    if joined[name].list.eval(pl.element().is_null()).list.any().any():
        raise StaleError(
            "a window refers to a stream that is gone.",
            where=store.url,
            mend="Build them again: biocurate windows build.",
        )
    joined = joined.with_columns(pl.col(name).list.join(" "))
    return keyed.join(joined, on=["recording_id", "revision", "numbers"], how="left", maintain_order="left")[name]


def stream_digests(store: Store, view: str | None) -> pl.DataFrame:
    """Digests of streams; of a view's, what they were made from and by, for samples may differ in their last bit."""
    digest = "digest" if view is None else "input"
    return store.streams_of(view).select("recording_id", "revision", "stream_no", digest=digest).collect()


def _columns(table: pl.DataFrame) -> Iterator[bytes]:
    """Each column as bytes that depend on its values alone: its name, then its values.

    Numbers are little-endian 64-bit. Texts are first their lengths in UTF-8 bytes (-1 where there is none), then all of
    them end to end; lists of texts are first their lengths, then the texts of all.
    """
    for name in table.columns:
        column = table[name]
        yield name.encode()
        if column.dtype == pl.Float64:
            yield column.to_numpy().astype("<f8").tobytes()
            continue
        if column.dtype == pl.List(pl.String):
            yield _integers(column.list.len())
            column = column.explode(empty_as_null=False)
        if column.dtype == pl.Int64:
            yield _integers(column)
        else:
            text = column.cast(pl.String)
            yield _integers(text.str.len_bytes())
            yield "".join(text.drop_nulls().to_list()).encode()


def _integers(column: pl.Series) -> bytes:
    return column.cast(pl.Int64).fill_null(-1).to_numpy().astype("<i8").tobytes()

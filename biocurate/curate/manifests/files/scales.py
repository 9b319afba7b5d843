"""What makes a stream's integers physical values of named channels, as one short hash.

A digest is of integers alone: a file whose gain was doubled, or whose channels were called otherwise, has the same one.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import polars as pl

from biocurate.curate.manifests.content import texts_of
from biocurate.store.reading import catalogue
from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store

FACTS = ("names", "canonical_units", "scale", "shift", "invalid")
"""Of each channel, in order. How sure the unit is (``unit_status``) changes no value, and is not in it."""

DIGITS = 9
"""Significant digits of a gain: finer than the float32 that `read` returns, coarser than the last bits, in which two
ways to the same scale differ."""

PLACES = 6
"""Decimal places of an offset in counts."""


def scales_of(store: Store, rows: pl.DataFrame) -> pl.Series:
    """Hashes of the streams that cover each window, by stream number, as one text called ``scales``.

    Null where the windows are of a view: what a view's streams were made from has scales and names in its digest.
    """
    if view_of(rows) is not None:
        return pl.Series("scales", [None] * rows.height, dtype=pl.String)
    return texts_of(store, rows, stream_scales(store))


def stream_scales(store: Store) -> pl.DataFrame:
    """Hash of every stream as recorded: recording_id, revision, stream_no, scales."""
    columns = ("stream_id", "recording_id", "revision", "stream_no", "sensor_type", "channels")
    streams = catalogue(store.streams.select(*columns).collect())
    # Recordings of one device share scales: each is hashed once.
    known = streams.select(fact=pl.struct(FACTS)).unique()
    hashed = known.with_columns(scales=pl.Series([scale_hash(fact) for fact in known["fact"]], dtype=pl.String))
    joined = streams.with_columns(fact=pl.struct(FACTS)).join(
        hashed, on="fact", how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.select("recording_id", "revision", "stream_no", "scales")


def scale_hash(fact: dict[str, Any]) -> str:
    """Hash the names, canonical units, scales, shifts and invalid codes of a stream's channels.

    Parameters
    ----------
    fact : dict
        Lists of one value a channel: names, canonical_units, scale, shift (canonical value = integer * scale + shift)
        and invalid.

    Returns
    -------
    str, 16 hexadecimal digits
    """
    channels = [
        (name, unit, _gain(scale), _offset(shift, scale), invalid)
        for name, unit, scale, shift, invalid in zip(*(fact[name] or () for name in FACTS), strict=True)
    ]
    return sha256(json.dumps(channels, ensure_ascii=False).encode()).hexdigest()[:16]


def _gain(scale: float | None) -> str:
    return "none" if scale is None else f"{scale:.{DIGITS}g}"


def _offset(shift: float | None, scale: float | None) -> str:
    """In counts, for an offset of next to nothing is nothing beside a count."""
    if shift is None:
        return "none"
    # Adding 0 makes -0 plain.
    return f"{round(shift / scale, PLACES) + 0.0:.{PLACES}f}" if scale else _gain(shift)

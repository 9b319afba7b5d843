"""Ranges of the split that one trains on, found before anything is drawn; never of those whom one tests on."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import torch

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation
from biocurate.images.drawing.render import percentiles
from biocurate.images.drawing.scale import Scale, of_training
from biocurate.images.making.ranges import numbers
from biocurate.images.reading.live import Live, items
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.store.manifests import Manifest
from biocurate.store.signal_reader import SignalReader
from biocurate.store.sql import nearest
from biocurate.store.store import Store

IMAGES = 4096
"""Images that a range is found from, at most; evenly spaced over the training windows."""

VALUES = 1 << 24
"""Their numbers, at most."""

BATCH = 64
"""Images whose samples are read at once."""

FOLD = re.compile(r"(?:fold)?\d+")


def training_rows(manifest: Manifest, held_out: str | None = None) -> pl.DataFrame:
    """Windows of a manifest that one trains on.

    Parameters
    ----------
    manifest : Manifest
    held_out : str, optional
        Fold that is tested on, where the splits are folds.

    Raises
    ------
    UsageError
        Where the manifest does not say which windows one trains on.
    """
    rows = manifest.rows
    splits = sorted(rows["split"].drop_nulls().unique()) if "split" in rows.columns else []
    where = f"manifest {manifest.name}"
    if "train" in splits and held_out is None:
        return rows.filter(pl.col("split") == "train")
    if splits and all(FOLD.fullmatch(name) for name in splits):
        if held_out is None:
            raise UsageError(
                "its splits are folds: each fold trains on other persons, and a range of all would know those whom it "
                "is tested on.",
                where=where,
                mend="Say which fold is held out, such as --fold fold0, and draw a set for each.",
            )
        if held_out not in splits:
            raise UsageError(f"it has no fold {held_out!r}.", where=where, mend=nearest(held_out, splits))
        return rows.filter(pl.col("split") != held_out)
    if held_out is not None and splits:
        raise UsageError("its splits are no folds.", where=where, mend="Leave --fold out.")
    raise UsageError(
        "it has no split to train on, so that a range would know those whom one tests on.",
        where=where,
        mend="Build it with splits, or scale by image or recording.",
    )


def fitted(
    store: Store,
    manifest: Manifest,
    representation: Representation,
    sensor: str,
    channels: tuple[str, ...] = (),
    held_out: str | None = None,
) -> Representation:
    """Scale a representation by the training windows of a manifest: one range for a sensor type.

    The range goes from percentile 1 to percentile 99 of all numbers of up to `IMAGES` images. A representation with a
    range by definition, such as an angle, stays as it is.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    representation : Representation
    sensor : str
        Sensor type or alias.
    channels : tuple of str
        As images are drawn; all where left out.
    held_out : str, optional
        Fold that is tested on, where the manifest's splits are folds.

    Raises
    ------
    UsageError
        Where the manifest does not say which windows one trains on, or these give no range.
    StaleError
        Where the manifest was made from recordings that have been replaced.
    """
    if representation.bounds is not None:
        return representation
    rows = training_rows(manifest, held_out)
    store.check_live(rows.lazy(), f"manifests/{manifest.name}", manifest.snapshot_id)
    kind, reader = str(SensorType.parse(sensor)), SignalReader.of(store, rows)
    found = items(reader, rows, [kind], channels).with_columns(drawn=pl.lit(0)).sort("window_row", "stream_no", "index")
    live = Live(reader, found, [representation.scaled(Scale())])
    values = torch.cat(_values(live, representation))
    low, high = (float(end) for end in percentiles(values[None])) if len(values) else (np.nan, np.nan)
    used = min(found.height, _most(found, representation))
    return representation.scaled(of_training(low, high, kind, manifest.hash, held_out, used))


def _values(live: Live, representation: Representation) -> list[torch.Tensor]:
    """Numbers of evenly spaced images, flat."""
    count, most = live.rows.height, _most(live.rows, representation)
    at = np.arange(count) if count <= most else (2 * np.arange(most) + 1) * count // (2 * most)
    pieces = (piece for start in range(0, len(at), BATCH) for piece in live.pieces(at[start : start + BATCH]))
    return [numbers(piece.x, piece.rate, representation).flatten() for piece in pieces]


def _most(rows: pl.DataFrame, representation: Representation) -> int:
    grids = (
        representation.grid(max(ns_to_samples(duration_ns, rate), representation.shortest(rate)), rate)
        for rate, duration_ns in rows.select("rate_hz", "duration_ns").unique().iter_rows()
    )
    return max(1, min(IMAGES, VALUES // max(height * width for height, width in grids)))

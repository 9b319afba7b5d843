"""A contact sheet: a few images of each sensor type and label, to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from biocurate.errors import UsageError
from biocurate.images.reading.stored import image_rows, read_images
from biocurate.recording import NS
from biocurate.store.store import Store

UNLABELLED = "no label"
STREAM = ["recording_id", "stream_no"]
ROW = ["sensor_type", "label", "kind"]
"""Images that share these are in one row."""

WINDOW = ("recording_id", "revision", "t0_ns", "duration_ns")
"""What a window is, whatever its number, which changes when a manifest is built anew."""


def choose(store: Store, image_set: str, per_label: int) -> pl.DataFrame:
    """Choose some images of each sensor type, label and kind, of as many recordings as can be; the same every time.

    Returns
    -------
    DataFrame
        Rows of the image set with the stream's sensor type, the manifest's label and subject and the representation's
        kind, sorted by sensor type, label and kind.
    """
    kind = pl.col("representation").str.replace("-[^-]*$", "")
    sensors = store.streams.select(*STREAM, "sensor_type")
    shown = image_rows(store, image_set).filter(pl.col("status") == "ok").with_columns(kind=kind)
    images = shown.join(sensors, on=STREAM, how="left").collect()
    labels = [
        store.manifest(name).rows.select(*WINDOW, "label", "subject").with_columns(manifest=pl.lit(name))
        for name in images["manifest"].unique()
    ]
    if not labels:
        return images.with_columns(label=pl.lit(None, pl.String), subject=pl.lit(None, pl.String))
    labelled = images.join(pl.concat(labels), on=[*WINDOW, "manifest"]).sort("image_id")
    # The n-th image of its recording: first every recording's first one, in the order of the ids, which are hashes.
    nth = pl.int_range(pl.len()).over(*ROW, "recording_id")
    spread = labelled.with_columns(nth=nth).sort("nth", "image_id", maintain_order=True)
    chosen = spread.group_by(ROW, maintain_order=True).head(per_label)
    return chosen.sort(*ROW, "nth", "image_id").drop("nth")


def contact_sheet(
    store: Store, image_set: str, file: Path, *, per_label: int = 6, size: int = 224, colour: str = "viridis"
) -> int:
    """Write a PNG with a row for each label, and for each sensor type and kind where a set has several.

    Returns the number of images on it.

    Parameters
    ----------
    store : Store
    image_set : str
    file : Path
    per_label : int
        Images of each label.
    size : int
        Side of each image in pixels.
    colour : str
        Colour map.

    Raises
    ------
    StoreError
        Where there is no such set.
    DamageError
        Where a stored byte is missing or changed.
    UsageError
        Where the file cannot be written, or matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        mend = "pip install 'biocurate[images]'"
        raise UsageError("A contact sheet needs matplotlib, which is not installed.", mend=mend) from missing

    rows = choose(store, image_set, per_label)
    if rows.is_empty():
        return 0
    pixels = read_images(store, rows, size, colour).transpose(0, 2, 3, 1)
    kinds = rows["kind"].unique().sort()
    labels = _names(rows)
    order = labels.unique(maintain_order=True).to_list()
    figure = Figure(figsize=(2.6 * per_label, 2.9 * len(order)), dpi=100, layout="constrained")
    grid = np.asarray(figure.subplots(len(order), per_label, squeeze=False))
    for axis in grid.flat:
        axis.set_axis_off()
    drawn = dict.fromkeys(order, 0)
    for row, label, image in zip(rows.iter_rows(named=True), labels, pixels, strict=True):
        axis = grid[order.index(label), drawn[label]]
        axis.set_axis_on()
        axis.imshow(image, extent=(0, row["duration_ns"] / NS, 0, 1), aspect="auto", interpolation="none")
        axis.set_title(f"{row['subject']} · {row['channel']} · {row['t0_ns'] / NS:g} s", fontsize=9)
        axis.set_yticks([])
        axis.tick_params(labelsize=8)
        if not drawn[label]:
            axis.set_ylabel(label, fontsize=9 if "\n" in label else 12)
        drawn[label] += 1
    ids = rows["representation"].unique().sort()
    ways = ", ".join(ids) if len(ids) == 1 else f"{len(kinds)} representations" if len(kinds) > 1 else kinds[0]
    figure.suptitle(f"{image_set}: {ways}; seconds from left to right", wrap=True)
    try:
        figure.savefig(file, format="png")
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror or error}.", where=str(file)) from error
    return rows.height


def _names(rows: pl.DataFrame) -> pl.Series:
    """What each image's row is called: its label, and its sensor type and kind where there are several."""
    of = [pl.col("label").cast(pl.String).fill_null(UNLABELLED)]
    if rows["sensor_type"].n_unique() > 1:
        of = [pl.col("sensor_type").fill_null("?"), *of]
    if rows["kind"].n_unique() > 1:
        of = [*of, pl.col("kind")]
    return rows.select(pl.concat_str(of, separator="\n")).to_series()

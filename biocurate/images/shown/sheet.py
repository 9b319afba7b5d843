"""A contact sheet: a few images of each label, to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from biocurate.errors import UsageError
from biocurate.images.reading.stored import image_rows, read_images
from biocurate.recording import NS
from biocurate.store.store import Store

UNLABELLED = "no label"

WINDOW = ("recording_id", "revision", "t0_ns", "duration_ns")
"""What a window is, whatever its number, which changes when a manifest is built anew."""


def choose(store: Store, image_set: str, per_label: int) -> pl.DataFrame:
    """Choose some images of each label and kind, of as many recordings as can be; the same ones every time.

    Returns
    -------
    DataFrame
        Rows of the image set with the manifest's label and subject and the representation's kind, sorted by label and
        kind.
    """
    kind = pl.col("representation").str.replace("-[^-]*$", "")
    images = image_rows(store, image_set).filter(pl.col("status") == "ok").with_columns(kind=kind).collect()
    labels = [
        store.manifest(name).rows.select(*WINDOW, "label", "subject").with_columns(manifest=pl.lit(name))
        for name in images["manifest"].unique()
    ]
    if not labels:
        return images.with_columns(label=pl.lit(None, pl.String), subject=pl.lit(None, pl.String))
    labelled = images.join(pl.concat(labels), on=[*WINDOW, "manifest"]).sort("image_id")
    # The n-th image of its recording: first every recording's first one, in the order of the ids, which are hashes.
    nth = pl.int_range(pl.len()).over("label", "kind", "recording_id")
    spread = labelled.with_columns(nth=nth).sort("nth", "image_id", maintain_order=True)
    chosen = spread.group_by("label", "kind", maintain_order=True).head(per_label)
    return chosen.sort("label", "kind", "nth", "image_id").drop("nth")


def contact_sheet(
    store: Store, image_set: str, file: Path, *, per_label: int = 6, size: int = 224, colour: str = "viridis"
) -> int:
    """Write a PNG with a row for each label, and for each kind where a set has several.

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
    one = len(kinds) == 1
    label = pl.col("label").fill_null(UNLABELLED)
    labels = rows.select(label if one else pl.concat_str(label, "kind", separator="\n")).to_series()
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
            axis.set_ylabel(label, fontsize=12 if one else 9)
        drawn[label] += 1
    ids = rows["representation"].unique().sort()
    ways = ", ".join(ids) if len(ids) == 1 else f"{len(kinds)} representations" if not one else kinds[0]
    figure.suptitle(f"{image_set}: {ways}; seconds from left to right", wrap=True)
    try:
        figure.savefig(file, format="png")
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror or error}.", where=str(file)) from error
    return rows.height

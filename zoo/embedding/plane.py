"""A set of embeddings on a plane, coloured by what is known of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.store.store import Store
from zoo.embedding.windows import labelled, window_vectors

Method = Literal["pca", "umap"]
Colour = Literal["label", "corpus", "person"]

MOST = 20_000
"""Windows that are drawn; evenly spaced where there are more."""

TINTS = (*range(0, 14, 2), 16, 18, *range(1, 14, 2), 17, 19)
"""Of tab20: strong ones, then their pale twins. Its greys are left out, since groups without a name are grey."""

NAMED = len(TINTS)
"""Groups that the legend names."""


@dataclass(frozen=True)
class Plane:
    """Where windows lie."""

    rows: pl.DataFrame
    """window_id, recording_id, person, corpus, label, x, y."""
    left_out: int
    """Windows that are not drawn, since there are more than `MOST`."""
    explained: tuple[float, float] | None
    """Share of the variance along each axis, of principal components."""


def plane(store: Store, name: str, method: Method = "pca", seed: int = 0) -> Plane:
    """Lay the windows of a set of embeddings on a plane.

    Principal components need nothing but numpy and are the same on every run; UMAP is taken where it is installed, and
    its distances mean little beyond the nearest neighbours.

    Raises
    ------
    UsageError
        Where UMAP is asked for and not installed, or there are fewer than three windows.
    """
    found = window_vectors(store, name)
    count = found.rows.height
    if count < 3:
        raise UsageError(f"{count} windows make no picture.", where=f"embeddings {name}")
    at = np.arange(count) if count <= MOST else np.arange(MOST) * count // MOST
    vectors = found.vectors[at].astype(np.float64)
    places, explained = _components(vectors) if method == "pca" else (_umap(vectors, seed), None)
    rows = labelled(store, name, found.rows[at]).with_columns(x=pl.Series(places[:, 0]), y=pl.Series(places[:, 1]))
    keep = ["window_id", "recording_id", "person", "corpus", "label", "x", "y"]
    return Plane(rows.select(keep), count - len(at), explained)


def draw(found: Plane, name: str, colour: Colour, path: Path) -> None:
    """Draw the plane; the largest groups have a colour and a name, all others are grey.

    The figure is made without pyplot, which keeps state and may want a display.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    groups = found.rows.with_columns(group=pl.col(colour).fill_null("not known"))
    sizes = groups.group_by("group").len().sort("len", "group", descending=[True, False])
    named = sizes.head(NAMED)
    tints = {group: colormaps["tab20"](tint) for group, tint in zip(named["group"], TINTS, strict=False)}
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    rest = groups.filter(~pl.col("group").is_in(list(tints)))
    axes.scatter(rest["x"], rest["y"], s=5, color="0.8", linewidths=0)
    # Mixed, so that no group lies over another.
    mixed = groups.filter(pl.col("group").is_in(list(tints))).sample(fraction=1, shuffle=True, seed=0)
    axes.scatter(mixed["x"], mixed["y"], s=7, alpha=0.7, color=[tints[each] for each in mixed["group"]], linewidths=0)
    for group, size in named.iter_rows():
        axes.scatter([], [], s=7, color=tints[group], label=f"{group} ({size:,})", linewidths=0)
    if rest.height:
        others = f"{rest['group'].n_unique()} others ({rest.height:,})"
        axes.scatter([], [], s=7, color="0.8", label=others, linewidths=0)
    shares = found.explained
    axes.set_xlabel("first component" + ("" if shares is None else f", {shares[0]:.0%} of the variance"))
    axes.set_ylabel("second component" + ("" if shares is None else f", {shares[1]:.0%} of the variance"))
    axes.set_title(f"{name}: {groups.height:,} windows by {colour}", fontsize=10)
    axes.legend(fontsize=7, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=120, metadata={"Software": None} if path.suffix.lower() == ".png" else None)


def _components(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Project on the first two principal components; the largest number of each axis is positive, so that signs last.

    Source: Pearson, On lines and planes of closest fit to systems of points in space, 1901.
    """
    centred = vectors - vectors.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    two = axes[:, ::-1][:, :2]
    two = two * np.sign(two[np.abs(two).argmax(axis=0), np.arange(2)])
    whole = max(float(values.sum()), 1e-300)
    return centred @ two, (float(values[-1]) / whole, float(values[-2]) / whole)


def _umap(vectors: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    if find_spec("umap") is None:
        raise UsageError("UMAP is not installed.", where="--method umap", mend="pip install umap-learn, or take pca.")
    from umap import UMAP  # type: ignore[import-not-found,unused-ignore]

    return np.asarray(UMAP(n_components=2, random_state=seed).fit_transform(vectors), dtype=np.float64)

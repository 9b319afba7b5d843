"""AUROC by the value of an option, drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure


def plot_sweep(table: pl.DataFrame, path: Path) -> None:
    """Draw a panel an option: AUROC with its interval over persons, where there is one, and trained numbers below.

    Parameters
    ----------
    table : DataFrame
        As ``sweep.csv``.
    path : Path
    """
    options = table["option"].unique(maintain_order=True).to_list()
    wide = [max(3.0, 0.55 * table.filter(option=option).height) for option in options]
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(0.6 + sum(wide), 2.8), layout="constrained")
        panels = figure.subplots(1, len(options), sharey=True, squeeze=False, width_ratios=wide)[0]
        for axes, option in zip(panels, options, strict=True):
            mine = table.filter(option=option)
            mine = mine if option == "positions" else mine.sort(pl.col("value").cast(pl.Float64))
            place, value = np.arange(mine.height), mine["auroc"].to_numpy()
            low, high = (mine[f"auroc_{end}"].cast(pl.Float64).fill_null(mine["auroc"]).to_numpy() for end in
                         ("low", "high"))  # fmt: skip
            axes.axhline(0.5, color="0.6", linewidth=1, linestyle="--")
            # An expanded percentile interval need not hold the value itself.
            axes.vlines(place, low, high, color="C0", alpha=0.5)
            # Positions have no order.
            axes.plot(place, value, marker="o", color="C0", linestyle="" if option == "positions" else "-")
            named = [f"{_short(each)}\n{count:,}" for each, count in mine.select("value", "trained").rows()]
            axes.set_xticks(place, named)
            axes.set(xlabel=f"{option}, and numbers that are trained", xlim=(-0.5, mine.height - 0.5))
        figure.axes[0].set_ylabel("AUROC, 95 % over persons")
        figure.savefig(path, dpi=150, metadata={"Software": None})


def _short(value: float | str) -> str:
    return value if isinstance(value, str) and ":" in value else f"{float(value):g}"

"""The scores that a bridge's positions were chosen by, drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from zoo.biox_bridge.positions import Positions


def plot_positions(found: Positions, path: Path, scored: str = "probe, F1") -> None:
    """Draw similarities as a heat map and the probes beside it, or what else they are; what was chosen is framed."""
    alike = np.array(found.alike)
    blocks, layers = alike.shape
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(3.2 + 0.45 * layers, 1.8 + 0.32 * blocks), layout="constrained")
        probes, heat = figure.subplots(1, 2, sharey=True, width_ratios=(1, max(1.0, layers / 3)))
        probes.barh(np.arange(blocks), np.nan_to_num(found.probes), color="0.6")
        probes.barh(found.new - 1, np.nan_to_num(found.probes)[found.new - 1], color="C3")
        probes.set(xlabel=scored, ylabel="blocks of the new model that are run", xlim=(0, 1))
        probes.set_yticks(np.arange(blocks), [str(at + 1) for at in range(blocks)])
        drawn = heat.imshow(alike, aspect="auto", vmin=0, vmax=1, cmap="viridis", origin="lower")
        heat.set(xlabel="old block entered")
        heat.set_xticks(np.arange(layers))
        corner = (found.old - 0.5, found.new - 1.5)
        if found.old < layers and found.new >= 1:
            heat.add_patch(mpl.patches.Rectangle(corner, 1, 1, fill=False, edgecolor="C3", linewidth=2))
        figure.colorbar(drawn, ax=heat, label="linear CKA")
        figure.savefig(path, dpi=150)

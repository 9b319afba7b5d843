"""Windows that scales of activations are fixed by: of persons that the network was trained on, and of nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from zoo.deploying.draws import of_windows
from zoo.runs.channels import only_of
from zoo.training.folds import HOLD_OUT

if TYPE_CHECKING:
    from torch import Tensor

    from biocurate.store.manifests import Manifest
    from biocurate.store.store import Store
    from zoo.deploying.int8 import Fed
    from zoo.deploying.network import Deployed

BATCH = 8
"""Windows at once."""


@dataclass(frozen=True)
class Calibration:
    """Which windows of a manifest."""

    store_url: str
    manifest: str
    at: NDArray[np.intp]
    """Rows of the manifest."""
    persons: int
    sensors: tuple[str, ...]
    channels: dict[str, tuple[str, ...]] | None = None
    """By sensor type, where not all of them are taken."""

    def batches(self, deployed: Deployed) -> Iterator[Fed]:
        """What the network takes of them, a batch after the other."""
        from zoo.data.placed import PlacedWindows

        takes: Any = deployed.network.architecture
        windows = PlacedWindows(self.store_url, self.manifest, None, self.sensors, takes, self.channels)
        chosen = self.at[windows.placed.covered[self.at]]
        for start in range(0, len(chosen), BATCH):
            inputs: dict[str, Tensor] = windows.__getitems__(chosen[start : start + BATCH].tolist())["input"]
            there = inputs["present"].any(dim=1)
            yield {name: each[there].numpy() for name, each in inputs.items() if name != "sensor" or takes.sensors}


def choose(deployed: Deployed, store: Store, name: str, windows: int, sensors: tuple[str, ...] = ()) -> Calibration:
    """Choose windows by chance, the same every time, from as many persons as there are.

    Parameters
    ----------
    deployed : Deployed
    store : Store
    name : str
        Of a manifest.
    windows : int
        How many.
    sensors : tuple of str
        Those that it was trained on, or all of the windows, where left out.

    Raises
    ------
    ModelError
        Where the network takes no windows, or nobody of the manifest was trained on.
    """
    if not of_windows(deployed.network):
        mend = "Take --int8 dynamic, which needs no calibration."
        raise ModelError("only networks of windows are calibrated.", where=deployed.model, mend=mend)
    manifest = store.manifest(name)
    at = spread(manifest.rows, _allowed(deployed, manifest), windows)
    persons = manifest.rows["person"].gather(at).n_unique()
    taken = sensors or _sensors(deployed, manifest.rows)
    channels = only_of(deployed.about.get("config", {}).get("channels"), taken)
    return Calibration(str(store.url), name, at, persons, taken, channels)


def spread(rows: pl.DataFrame, allowed: NDArray[np.intp], windows: int) -> NDArray[np.intp]:
    """Choose some of the rows that are allowed: everybody has one before anybody has two."""
    mixed = np.random.default_rng([0, len(allowed)]).permutation(allowed)
    taken = (
        pl.DataFrame({"row": mixed, "person": rows["person"].gather(mixed)})
        .with_columns(number=pl.int_range(pl.len()).over("person"))
        .sort("number", maintain_order=True)
        .head(windows)
    )
    return np.asarray(np.sort(taken["row"].to_numpy()))


def _sensors(deployed: Deployed, rows: pl.DataFrame) -> tuple[str, ...]:
    """Those that it was trained on, as far as that is told; else what the windows have and the network tells apart."""
    takes: Any = deployed.network.architecture
    known = {str(each) for each in takes.sensors} or {"EEG"}
    there = rows["sensor_types"].explode().unique().drop_nulls().sort()
    return tuple(deployed.about.get("input_sensors") or (each for each in there if each in known))


def _allowed(deployed: Deployed, manifest: Manifest) -> NDArray[np.intp]:
    """Rows of persons that the weights were trained on; of weights that do not tell, those of the split `train`."""
    rows, persons = manifest.rows, deployed.about.get("persons")
    if persons:
        mine, mend = rows["person"].is_in(persons), "Name the manifest that it was trained on."
    else:
        mine = rows["split"] == HOLD_OUT[0]
        mend = "Its weights do not tell whom they were trained on: name a manifest with a split called train."
    if not mine.any():
        raise ModelError("nobody in it was trained on.", where=f"manifest {manifest.name}", mend=mend)
    return np.flatnonzero(mine.to_numpy())

"""Windows as tensors of channels with places: whatever sensor types and montages their recordings have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from biocurate.sensors import SensorType
from zoo.data.layout import Form, Takes, layout
from zoo.data.noise import Disturb, disturbed
from zoo.data.opened import Opened
from zoo.data.windows import Batch, StoreDataset

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest


class PlacedRows(Opened, Dataset[Batch]):
    """Windows of any rows, with labels or without.

    A batch holds ``input`` and ``row`` (place in `rows`, int64). ``input`` has what `PanLuna.forward` takes: ``x``
    (Tensor, shape (batch, channels, samples), float32, each channel of each window with mean 0 and deviation 1),
    ``locations`` (shape (batch, channels, 3), see `biocurate.sensors.place`; zeros where nothing is known), ``sensor``
    (int64, shape (batch, channels), row of the network's table) and ``present`` (bool, shape (batch, channels)).

    A channel that fills up the batch, is constant or has no sample is zeros, and ``present`` is False; it was never
    divided. Samples that are missing in a channel that has others are 0, its mean.

    Parameters
    ----------
    store_url : str
    rows : DataFrame
        Windows of a manifest.
    sensors : sequence of str
        Sensor types or aliases; a window may lack some of them.
    takes : Takes
        Rate, patch and table of sensor types of the network: its `Architecture`.
    channels : mapping of sensor type to names, optional
        Only these, as far as a recording has them.
    at : int or str, optional
        A snapshot to read, as of `open_store`.

    Raises
    ------
    StaleError, ModelError
        As of `zoo.data.layout.layout`.
    """

    def __init__(
        self,
        store_url: str,
        rows: pl.DataFrame,
        sensors: Sequence[str],
        takes: Takes,
        channels: Mapping[str, Sequence[str]] | None = None,
        at: int | str | None = None,
    ) -> None:
        self.store_url, self.rows, self.at = str(store_url), rows, at
        self.sensors = tuple(SensorType.parse(sensor) for sensor in sensors)
        wanted = {SensorType.parse(sensor): tuple(names) for sensor, names in (channels or {}).items()}
        self.layout, self.rate_hz = layout(self._store, rows, self.sensors, takes, wanted), takes.rate_hz
        keys = ["recording_id", "revision", "duration_ns", "view"]
        self._keys = rows.select(name for name in keys if name in rows.columns)
        self.disturb: Disturb | None = None
        self._form, self._offset = (self.layout.entries[name].to_numpy() for name in ("form", "offset"))

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Which windows have a channel, shape (windows,)."""
        return self.layout.width > 0

    def __len__(self) -> int:
        return self.rows.height

    def __getitem__(self, index: int) -> Batch:
        """One window, without the batch's axis."""
        batch = self.__getitems__([index])
        return {"input": {name: each[0] for name, each in batch["input"].items()}, "row": batch["row"][0]}

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of windows, in the order asked for."""
        at = np.asarray(indices, dtype=np.intp)
        return {"input": self.inputs(at), "row": torch.from_numpy(at)}

    def inputs(self, at: NDArray[np.intp]) -> dict[str, Tensor]:
        """What a network takes of some windows, each with as many channels as the widest of them."""
        shape = (len(at), max(1, int(self.layout.width[at].max(initial=0))))
        x = np.zeros((*shape, self.layout.samples), np.float32)
        places, kinds, present = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.int64), np.zeros(shape, bool)
        entry, window = self.layout.of(at)
        for number in np.unique(self._form[entry]):
            form, mine = self.layout.forms[number], self._form[entry] == number
            samples, flat = self._read(form, entry[mine])
            into = window[mine, None], self._offset[entry[mine], None] + np.arange(len(form.channels))
            x[into], present[into], places[into], kinds[into] = samples, ~flat, form.places, form.row
        found = {"locations": torch.from_numpy(places), "sensor": torch.from_numpy(kinds)}
        there = torch.from_numpy(present)
        return {"x": standardised(torch.from_numpy(x), there), **found, "present": there}

    def _read(self, form: Form, entry: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Samples of streams of one form, and which of their channels are flat."""
        from biocurate import read_windows

        # Only the one stream is named, so that others of its sensor type do not make it ambiguous.
        mine = self.layout.entries[entry]
        rows = self._keys[mine["row"]].with_columns(streams=mine["streams"])
        flat = np.zeros((len(entry), len(form.channels)), bool)
        sensor, names = str(form.sensor), list(form.channels)
        x = read_windows(self._store, rows, sensor, names, reader=self._reader, flat=flat)
        if self.disturb is not None:
            x = disturbed(self.disturb, x, mine["row"].to_numpy(), self.rate_hz, form.sensor)
        return x, flat


class PlacedWindows(StoreDataset):
    """Windows of a manifest with labels; a batch is that of `PlacedRows` and ``label`` (class codes).

    Parameters
    ----------
    store_url : str
    manifest : str or Manifest
    split : str or None
        All windows where None.
    sensors, takes, channels, at
        As of `PlacedRows`.

    Raises
    ------
    StaleError, ModelError
        As of `PlacedRows`.
    """

    def __init__(
        self,
        store_url: str,
        manifest: str | Manifest,
        split: str | None,
        sensors: Sequence[str],
        takes: Takes,
        channels: Mapping[str, Sequence[str]] | None = None,
        at: int | str | None = None,
    ) -> None:
        super().__init__(store_url, manifest, split, at)
        self.placed = PlacedRows(self.store_url, self.rows, sensors, takes, channels, at)

    def __len__(self) -> int:
        return self.rows.height

    def __getitem__(self, index: int) -> Batch:
        """One window, without the batch's axis."""
        return {**self.placed[index], "label": self.codes[index]}

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of windows, in the order asked for."""
        batch = self.placed.__getitems__(indices)
        return {**batch, "label": self.codes[batch["row"]]}


def standardised(x: Tensor, present: Tensor) -> Tensor:
    """Give each channel of each window mean 0 and deviation 1 over the samples that it has; the others become 0.

    Source: PanLUNA's published scripts, whose deviation is the unbiased one.

    Parameters
    ----------
    x : Tensor, shape (batch, channels, samples)
        NaN where there is no sample.
    present : Tensor of bool, shape (batch, channels)
        Channels that are neither flat nor without a sample; the others become 0.
    """
    known = x.isfinite() & present[..., None]
    # In float64: a small signal may stand on a large offset.
    values = torch.where(known, x, 0.0).double()
    count = known.sum(dim=2, keepdim=True)
    mean = values.sum(dim=2, keepdim=True) / count.clamp(min=1)
    centred = torch.where(known, values - mean, 0.0)
    deviation = (centred.square().sum(dim=2, keepdim=True) / (count - 1).clamp(min=1)).sqrt()
    return (centred / torch.where(present[..., None], deviation, 1.0)).to(x.dtype)

"""Torch datasets over a store and a manifest, read batch by batch.

Rows stay columns (a polars frame, numpy codes): a data set of millions of windows has no Python object a window. The
store is opened on first use in each process. Workers are spawned, never forked: polars and the store's reader hold
threads that do not survive a fork.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.data.coverage import Signature, covering, groups
from zoo.data.opened import Opened
from zoo.data.task import KINDS, Task

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest
    from zoo.data.scaling import Scalings

Batch = dict[str, Any]


def targets(codes: NDArray[Any]) -> Tensor:
    """Classes as a network's loss takes them: int64; float32 of numbers, and of lists with a column a label."""
    return torch.from_numpy(codes.astype(np.float32 if codes.ndim == 2 or codes.dtype.kind == "f" else np.int64))


class StoreDataset(Opened, Dataset[Batch], ABC):
    """Rows of a manifest in one split; subclasses say what a batch of them is."""

    def __init__(self, store_url: str, manifest: str | Manifest, split: str | None, at: int | str | None) -> None:
        self.store_url, self.at = str(store_url), at
        if isinstance(manifest, str):
            task = Task.of(self._store.manifest(manifest), KINDS)
        else:
            task = Task.of(manifest, KINDS)
            self._store.check_live(task.rows.lazy(), f"manifests/{task.name}", task.snapshot_id)
        if split is not None and split not in task.rows["split"].unique().to_list():
            there = ", ".join(task.rows["split"].unique().drop_nulls().sort())
            raise UsageError(f"the manifest has no split {split!r}.", where=task.name, mend=f"It has {there}.")
        chosen = np.ones(task.rows.height, bool) if split is None else (task.rows["split"] == split).to_numpy()
        self.classes = task.classes
        self.rows = task.rows.filter(pl.Series(chosen))
        self.codes = targets(task.codes[chosen])

    def __getitem__(self, index: int) -> Batch:
        """One item, without the batch's axis."""
        return {name: _first(value) for name, value in self.__getitems__([index]).items()}

    @abstractmethod
    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of items, in the order asked for."""


class WindowDataset(StoreDataset):
    """Samples of windows at their native rates.

    A batch holds ``signals`` (by sensor type, Tensor of shape (batch, channels, samples), float32, canonical unit),
    ``present`` (by sensor type, Tensor of bool, shape (batch,)), ``label`` (class codes) and ``row`` (place in `rows`).
    A sensor type that does not cover a window is NaN with ``present`` False, never zeros.

    Parameters
    ----------
    store_url : str
    manifest : str or Manifest
    split : str or None
        All windows where None.
    sensors : sequence of str
    channels : mapping of sensor type to names, optional
        Channels in the order wanted; needed where recordings differ in channels.
    at : int or str, optional
        A snapshot to read, as of `open_store`.
    scalings : mapping of sensor type to Scaling, optional
        What `zoo.data.scaling.fit_scalings` found in the training windows; needed of a view with scope ``train``.

    Raises
    ------
    StaleError
        Where the manifest was built from recordings that have been replaced.
    ModelError
        Windows that cannot be one array: several rates, several sets of channels, or a sensor type that none has.
    """

    def __init__(
        self,
        store_url: str,
        manifest: str | Manifest,
        split: str | None,
        sensors: Sequence[str],
        channels: Mapping[str, Sequence[str]] | None = None,
        at: int | str | None = None,
        scalings: Scalings = MappingProxyType({}),
    ) -> None:
        super().__init__(store_url, manifest, split, at)
        self.sensors = tuple(SensorType.parse(sensor) for sensor in sensors)
        self.scalings = dict(scalings)
        wanted = {SensorType.parse(sensor): tuple(names) for sensor, names in (channels or {}).items()}
        self.signatures: dict[SensorType, Signature] = {}
        self.present: dict[SensorType, NDArray[np.bool_]] = {}
        for sensor in self.sensors:
            covered = covering(self._store, self.rows, sensor)
            self.signatures[sensor] = _common(sensor, [like for like, _ in groups(covered)], wanted.get(sensor))
            self.present[sensor] = np.isin(np.arange(self.rows.height), covered["row"].to_numpy())

    def __len__(self) -> int:
        return self.rows.height

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """A batch of windows, in the order asked for."""
        at = np.asarray(indices, dtype=np.intp)
        signals = {str(sensor): self._read(sensor, at) for sensor in self.sensors}
        present = {str(sensor): torch.from_numpy(self.present[sensor][at]) for sensor in self.sensors}
        return {"signals": signals, "present": present, "label": self.codes[at], "row": torch.from_numpy(at)}

    def _read(self, sensor: SensorType, at: NDArray[np.intp]) -> Tensor:
        from biocurate import read_windows

        like = self.signatures[sensor]
        here = self.present[sensor][at]
        out = np.full((len(at), len(like.channels), like.samples), np.nan, dtype=np.float32)
        if here.any():
            out[here] = read_windows(
                self._store,
                self.rows[at[here]],
                str(sensor),
                list(like.channels),
                reader=self._reader,
                rate_hz=like.rate_hz,
                scaling=self.scalings.get(str(sensor)),
            )
        return torch.from_numpy(out)


class Shuffled(Sampler[int]):
    """A new order each epoch, the same for the same seed and epoch on every machine.

    Where several processes train together, each takes its part of the order, as many items as the others: the first
    ones are taken twice where they do not go round.
    """

    def __init__(self, length: int, seed: int, dataset: Dataset[Batch] | None = None) -> None:
        self.length, self.seed, self.epoch = length, seed, 0
        self.dataset = dataset
        self._from = (0, 0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's order, and what a dataset augments; Lightning calls it."""
        self.epoch = epoch
        tell_epoch(self.dataset, epoch)

    def go_on(self, epoch: int, seen: int) -> None:
        """Leave out what an epoch that was cut short has seen."""
        self._from = (epoch, seen)

    def __len__(self) -> int:
        return -(-self.length // processes()[1])

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        rank, ranks = processes()
        mine = np.resize(order, len(self) * ranks)[rank::ranks]
        epoch, seen = self._from
        yield from mine[seen if epoch == self.epoch else 0 :].tolist()


def tell_epoch(dataset: Dataset[Batch] | None, epoch: int) -> None:
    """Let a dataset that differs from epoch to epoch know which it is."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    if dataset is not None and hasattr(dataset, "set_epoch"):
        dataset.set_epoch(epoch)


def processes() -> tuple[int, int]:
    """Number of this process, and how many train together."""
    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    return (torch.distributed.get_rank(), torch.distributed.get_world_size()) if together else (0, 1)


def loader(
    dataset: Dataset[Batch], batch_size: int, workers: int = 0, seed: int | None = None, drop_last: bool = False
) -> DataLoader[Batch]:
    """Batches of a dataset.

    Parameters
    ----------
    dataset : WindowDataset, ImageDataset, or a `torch.utils.data.Subset` of one
    batch_size : int
    workers : int
        Processes that read ahead; 0 reads in this one.
    seed : int, optional
        Shuffle, anew each epoch; in order where left out.
    drop_last : bool
        Leave out a last batch that is not full.
    """
    length = len(dataset)  # type: ignore[arg-type]
    return DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=None if seed is None else Shuffled(length, seed, dataset),
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=workers > 0,
        collate_fn=as_it_is,
        drop_last=drop_last,
        # Of its own, so that reading draws none of the random numbers of the network.
        generator=torch.Generator(),
    )


def as_it_is(batch: Any) -> Any:  # noqa: ANN401
    """The dataset made a batch of it already."""
    return batch


def _first(value: Any) -> Any:  # noqa: ANN401
    return {name: each[0] for name, each in value.items()} if isinstance(value, dict) else value[0]


def _common(sensor: SensorType, found: list[Signature], wanted: tuple[str, ...] | None) -> Signature:
    """The one signature that all windows can be read with."""
    where = str(sensor)
    if not found:
        mend = "Choose other sensors, or build windows that `require` it."
        raise ModelError("no window has a stream of it.", where=where, mend=mend)
    if len(rates := {like.rate_hz for like in found}) > 1:
        listed = ", ".join(f"{rate:g}" for rate in sorted(rates))
        mend = "Select one rate in the manifest's `where`."
        raise ModelError(f"windows of {listed} Hz are no single array.", where=where, mend=mend)
    if len(spans := {like.samples for like in found}) > 1:
        mend = "Select windows of one length."
        raise ModelError(f"windows differ in length: {sorted(spans)} samples.", where=where, mend=mend)
    shared = [name for name in found[0].channels if all(name in like.channels for like in found)]
    if wanted is None and len({like.channels for like in found}) > 1:
        mend = f"Say which with channels={{'{sensor}': …}}; all have {', '.join(shared) or 'none in common'}."
        raise ModelError("recordings differ in channels.", where=where, mend=mend)
    if lacking := [name for name in wanted or () if name not in shared]:
        mend = f"All have {', '.join(shared) or 'none in common'}."
        raise ModelError(f"not every recording has {', '.join(lacking)}.", where=where, mend=mend)
    return Signature(found[0].rate_hz, wanted or found[0].channels, found[0].duration_ns)

"""A store that each process opens for itself, when it reads from it first."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from biocurate.store.signal_reader import SignalReader
    from biocurate.store.store import Store

OPENED = ("_store", "_reader", "_held", "_set", "_live")
"""What each process opens for itself, and is not sent to workers."""


class Opened:
    """Base of what reads windows of a store.

    Attributes
    ----------
    store_url : str
    at : int or str or None
        A snapshot to read.
    rows : DataFrame
        Windows of a manifest.
    """

    store_url: str
    at: int | str | None
    rows: pl.DataFrame

    @cached_property
    def _store(self) -> Store:
        from biocurate import open_store

        return open_store(self.store_url, self.at)

    @cached_property
    def _reader(self) -> SignalReader:
        from biocurate.store.signal_reader import SignalReader

        return SignalReader.of(self._store, self.rows)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in OPENED}

"""How long an ingest will take and how much room it needs, from a few recordings that are tried."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from biocurate.errors import StoreError
from biocurate.formats.source import Source
from biocurate.ingest.job import Job
from biocurate.ingest.plan import Plan
from biocurate.recording import Recording
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.objects import Objects
from biocurate.store.signals import Kind, SignalWriter, stored_dtype
from biocurate.store.store import Store

TRIED = 3
"""Recordings that are tried, spread over their sizes."""
TRIED_BYTES = 16 * 2**20
"""Of each file and each stream, at most so much is hashed and written."""
ALONGSIDE = 0.85
"""What a second worker adds, as a share of the first; measured by `biocurate bench again`."""
GB = 1e9


@dataclass(frozen=True)
class Estimate:
    """What an ingest would take."""

    recordings: int
    n_bytes: int
    """Raw bytes to read."""
    stored_bytes: int | None
    """None where there are recordings, and none could be tried."""
    seconds: float | None
    free_bytes: int | None
    """Room that is left; None in an object store."""
    tried: int
    """Recordings that it was measured on."""

    @property
    def fits(self) -> bool:
        """Whether there is room for it; where no recording could be tried, for the raw bytes."""
        needed = self.n_bytes if self.stored_bytes is None else self.stored_bytes
        return self.free_bytes is None or needed <= self.free_bytes


@dataclass(frozen=True)
class _Try:
    n_bytes: int
    stored_bytes: float
    seconds: float


def estimate(plan: Plan, store: Store, *, codec: str = SIGNAL_CODEC, workers: int = 1) -> Estimate:
    """Try a few recordings and scale what they take to all; nothing is written to the store.

    Parameters
    ----------
    plan : Plan
    store : Store
    codec : str
    workers : int
        That the ingest would have.
    """
    todo = [job for job in plan.todo if not job.rewrites]
    tries = [found for job in _spread(todo) if (found := _try(plan, job, codec)) is not None]
    tried = sum(each.n_bytes for each in tries)
    scale = plan.n_bytes / tried if tried else None if todo else 0.0
    at_once = 1 + ALONGSIDE * (max(1, workers) - 1)
    return Estimate(
        recordings=len(todo),
        n_bytes=plan.n_bytes,
        stored_bytes=None if scale is None else round(scale * sum(each.stored_bytes for each in tries)),
        seconds=None if scale is None else scale * sum(each.seconds for each in tries) / at_once,
        free_bytes=free_bytes(store),
        tried=len(tries),
    )


def refuse_what_cannot_fit(plan: Plan, store: Store, codec: str) -> None:
    """Refuse to begin what will end in a full disk; what is smaller raw than the room left is not measured.

    Raises
    ------
    StoreError
        There is no room for what the plan would store.
    """
    free = free_bytes(store)
    if free is None or plan.n_bytes <= free:
        return
    needed = estimate(plan, store, codec=codec)
    if not needed.fits:
        unknown = f"{_size(needed.n_bytes)} would be read, none of which could be tried"
        would = unknown if needed.stored_bytes is None else f"about {_size(needed.stored_bytes)} would be stored"
        raise StoreError(
            f"{would}, and {_size(free)} are free.",
            where=store.url,
            mend="Make room, take another disk, or read a part with --limit; --force begins all the same.",
        )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / GB:,.1f} GB" if n_bytes >= GB else f"{n_bytes / 1e6:,.1f} MB"


def free_bytes(store: Store) -> int | None:
    """Room that is left for a store; None where that is not known."""
    folder = store.objects.folder
    return None if folder is None else shutil.disk_usage(folder).free


def _spread(jobs: Sequence[Job]) -> list[Job]:
    """Jobs of small, middling and large size."""
    by_size = sorted(jobs, key=lambda job: job.n_bytes)
    if len(by_size) <= TRIED:
        return by_size
    return [by_size[(2 * place + 1) * len(by_size) // (2 * TRIED)] for place in range(TRIED)]


def _try(plan: Plan, job: Job, codec: str) -> _Try | None:
    """Read, hash and write a part of one recording, aside; None where it cannot be read."""
    with tempfile.TemporaryDirectory() as aside:
        writer = SignalWriter(Objects(aside), "try", codec)
        try:
            began = time.perf_counter()
            raw = plan.recipe.read_raw(job.unit)
            opened = time.perf_counter() - began
            hashed = sum(map(_hashing, job.sources))
            stored, writing = _write(raw, writer)
        except Exception:
            return None
    return _Try(job.n_bytes, stored, opened + hashed + writing)


def _hashing(source: Source) -> float:
    """Seconds that hashing a file takes, from its first part."""
    began = time.perf_counter()
    with source.open() as stream:
        some = stream.read(TRIED_BYTES)
    hashlib.sha256(some)
    return (time.perf_counter() - began) * source.share / max(len(some), 1)


def _write(raw: Recording, writer: SignalWriter) -> tuple[float, float]:
    """Bytes and seconds that a recording's streams take, from the first part of each."""
    stored = seconds = 0.0
    for stream in raw.streams:
        dtype = stored_dtype(stream.samples.dtype)
        kind = Kind(str(stream.sensor_type), stream.rate_hz, len(stream.channels), dtype.name)
        n_samples = min(stream.n_samples, max(1, TRIED_BYTES // (len(stream.channels) * dtype.itemsize)))
        before, began = writer.bytes_written, time.perf_counter()
        writer.copy(kind, n_samples, stream.samples)
        writer.close()
        share = n_samples / max(stream.n_samples, 1)
        stored += (writer.bytes_written - before) / max(share, 1e-12)
        seconds += (time.perf_counter() - began) / max(share, 1e-12)
    return stored, seconds

"""Small recordings are read once, and held while the audit and the store look at their samples."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from biocurate.recording import ArraySamples, Recording, Stream
from biocurate.store.signals import SHARD_BYTES


def held(recording: Recording) -> Recording:
    """Put the samples of a recording into memory, where all of them take no more than the store writes at a time.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    Recording
        The same one where it is larger: then each reads from the file what it needs.
    """
    size = sum(prod(stream.samples.shape) * stream.samples.dtype.itemsize for stream in recording.streams)
    if size > SHARD_BYTES:
        return recording
    return replace(recording, streams=tuple(map(_in_memory, recording.streams)))


def _in_memory(stream: Stream) -> Stream:
    if isinstance(stream.samples, ArraySamples):
        return stream
    return replace(stream, samples=ArraySamples(stream.digital.astype(stream.samples.dtype, copy=False)))

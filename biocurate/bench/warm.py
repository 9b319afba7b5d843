"""What a process imports before it is timed."""

from __future__ import annotations

from biocurate.formats import reader
from biocurate.ingest.batch import read_batch
from biocurate.store.codecs import codec


def warm(names: tuple[str, ...]) -> str:
    """Import a codec and readers, which otherwise come when they are first named, and with this file all of the engine.

    Parameters
    ----------
    names : tuple of str
        Of a codec and of readers.
    """
    codec(names[0], "int16")
    for name in names[1:]:
        reader(name)
    return read_batch.__name__

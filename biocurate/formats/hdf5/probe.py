"""The other process that HDF5 files are looked through in: ``python -m biocurate.formats.hdf5.probe``.

It reads everything of a file but its samples, and says whether that went well. See `hdf5.guard`.
"""

from __future__ import annotations

import os
import pickle
import resource
from pathlib import Path

from biocurate.errors import SourceError
from biocurate.formats import reader
from biocurate.formats.arrays.file import damaged
from biocurate.formats.arrays.reader import ArrayReader
from biocurate.formats.hdf5.guard import READY, put, take

MAX_MEMORY = 2**30
"""Bytes that a file may need without its samples, over what the process has at its start."""


def main() -> None:
    """Answer requests on standard input until there are no more."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    reader("hdf5"), reader("mat")
    _limit()
    put(answers, READY)
    while (request := take(0)) is not None:
        put(answers, _looked_through(request))


def _looked_through(request: bytes) -> bytes:
    name, source, options = pickle.loads(request)  # from the process that started this one
    try:
        found = reader(name)
        assert isinstance(found, ArrayReader)
        found.look_through(source, options)
    except SourceError as error:
        return pickle.dumps(error)
    except MemoryError:
        return pickle.dumps(damaged(source.virtual, "asks for more memory than a sound file needs"))
    except Exception:
        return pickle.dumps(None)  # whatever it is, it can be caught: it is met again where it belongs
    return pickle.dumps(None)


def _limit() -> None:
    """Bound the memory, where the system tells how much there is of it now."""
    known = Path("/proc/self/statm")
    if known.exists():
        most = int(known.read_bytes().split()[0]) * resource.getpagesize() + MAX_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()

"""HDF5 files are looked through in another process, before this one lets the library at them.

A few wrong bytes make the HDF5 library go round for ever, fill the memory or end the process (docs/decisions/mat.md):
no error of Python's, and nothing that could be caught. What it does with a file it does again, so a file that another
process came through with, all but its samples, is safe; samples are unpacked by ourselves (`hdf5.chunks`). The other
process is kept: a file costs a few milliseconds.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Any

from biocurate.errors import SourceError, UsageError
from biocurate.formats.arrays.file import damaged
from biocurate.formats.source import Source

PATIENCE_S, BYTES_A_SECOND = 30.0, 50e6
"""A sound file takes milliseconds; one of many thousand recordings, which is large, takes seconds."""
START_S, READY = 120.0, b"ready"
KEPT = 256
"""Files of which it is remembered that they are harmless."""

_NOTHING = object()
_HARMLESS: dict[tuple[Source, int, int], Any] = {}
_LOCK = threading.Lock()
_OTHER: list[subprocess.Popen[bytes]] = []


def is_known(source: Source, options: Any) -> bool:  # noqa: ANN401 - the reader's own
    """Whether a file, as it is now, has been found to be harmless when it is read with these options."""
    said = _HARMLESS.get(_stamp(source), _NOTHING)
    return said is options or said == options


def note_harmless(source: Source, options: Any) -> None:  # noqa: ANN401
    """Remember that a file is harmless."""
    while len(_HARMLESS) >= KEPT:
        del _HARMLESS[next(iter(_HARMLESS))]
    _HARMLESS[_stamp(source)] = options


def refuse_harmful(name: str, source: Source, options: Any) -> None:  # noqa: ANN401
    """Refuse a file that the HDF5 library does not come through with, or that is not sound to it.

    Parameters
    ----------
    name : str
        Of the reader.
    source : Source
    options : Any
        The reader's: they say what of the file is read.

    Raises
    ------
    SourceError
        What the other process found, or that it was lost.
    """
    patience = PATIENCE_S + source.size / BYTES_A_SECOND
    with _LOCK:
        answer = _asked(pickle.dumps((name, replace(source, record=None), options)), patience)
    if answer is None:
        raise damaged(source.virtual, "brings the HDF5 library to a halt")
    error = pickle.loads(answer)
    if isinstance(error, SourceError):
        raise error


def _stamp(source: Source) -> tuple[Source, int, int]:
    return replace(source, record=None), source.size, source.mtime_ns


def _asked(request: bytes, patience_s: float) -> bytes | None:
    """What the other process says; None where it says nothing, and is gone."""
    other = _other()
    assert other.stdin is not None and other.stdout is not None
    try:
        put(other.stdin.fileno(), request)
        answer = take(other.stdout.fileno(), patience_s)
    except OSError:
        answer = None
    if answer is None:
        _OTHER.clear()
        other.kill()
        other.communicate()
    return answer


def _other() -> subprocess.Popen[bytes]:
    if not _OTHER or _OTHER[0].poll() is not None:
        _OTHER[:] = [
            subprocess.Popen(
                [sys.executable, "-m", "biocurate.formats.hdf5.probe"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        ]
        assert _OTHER[0].stdout is not None
        if take(_OTHER[0].stdout.fileno(), START_S) != READY:
            _OTHER.pop().kill()
            raise UsageError(
                "the process that HDF5 files are looked through in did not start.",
                mend="See what it says: python -m biocurate.formats.hdf5.probe < /dev/null",
            )
    return _OTHER[0]


def put(stream: int, content: bytes) -> None:
    """Send a message: its length, and itself."""
    left = memoryview(struct.pack("<Q", len(content)) + content)
    while left:
        left = left[os.write(stream, left) :]


def take(stream: int, patience_s: float | None = None) -> bytes | None:
    """The next message; None where there is none, or none in time."""
    until = None if patience_s is None else time.monotonic() + patience_s
    head = _exactly(stream, 8, until)
    return None if head is None else _exactly(stream, struct.unpack("<Q", head)[0], until)


def _exactly(stream: int, n_bytes: int, until: float | None) -> bytes | None:
    content = b""
    while len(content) < n_bytes:
        left = None if until is None else max(until - time.monotonic(), 0.0)
        if not select.select([stream], [], [], left)[0]:
            return None
        some = os.read(stream, n_bytes - len(content))
        if not some:
            return None
        content += some
    return content

"""Readers of raw files, behind one registry.

A format is a class that follows `Reader` and is registered by name; another package adds one through the entry-point
group ``biocurate.formats`` (entry-point name: the format's, value: the class). Nothing here imports a format's library
until a reader is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from biocurate.errors import UsageError
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.listing import scan
from biocurate.formats.source import Record, Source
from biocurate.recording import Recording

__all__ = ["Header", "Reader", "Record", "SignalHeader", "Source", "members", "names", "reader", "register", "scan"]


@runtime_checkable
class Reader(Protocol):
    """Turns raw files of one format into recordings."""

    version: int
    """Raised when the same bytes would give another recording: it is part of each recording's revision."""
    Options: type[BaseModel]
    """What a recipe may set; extra="forbid"."""

    def companions(self, source: Source, options: Any) -> list[Source]:  # noqa: ANN401 - each reader has its own
        """Every file that a read would open, the source itself first."""
        ...

    def read_header(self, source: Source, options: Any) -> Header:  # noqa: ANN401
        """Read what the file says about itself; never its samples."""
        ...

    def read(self, source: Source, options: Any) -> Recording:  # noqa: ANN401
        """Make the recording; its samples are read from disk when a range of them is asked for.

        Raises
        ------
        SourceError
            The file is damaged, or is not what it claims to be.
        """
        ...


@runtime_checkable
class Divided(Protocol):
    """A reader of files that may hold many recordings."""

    def members(self, source: Source, options: Any) -> list[str] | None:  # noqa: ANN401
        """Names of the recordings in a file, in its order; None where it is one recording."""
        ...


def members(name: str, source: Source, options: Any) -> list[Source]:  # noqa: ANN401
    """Give every recording of a file as a source of its own; the file itself where it is one recording.

    Raises
    ------
    SourceError
        The file has to be opened for that, and is damaged.
    """
    found = reader(name)
    names = found.members(source, options) if _is_divided(type(found)) else None  # type: ignore[attr-defined]
    if names is None:
        return [source]
    return [replace(source, record=Record(text, place, len(names))) for place, text in enumerate(names)]


@lru_cache(maxsize=64)
def _is_divided(cls: type) -> bool:
    # Asked once a class: looking for the methods of a protocol takes longer than listing a file.
    return issubclass(cls, Divided)


_NAMES = ("edf", "wfdb", "csv", "mat", "hdf5", "pickle", "trials", "brainvision", "mne")
_BUILT_IN = {name: f"biocurate.formats.{name}.reader" for name in _NAMES} | {"trials": "biocurate.formats.csv.trials"}
_READERS: dict[str, Callable[[], Reader]] = {}

R = TypeVar("R", bound=type)


def register(name: str) -> Callable[[R], R]:
    """Register a reader class under a name; a second class of that name is an error."""

    def keep(cls: R) -> R:
        known = _READERS.get(name)
        if known is not None and getattr(known, "__qualname__", "") != cls.__qualname__:
            raise UsageError(f"two readers are called {name!r}: {known} and {cls}.", mend="Rename one of them.")
        _READERS[name] = cls
        return cls

    return keep


def names() -> list[str]:
    """Names of all formats, built in or plugged in."""
    return sorted(_READERS.keys() | _BUILT_IN.keys() | _plugins().keys())


def reader(name: str) -> Reader:
    """Make the reader of a format.

    Raises
    ------
    UsageError
        No format has this name.
    """
    if name not in _READERS:
        plugin = _plugins().get(name)
        if name in _BUILT_IN:
            import_module(_BUILT_IN[name])
        elif plugin is not None:
            register(name)(plugin.load())
        else:
            raise UsageError(f"there is no format {name!r}.", mend=f"Use one of {', '.join(names())}.")
    return _READERS[name]()


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="biocurate.formats")}

"""One raw file, on disk or inside a zip archive, and where below the root it lies."""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import stat
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from biocurate.errors import SourceError
from biocurate.formats import archive, kept


@dataclass(frozen=True)
class Record:
    """One of the recordings that a file holds."""

    name: str
    place: int
    """From 0."""
    count: int
    """Recordings in the file."""


@dataclass(frozen=True)
class Source:
    """A raw file: a path below a root or, with `member`, a file inside the zip archive at that path."""

    root: Path
    path: str
    """Posix path below the root."""
    member: str | None = None
    """Name inside the archive; None for a file on disk."""
    record: Record | None = None
    """The recording that is meant of a file that holds many; None for all of the file."""

    @property
    def virtual(self) -> str:
        """Path below the root as if archives were folders: ``Raw_data/S10.zip/EDA.csv``."""
        return self.path if self.member is None else f"{self.path}/{self.member}"

    @property
    def name(self) -> str:
        """The file's own name: ``EDA.csv``."""
        return self.virtual.rpartition("/")[2]

    @property
    def size(self) -> int:
        """Bytes, unpacked.

        Raises
        ------
        SourceError
            It is not there.
        """
        if self.member is None:
            return self._stat().st_size
        info = archive.members(self._on_disk, self.path).get(self.member)
        if info is None:
            raise self._missing()
        return info.file_size

    @property
    def share(self) -> int:
        """Bytes to read: of one recording of many, its part of the file."""
        return self.size if self.record is None else -(-self.size // self.record.count)

    @property
    def mtime_ns(self) -> int:
        """Time of last change in nanoseconds of Unix time; a member has its archive's."""
        return self._stat().st_mtime_ns

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time of last change, by one look; what `size` and `mtime_ns` are.

        Raises
        ------
        SourceError
            It is not there.
        """
        if self.member is not None:
            return self.size, self.mtime_ns
        status = self._stat()
        return status.st_size, status.st_mtime_ns

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        if not os.path.isfile(self._place):  # noqa: PTH113 - see `_place`
            return False
        return self.member is None or self.member in archive.members(self._on_disk, self.path)

    def open(self) -> BinaryIO:
        """Open for reading bytes; a member is unpacked as it is read and never written to disk.

        Raises
        ------
        SourceError
            It is not there, may not be read, its archive is damaged, or a link in its path leads out of the root.
        """
        self._refuse_stray()
        if self.member is not None:
            if not self._on_disk.is_file():
                raise self._missing()
            return archive.open_member(self._on_disk, self.member, self.virtual)
        self._refuse_pipe()
        try:
            return open(self._place, "rb")  # noqa: PTH123 - see `_place`
        except FileNotFoundError as error:
            raise self._missing() from error
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self) -> bytes:
        """All bytes. A small file that stays as it is, is read once for whoever asks next (`kept`).

        Raises
        ------
        SourceError
            As `open` does.
        """
        if self.member is not None:
            with self.open() as stream:
                return stream.read()
        stamp = self.stamp
        data = kept.kept(self._place, stamp)
        if data is None:
            with self.open() as stream:
                data = stream.read()
            kept.keep(self._place, stamp, data)
        return data

    def at_hand(self) -> bytes | None:
        """All bytes of a file that was just read and is as it was (`kept`); None where they would have to be read.

        Raises
        ------
        SourceError
            It is not there any more.
        """
        if self.member is not None or not kept.is_kept(self._place):
            return None
        return kept.kept(self._place, self.stamp)

    def piece(self, start: int, length: int) -> bytes:
        """Some bytes, fewer where the file ends before; a file that is at hand (`kept`) is not opened for them.

        Raises
        ------
        SourceError
            As `open` does.
        """
        if (data := self.at_hand()) is not None:
            return data[start : start + length]
        with self.open() as stream:
            stream.seek(start)
            return stream.read(length)

    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal, by a bounded read; many recordings of one file share a read."""
        if self.record is not None:
            return _shared_sha256(replace(self, record=None), self.size, self.mtime_ns)
        if self.member is not None and (seen := archive.sha256_seen(self._on_disk, self.member)) is not None:
            return seen
        if self.member is None and (data := kept.given(self._place, self.stamp)) is not None:
            return hashlib.sha256(data).hexdigest()
        with self.open() as stream:
            return hashlib.file_digest(cast(io.BufferedReader, stream), "sha256").hexdigest()

    def local(self) -> Path:
        """Path on disk.

        Raises
        ------
        SourceError
            It is a member of an archive, and this format must be read from disk; or a link out of the root.
        """
        if self.member is not None:
            raise SourceError(
                "lies in an archive, and this format can only be read from disk.",
                where=self.virtual,
                mend="Unpack the archive beside itself.",
            )
        self._refuse_stray()
        place = self._on_disk
        if os.path.exists(place):  # noqa: PTH110 - see `_place`
            self._refuse_pipe()
        return place

    def sibling(self, name: str) -> Source:
        """Name a file beside this one (in the same archive, for a member); it need not exist.

        Raises
        ------
        SourceError
            The name leads out of the root or the archive.
        """
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(self.member or self.path), name))
        if beside.startswith(("../", "/")) or beside == "..":
            raise SourceError(
                "refers to a file that lies outside the folder that is read.",
                where=self.virtual,
                mend="Give a root that holds both files.",
            )
        return replace(self, path=beside) if self.member is None else replace(self, member=beside)

    @property
    def _on_disk(self) -> Path:
        return self.root / self.path

    @property
    def _place(self) -> str:
        # As text: a Path for each of a million files takes long.
        return f"{self.root}/{self.path}"

    def _refuse_stray(self) -> None:
        """Refuse a link out of the root, also for a file that only another one names; `scan` refuses those it lists."""
        folder, _, name = self.path.rpartition("/")
        place = self._place
        strays = name in ("..", ".") or not _is_within(str(self.root), folder)
        if strays or (os.path.islink(place) and not _is_below(os.path.realpath(place), str(self.root))):  # noqa: PTH114
            raise stray_link(self.virtual)

    def _stat(self) -> os.stat_result:
        try:
            return os.stat(self._place)  # noqa: PTH116
        except FileNotFoundError as error:
            raise self._missing() from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _refuse_pipe(self) -> None:
        """Refuse what is no file, also where only another file names it: opening a pipe waits for ever."""
        if not stat.S_ISREG(self._stat().st_mode):
            raise SourceError(
                "is no file but a folder, a pipe, a socket or a device.",
                where=self.virtual,
                mend="Put the file itself there.",
            )

    def _missing(self) -> SourceError:
        return SourceError("is not there.", where=self.virtual, mend="Download the file again.", unfinished=True)

    def _unreadable(self, error: OSError) -> SourceError:
        return SourceError(f"cannot be read: {error.strerror}.", where=self.virtual, mend="Check its permissions.")


@lru_cache(maxsize=16)
def _shared_sha256(source: Source, n_bytes: int, mtime_ns: int) -> str:
    return source.sha256()


@lru_cache(maxsize=4096)
def _is_within(root: str, folder: str) -> bool:
    """Whether a folder, with the links in its path followed, is the root or lies below it."""
    return _is_below(os.path.realpath(f"{root}/{folder}"), root)


def _is_below(real: str, root: str) -> bool:
    base = os.path.realpath(root)
    return real == base or real.startswith(f"{base.rstrip('/')}/")


def stray_link(where: str) -> SourceError:
    """What is said of a link that leads out of the root."""
    return SourceError(
        "is a link out of the folder that is read.", where=where, mend="Copy the file, or give --root its folder."
    )

"""Members of zip archives, read where they lie and within bounds."""

from __future__ import annotations

import hashlib
import io
import lzma
import stat
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from biocurate.errors import SourceError

BUFFER = 2**16
"""Bytes that are unpacked ahead: a header costs no more than its own size and this."""
MAX_RATIO = 200
"""A member that claims to unpack to more than this many times its packed size is taken for a bomb ..."""
SMALL = 64 * 2**20
"""... unless it unpacks to less than this many bytes."""

DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
"""What unpacking raises on damaged bytes; bzip2 has no error of its own and raises OSError."""

_AGAIN = "Download the archive again."


def members(archive: Path, virtual: str) -> Mapping[str, zipfile.ZipInfo]:
    """List the files in an archive, by name; folders, links and hidden files are left out.

    Parameters
    ----------
    archive : Path
    virtual : str
        The archive's name in messages.

    Raises
    ------
    SourceError
        It is no zip archive, a member's name leads out of it or stands there twice, or it unpacks to far more than it
        holds.
    """
    return _looked_at(archive, virtual)[0]


def links(archive: Path, virtual: str) -> Sequence[str]:
    """Names of the links in an archive, which `members` leaves out; parameters and errors are those of `members`."""
    return _looked_at(archive, virtual)[1]


def hidden(archive: Path, virtual: str) -> int:
    """How many hidden files `members` leaves out; parameters and errors are its own."""
    return _looked_at(archive, virtual)[2]


def _looked_at(archive: Path, virtual: str) -> tuple[Mapping[str, zipfile.ZipInfo], Sequence[str], int]:
    try:
        status = archive.stat()
        return _listing(archive, virtual, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}.", where=virtual, mend="Check its permissions.") from error


@lru_cache(maxsize=128)
def _listing(
    archive: Path, virtual: str, n_bytes: int, mtime_ns: int
) -> tuple[Mapping[str, zipfile.ZipInfo], Sequence[str], int]:
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        # What zipfile says stays out, here and below: it quotes names, which stand in `where` and nowhere else.
        raise SourceError("is not a readable zip archive.", where=virtual, mend=_AGAIN, unfinished=True) from error
    for info in infos:
        _refuse_escape(info, virtual)
        _refuse_bomb(info, virtual)
    _refuse_bombs(infos, n_bytes, virtual)
    if sum(info.compress_size for info in infos) > n_bytes:
        raise SourceError(
            "its members claim more packed bytes than the archive has, so that they overlap.",
            where=virtual,
            mend=f"This is how archives that are made to fill disks look; do not open it. {_AGAIN}",
        )
    seen = [info for info in infos if _is_seen(info)]
    files = [info for info in seen if not _is_link(info)]
    _refuse_twins(files, virtual)
    n_hidden = sum(map(_is_hidden, infos))
    return {info.filename: info for info in files}, [info.filename for info in seen if _is_link(info)], n_hidden


def _is_seen(info: zipfile.ZipInfo) -> bool:
    return _is_file(info) and not _has_hidden(info)


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    return _is_file(info) and _has_hidden(info)


def _is_file(info: zipfile.ZipInfo) -> bool:
    # A damaged entry may have no name at all, of which zipfile's own is_dir makes an IndexError.
    return bool(PurePosixPath(info.filename).parts) and not info.is_dir()


def _has_hidden(info: zipfile.ZipInfo) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(info.filename).parts)


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _refuse_escape(info: zipfile.ZipInfo, virtual: str) -> None:
    name = info.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
        raise SourceError(
            "one of its members leads out of the archive.",
            where=virtual,
            mend="Such an archive can overwrite other files: get it from a source that you trust.",
        )


def _refuse_bomb(info: zipfile.ZipInfo, virtual: str) -> None:
    if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
        raise SourceError(
            f"one of its members would unpack from {info.compress_size:,} to {info.file_size:,} bytes.",
            where=virtual,
            mend="This looks made to fill a disk. If it is real, unpack it by hand and ingest the folder.",
        )


def _refuse_bombs(infos: Sequence[zipfile.ZipInfo], n_bytes: int, virtual: str) -> None:
    """Refuse many members that are each too small to be suspected."""
    total = sum(info.file_size for info in infos)
    if total > max(SMALL, MAX_RATIO * n_bytes):
        raise SourceError(
            f"its members would unpack from {n_bytes:,} to {total:,} bytes.",
            where=virtual,
            mend="This looks made to fill a disk. If it is real, unpack it by hand and ingest the folder.",
        )


def _refuse_twins(files: Sequence[zipfile.ZipInfo], virtual: str) -> None:
    """Refuse two members of one name: which of them is meant, programs answer differently."""
    if len({info.filename for info in files}) < len(files):
        raise SourceError(
            "two of its members have the same name.", where=virtual, mend="Unpack it by hand, and look which is meant."
        )


def open_member(archive: Path, member: str, virtual: str) -> BinaryIO:
    """Open a member for reading; no more than its declared size is ever unpacked.

    Raises
    ------
    SourceError
        The archive has no such member, or it is encrypted or packed in a way that cannot be read. Damage that shows
        only later raises the same error from ``read``.
    """
    info = members(archive, virtual.removesuffix(f"/{member}")).get(member)  # by one name, so that it is listed once
    if info is None:
        raise SourceError("is not in the archive.", where=virtual, mend="Check the recipe's file pattern.")
    key = _key(archive, member)
    opened = zipfile.ZipFile(archive)
    try:
        stream = _Member(opened, cast(BinaryIO, opened.open(info)), virtual, key)
        return cast(BinaryIO, io.BufferedReader(stream, BUFFER))
    except (RuntimeError, NotImplementedError, *DAMAGE) as error:
        opened.close()
        what = "is encrypted" if info.flag_bits & 0x1 else "cannot be unpacked: its entry is damaged or of a rare kind"
        raise SourceError(f"{what}.", where=virtual, mend="Unpack it by hand.") from error


def sha256_seen(archive: Path, member: str) -> str | None:
    """SHA-256 of a member that was just read from start to end, so that it is not unpacked once more; given once."""
    try:
        return _seen.pop(_key(archive, member), None)
    except OSError:
        return None  # whoever opens it says what is wrong


Key = tuple[Path, str, int, int]
SEEN = 64
"""Members whose hashes are kept: more than one recording has."""
_seen: OrderedDict[Key, str] = OrderedDict()


def _key(archive: Path, member: str) -> Key:
    status = archive.stat()
    return archive, member, status.st_size, status.st_mtime_ns


class _Member(io.RawIOBase):
    """A member that closes its archive with itself and names the file when it is damaged.

    It is hashed as it is read. A jump ends that: then not every byte goes by, or not once.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO, virtual: str, key: Key) -> None:
        self._archive = archive
        self._stream = stream
        self._virtual = virtual
        self._key = key
        self._hasher: hashlib._Hash | None = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            block = self._stream.read(len(buffer))
        except DAMAGE as error:
            raise SourceError(
                "is damaged in its archive.", where=self._virtual, mend=_AGAIN, unfinished=True
            ) from error
        buffer[: len(block)] = block
        if self._hasher is not None:
            self._hash(block)
        return len(block)

    def _hash(self, block: bytes) -> None:
        assert self._hasher is not None
        self._hasher.update(block)
        if not block:
            _seen[self._key] = self._hasher.hexdigest()
            while len(_seen) > SEEN:
                _seen.popitem(last=False)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._hasher = None
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._archive.close()
        super().close()

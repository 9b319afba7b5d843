"""Bytes in and out below a store's URL: a local folder or an object store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from uuid import uuid4

from biocurate.errors import DamageError, StoreError


@dataclass(frozen=True)
class Entry:
    """One stored object."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Objects:
    """Objects below a URL.

    A `put` is whole or not there at all: local files are written aside and renamed.

    Parameters
    ----------
    url : str
        A folder, or a URL such as ``s3://bucket/prefix`` (credentials come from the environment).
    """

    url: str

    def __post_init__(self) -> None:
        if self.folder is not None:
            # Workers may run in another folder than this process.
            object.__setattr__(self, "url", str(self.folder))

    @cached_property
    def folder(self) -> Path | None:
        """The local folder, or None for an object store."""
        scheme = urlparse(self.url).scheme
        if scheme in ("", "file"):
            return Path(self.url.removeprefix("file://")).expanduser().absolute()
        return None

    @cached_property
    def _store(self) -> Any:  # noqa: ANN401
        import obstore.store

        if self.folder is not None:
            return obstore.store.LocalStore(self.folder)
        return obstore.store.from_url(self.url)

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    def put(self, key: str, *pieces: bytes) -> None:
        """Write an object from its pieces, end to end; StoreError when there is no space or no permission."""
        import obstore

        try:
            if self.folder is not None:
                write_aside(self.folder / key, pieces)
            else:
                obstore.put(self._store, key, b"".join(pieces))
        except Exception as error:
            raise self._failure("could not be written", key, error) from error

    def put_new(self, key: str, data: bytes) -> None:
        """Write an object that is not there yet; FileExistsError where it is."""
        import obstore

        try:
            obstore.put(self._store, key, data, mode="create")
        except obstore.exceptions.AlreadyExistsError as error:
            raise FileExistsError(key) from error
        except Exception as error:
            raise self._failure("could not be written", key, error) from error

    def get(self, key: str) -> bytes:
        """Read an object whole; DamageError where it is missing."""
        import obstore

        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.url, key) from error
        except Exception as error:
            raise self._failure("could not be read", key, error) from error

    def range(self, key: str, start: int, length: int) -> bytes:
        """Read ``length`` bytes from ``start``; DamageError where the object is missing or shorter."""
        if self.folder is not None:
            data = self._local_range(key, start, length)
        else:
            data = self._remote_range(key, start, length)
        if len(data) != length:
            raise DamageError(
                f"{length:,} bytes at {start:,} expected, {len(data):,} found.",
                where=f"{self.url}/{key}",
                mend="The object was cut off. " + RESTORE,
            )
        return data

    def _local_range(self, key: str, start: int, length: int) -> bytes:
        try:
            # Not by a Path, which takes as long to make as the read itself.
            handle = os.open(f"{self.url}/{key}", os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.url, key) from error
        try:
            return os.pread(handle, length, start)
        finally:
            os.close(handle)

    def _remote_range(self, key: str, start: int, length: int) -> bytes:
        import obstore

        try:
            return bytes(obstore.get_range(self._store, key, start=start, length=length))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.url, key) from error
        except Exception as error:
            raise self._failure("could not be read", key, error) from error

    def size(self, key: str) -> int:
        """Bytes of an object; DamageError where it is missing."""
        import obstore

        if self.folder is not None:
            try:
                return (self.folder / key).stat().st_size
            except (FileNotFoundError, NotADirectoryError) as error:
                raise missing(self.url, key) from error
        try:
            return int(obstore.head(self._store, key)["size"])
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.url, key) from error

    def exists(self, key: str) -> bool:
        """Tell whether an object is there."""
        try:
            self.size(key)
        except DamageError:
            return False
        return True

    def list(self, prefix: str) -> Iterator[Entry]:
        """List every object whose key is below a prefix."""
        import obstore

        if self.folder is not None and not (self.folder / prefix).exists():
            return
        for batch in obstore.list(self._store, prefix or None):
            for item in batch:
                yield Entry(item["path"], item["size"], item["last_modified"])

    def folders(self, prefix: str) -> Sequence[str]:
        """Names of the folders directly below a prefix, sorted."""
        import obstore

        if self.folder is not None:
            here = self.folder / prefix
            return sorted(path.name for path in here.iterdir() if path.is_dir()) if here.is_dir() else []
        found = obstore.list_with_delimiter(self._store, prefix)["common_prefixes"]
        return sorted(item.rstrip("/").rsplit("/", 1)[-1] for item in found)

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        import obstore

        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._failure("could not be removed", key, error) from error

    def _failure(self, what: str, key: str, error: Exception) -> StoreError:
        text = str(error)
        code = error.errno if isinstance(error, OSError) else None
        if code == errno.ENOSPC or "os error 28" in text:
            reason, mend = (
                "no space is left.",
                "Make room, then run the same command again: it goes on where it stopped.",
            )
        elif code in (errno.EACCES, errno.EPERM, errno.EROFS) or "os error 13" in text or "os error 30" in text:
            reason, mend = "permission is denied.", "Check who owns the store and whether it is mounted read-only."
        else:
            reason, mend = text.splitlines()[0] if text else type(error).__name__, ""
        return StoreError(f"{what}: {reason}", where=f"{self.url}/{key}", mend=mend)


RESTORE = (
    "Restore the store from a copy, or make the part again: `biocurate ingest … --repair` for recordings, "
    "`biocurate images generate … --overwrite` for images."
)


def write_aside(path: Path, pieces: Sequence[bytes]) -> None:
    """Write a file beside its place and rename it there, so that no one ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with aside.open("xb") as file:
            file.writelines(pieces)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def missing(url: str, key: str) -> DamageError:
    """Make the error for an object that is not there: never zeros."""
    return DamageError("this object is missing.", where=f"{url}/{key}", mend=RESTORE)

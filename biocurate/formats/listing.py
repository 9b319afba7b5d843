"""Every file below a root, archives included; what cannot be taken for a file is told, never passed over."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from biocurate.errors import SourceError, UsageError
from biocurate.formats import archive
from biocurate.formats.source import Source, stray_link

LONGEST = 1000
"""Letters of a path below the root: patterns of recipes are held against it."""
SHOWN = 60
"""Of these, so many in a message."""
Ignored = Callable[[str], bool]
"""Whether a path below the root is of no interest."""


def scan(root: Path, problems: list[SourceError] | None = None, ignored: Ignored | None = None) -> list[Source]:
    """List every file below a folder, sorted by virtual path; zip archives are listed as their members.

    Hidden files and folders are left out, links are followed only to files below the root, and nothing is unpacked.

    Parameters
    ----------
    root : Path
    problems : list of SourceError, optional
        Takes what could not be listed: a damaged archive, an archive or a link within one, a link that leads out of
        the root, round in a circle or nowhere, a pipe. Without it the first such thing is raised.
    ignored : callable, optional
        Tells of a path whether a link, a pipe or an inner archive there is no problem. Folders and archives on disk
        always are: nobody knows what lies in them.

    Raises
    ------
    UsageError
        The root is no folder.
    SourceError
        Something could not be listed, and no list takes the problem.
    """
    if not root.is_dir():
        raise UsageError("is no folder.", where=str(root), mend="Give --root the folder that holds the corpus' files.")
    listing = _Listing(root.resolve(), problems, ignored or (lambda _: False))
    return sorted(listing.sources(), key=lambda source: source.virtual)


def hidden(root: Path) -> dict[str, int]:
    """Count what is hidden below a root, which `scan` leaves out: files, folders, and members of archives.

    Names that begin with a dot are hidden, and in archives what macOS put into ``__MACOSX``; what lies in a hidden
    folder counts with the folder.

    Returns
    -------
    dict of str to int
        ``files``, ``folders``, ``members of archives``; only those that there are.
    """
    counts = {"files": 0, "folders": 0, "members of archives": 0}
    for folder, folders, files in os.walk(root):
        counts["folders"] += sum(map(_is_hidden, folders))
        counts["files"] += sum(map(_is_hidden, files))
        for name in files:
            if name.lower().endswith(".zip") and not _is_hidden(name):
                with suppress(SourceError):  # `scan` tells what is wrong with it
                    counts["members of archives"] += archive.hidden(Path(folder, name), name)
        folders[:] = [name for name in folders if not _is_hidden(name)]
    return {what: count for what, count in counts.items() if count}


def hidden_told(root: Path) -> str | None:
    """What is hidden below a root as a sentence; None where nothing is."""
    counts = [f"{count:,} hidden {what}" for what, count in hidden(root).items()]
    return f"left out, because their names begin with a dot or __MACOSX: {' and '.join(counts)}" if counts else None


class _Listing:
    def __init__(self, root: Path, problems: list[SourceError] | None, ignored: Ignored) -> None:
        self._root = root
        self._problems = problems
        self._ignored = ignored

    def sources(self) -> Iterator[Source]:
        for path in self._files():
            where = self._where(path)
            try:
                if self._is_file(path, where):
                    yield from self._expand(path, where)
            except SourceError as error:
                self._note(error)

    def _where(self, path: str) -> str:
        # Text, not paths: a corpus of a million files is listed in seconds.
        return path[len(str(self._root)) :].lstrip("/")

    def _files(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root, onerror=self._unlisted):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            for name in folders:
                if os.path.islink(f"{folder}/{name}"):  # noqa: PTH114
                    self._tell_of_linked_folder(f"{folder}/{name}")
            yield from (f"{folder}/{name}" for name in files if not _is_hidden(name))

    def _unlisted(self, error: OSError) -> None:
        where = self._where(str(error.filename))
        self._note(SourceError(f"cannot be listed: {error.strerror}.", where=where, mend="Check its permissions."))

    def _tell_of_linked_folder(self, path: str) -> None:
        """A folder that lies below the root is listed where it lies; what any other holds would be missing unsaid."""
        target = Path(os.path.realpath(path))
        if target.is_relative_to(self._root) and not any(map(_is_hidden, target.relative_to(self._root).parts)):
            return
        self._note(
            SourceError(
                "is a link to a folder elsewhere, and such links are not followed.",
                where=self._where(path),
                mend="Put the folder itself there, or give --root a folder that holds it.",
            )
        )

    def _is_file(self, path: str, where: str) -> bool:
        """Whether a path leads to a file; false for what nobody wants, and for what vanished meanwhile."""
        if long := _too_long(where):
            raise long
        if where.encode(errors="ignore").decode() != where or "\n" in where:
            raise SourceError(
                "its name is no readable text.", where=ascii(where), mend="Rename the file, or set the locale to UTF-8."
            )
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return False  # it was there a moment ago
        if stat.S_ISREG(mode):
            return True
        if self._ignored(where):
            return False
        if stat.S_ISLNK(mode):
            mode = _linked(self._root, path, where)
        if not stat.S_ISREG(mode):
            raise SourceError(
                "is no file but a pipe, a socket or a device.", where=where, mend="Put the file itself there."
            )
        return True

    def _expand(self, path: str, where: str) -> Iterator[Source]:
        if not where.lower().endswith(".zip"):
            yield Source(self._root, where)
            return
        for name in archive.members(Path(path), where):
            if long := _too_long(f"{where}/{name}"):
                self._note(long)
            elif name.lower().endswith(".zip"):
                self._tell_of_member(
                    where, name, "is an archive within an archive, which is not opened.", "Unpack the outer one."
                )
            else:
                yield Source(self._root, where, name)
        for name in archive.links(Path(path), where):
            self._tell_of_member(
                where, name, "is a link within an archive, which is not followed.", "Unpack the archive."
            )

    def _tell_of_member(self, where: str, name: str, what: str, mend: str) -> None:
        virtual = f"{where}/{name}"
        if not self._ignored(virtual):
            self._note(SourceError(what, where=virtual, mend=f"{mend} Or list its name under the recipe's `ignore`."))

    def _note(self, error: SourceError) -> None:
        if self._problems is None:
            raise error
        self._problems.append(error)


def _too_long(where: str) -> SourceError | None:
    """What is wrong with a path that recipes' patterns could be held against for minutes; it is named by its start."""
    if len(where) <= LONGEST:
        return None
    return SourceError(
        f"its path has {len(where):,} letters, and more than {LONGEST:,} are not read.",
        where=f"{where[:SHOWN]}…",
        mend="Give it, or the folders that it lies in, shorter names.",
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _linked(root: Path, path: str, where: str) -> int:
    """Mode of what a link leads to."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except FileNotFoundError as error:
        raise SourceError(
            "is a link to a file that is not there.", where=where, mend="Fetch its content (`datalad get`, for one)."
        ) from error
    except OSError as error:
        raise SourceError(
            f"is a link that leads to no file: {error.strerror}.", where=where, mend="Remove it, or mend it."
        ) from error
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise stray_link(where)
    return mode

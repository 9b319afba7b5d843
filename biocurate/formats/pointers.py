"""Files that another file names: they must lie below the root, whatever the name says and wherever a link leads."""

from __future__ import annotations

from biocurate.errors import SourceError
from biocurate.formats.source import Source


def pointed(source: Source, name: str) -> Source:
    """Give the file that a file's header names; it need not exist.

    Parameters
    ----------
    source : Source
        The file that holds the name.
    name : str
        As written in it; Windows' separators are taken as such.

    Raises
    ------
    SourceError
        It is no file name, or leads out of the root.
    """
    if not name or len(name.encode()) > 1024 or any(ord(sign) < 32 for sign in name):
        raise SourceError(
            "names a file by what is no file name.", where=source.virtual, mend="Download it again, or mend its header."
        )
    found = source.sibling(name.replace("\\", "/"))
    refuse_stray(found)
    return found


def refuse_stray(source: Source) -> None:
    """Refuse a file that is a link out of the root.

    Raises
    ------
    SourceError
        It is.
    """
    if not (source.root / source.path).resolve().is_relative_to(source.root.resolve()):
        raise SourceError(
            "is a link out of the folder that is read.",
            where=source.virtual,
            mend="Copy the file, or give --root its folder.",
        )

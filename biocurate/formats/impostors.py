"""Files that are not what their name says, whatever the format: error pages, pointers, nothing at all."""

from __future__ import annotations

from biocurate.errors import SourceError

_IMPOSTORS = (
    ((b"<!doctype html", b"<html", b"<?xml"), "is a web page, not a recording", "Log in or accept the terms there, and "
     "download the file again."),
    ((b"version https://git-lfs",), "is a Git LFS pointer, not the file itself", "Run `git lfs pull`."),
    ((b"/annex/objects/", b"../.git/annex"), "is a git-annex pointer, not the file itself", "Run `git annex get`."),
)  # fmt: skip

SHORTEST = 32
"""No such page or pointer has fewer bytes, while a few samples can spell anything."""


def refuse_impostor(start: bytes, where: str) -> None:
    """Refuse a file whose first bytes show that it is something else.

    Parameters
    ----------
    start : bytes
        The first bytes; all of them, for a short file.
    where : str
        The file, for the message.

    Raises
    ------
    SourceError
        The file is empty, a web page, or a pointer that a version control system left in its place.
    """
    if not start:
        raise SourceError("is empty.", where=where, mend="Download it again, or leave it out.")
    if len(start) < SHORTEST:
        return
    text = start[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for openings, what, mend in _IMPOSTORS:
        if text.startswith(openings):
            raise SourceError(f"{what}.", where=where, mend=mend)


def is_crlf_damaged(block: bytes) -> bool:
    """Tell whether binary data went through a transfer that turned every LF into CR LF.

    In samples, bytes 0x0A come with any byte before them; here each has 0x0D. Eight in a row by chance: 256^-8.
    """
    line_feeds = block.count(b"\n")
    return line_feeds >= 8 and block.count(b"\r\n") == line_feeds

"""Files that are not what their name says, whatever the format: error pages, pointers, nothing at all."""

from __future__ import annotations

import re

from biocurate.errors import SourceError

# whole tags and lines, as a few samples can spell the beginning of anything
_IMPOSTORS = tuple(
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*" + pattern, re.IGNORECASE), what, mend)
    for pattern, what, mend in (
        (
            rb"<(?:!doctype html|html|\?xml)\b[^>]*>",
            "is a web page, not a recording",
            "Log in or accept the terms there, and download the file again.",
        ),
        (rb"version https://git-lfs\S+\r?\n", "is a Git LFS pointer, not the file itself", "Run `git lfs pull`."),
        (
            rb"(?:/annex/objects/|(?:\.\./)*\.git/annex/)\S+\s*",
            "is a git-annex pointer, not the file itself",
            "Run `git annex get`.",
        ),
    )
)


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
        raise SourceError("is empty.", where=where, mend="Download it again, or leave it out.", unfinished=True)
    for pattern, what, mend in _IMPOSTORS:
        if pattern.match(start[:1024]):
            raise SourceError(f"{what}.", where=where, mend=mend)


def is_crlf_damaged(block: bytes) -> bool:
    """Tell whether binary data went through a transfer that turned every LF into CR LF.

    In samples, bytes 0x0A come with any byte before them; here each has 0x0D. Eight in a row by chance: 256^-8.
    """
    first = block.find(b"\n")
    if block[max(first - 1, 0) : first] != b"\r":
        return False  # as 255 of 256 sound files have it: no need to count
    line_feeds = block.count(b"\n")
    return line_feeds >= 8 and block.count(b"\r\n") == line_feeds

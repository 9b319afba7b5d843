"""The parts of a split FIF recording, by the tags of the files alone: nothing that a part names is opened unlooked at.

Source: Elekta Neuromag, "Functional Image File Format" (FIFF): a file is a chain of tags, each with a header of four
big-endian 32-bit numbers (kind, type, bytes, place of the next tag: 0 for the one that follows, -1 for none). A block
of kind 118 names another file of the recording; role 2 is the next one.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from biocurate.errors import SourceError
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.pointers import pointed
from biocurate.formats.source import Source

_HEADER = struct.Struct(">iIii")
_FILE_ID, _BLOCK_START, _ROLE, _FILE_NAME = 100, 104, 115, 118
_REFERENCE, _NEXT_FILE, _LAST = 118, 2, -1
MOST_PARTS = 1000


def fif_parts(source: Source) -> list[Source]:
    """Every file of a recording, in order; the file itself first.

    Raises
    ------
    SourceError
        A file is no FIF file or is missing, or a name leads out of the root.
    """
    parts = [source]
    while (name := _next_name(parts[-1])) is not None:
        part = pointed(parts[-1], name)
        if part in parts or len(parts) == MOST_PARTS:
            raise SourceError(
                "names as its next part one that comes before it.", where=parts[-1].virtual, mend="Download it again."
            )
        if not part.exists:
            raise SourceError(
                "names a next part that is not there.",
                where=parts[-1].virtual,
                mend="Put all parts of the recording beside it, under the names that they were saved with.",
                unfinished=True,
            )
        parts.append(part)
    return parts


def _next_name(source: Source) -> str | None:
    with source.open() as stream:
        start = stream.read(1024)
        refuse_impostor(start, source.virtual)
        if len(start) < _HEADER.size or _HEADER.unpack_from(start)[0] != _FILE_ID:
            raise SourceError("is no FIF file.", where=source.virtual, mend="Check the recipe's reader.")
        return _scan(stream, source)


def _scan(stream: BinaryIO, source: Source) -> str | None:
    """Follow the chain of tags to its end and give the name in its reference to the next file.

    A chain that leads back is refused here: MNE would follow it for ever.
    """
    place, role, in_reference, found = 0, 0, False, None
    while 0 <= place < source.size:
        stream.seek(place)
        head = stream.read(_HEADER.size)
        if len(head) < _HEADER.size:
            raise _cut_off(source)
        kind, _, size, next_place = _HEADER.unpack(head)
        following = place + _HEADER.size + size if next_place == 0 else next_place
        if size < 0 or (following <= place and next_place != _LAST):
            raise SourceError(
                "is damaged: the chain of its tags leads back.", where=source.virtual, mend="Download it again."
            )
        if place + _HEADER.size + size > source.size:
            raise _cut_off(source)
        if kind == _BLOCK_START and size == 4:
            in_reference, role = _number(stream) == _REFERENCE, 0
        elif in_reference and kind == _ROLE and size == 4:
            role = _number(stream)
        elif in_reference and kind == _FILE_NAME and role == _NEXT_FILE and size <= 1024:
            found = found or stream.read(size).rstrip(b"\x00").decode("latin-1")
        place = following
    if place > source.size:
        raise _cut_off(source)
    return found


def _cut_off(source: Source) -> SourceError:
    return SourceError(
        "ends inside a tag.", where=source.virtual, mend="The file looks cut off; download it again.", unfinished=True
    )


def _number(stream: BinaryIO) -> int:
    return int.from_bytes(stream.read(4), "big", signed=True)

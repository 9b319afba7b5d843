"""The text files of BrainVision, .vhdr and .vmrk: sections of `key=value` lines in a code page of their own choice.

Source: BrainVision Core Data Format 1.0, Brain Products GmbH,
https://www.brainproducts.com/support-resources/brainvision-core-data-format-1-0/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from biocurate.errors import SourceError
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source

LARGEST = 2**28
"""Bytes of a text file: ten million markers."""

_STATED = re.compile(rb"^Codepage=([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_SECTION = re.compile(r"\[([^\]]+)\]")
MISCODED = "Its text is not in the code page that it states; it is read as Windows-1252."


@dataclass(frozen=True)
class BvText:
    """A text file, part by part; the names of sections and keys are in lower case."""

    title: str
    """First line, which says what the file is."""
    sections: dict[str, list[tuple[str, str]]]
    """Keys and values in the order of the file; the free text under [Comment] is left out."""
    warnings: tuple[str, ...] = ()


def read_text(source: Source) -> BvText:
    """Read a header or marker file.

    Raises
    ------
    SourceError
        It is something else, or in a code page that is not known.
    """
    with source.open() as stream:
        raw = stream.read(LARGEST + 1)
    refuse_impostor(raw[:1024], source.virtual)
    if len(raw) > LARGEST:
        raise SourceError(
            f"is no text file of BrainVision: it is longer than {LARGEST:,} bytes.",
            where=source.virtual,
            mend="Check the recipe's reader.",
        )
    text, warnings = _decoded(raw, source.virtual)
    title, _, rest = text.lstrip("\ufeff").partition("\n")
    return BvText(title.strip(), _sections(rest), warnings)


def _decoded(raw: bytes, where: str) -> tuple[str, tuple[str, ...]]:
    """Read bytes as the stated code page; where none is stated, as UTF-8 if they are that, else as `ANSI`.

    `ANSI` is the code page of the writer's Windows, which the file does not name: 1252 is that of western Europe.
    """
    match = _STATED.search(raw)
    stated = match[1].strip().decode("ascii", "replace").upper() if match else ""
    if stated not in ("", "UTF-8", "UTF8", "ANSI"):
        raise SourceError(
            "is in a code page that BrainVision does not have (UTF-8 or ANSI).",
            where=where,
            mend="Write it again as UTF-8, with Codepage=UTF-8.",
        )
    try:
        if stated != "ANSI":
            return raw.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    warnings = (MISCODED,) if stated.startswith("UTF") else ()
    try:
        return raw.decode("cp1252"), warnings
    except UnicodeDecodeError:
        return raw.decode("latin-1"), warnings


def _sections(text: str) -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for line in text.splitlines():
        if match := _SECTION.fullmatch(line.strip()):
            name = match[1].strip().lower()
            if name == "comment":
                break
            current = sections.setdefault(name, [])
        elif not line.startswith(";"):
            key, found, value = line.partition("=")
            if found:
                current.append((key.strip().lower(), value.strip()))
    return sections


def fields(value: str) -> list[str]:
    r"""Part a value at its commas; those that belong to a text are written ``\1`` (the format's own rule)."""
    return [field.replace("\\1", ",").strip() for field in value.split(",")]

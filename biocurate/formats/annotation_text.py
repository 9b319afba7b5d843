"""Annotations of any kind as one line of text, and back.

Formats such as EDF+ hold texts, not kinds. An event is its own text; any other annotation is ``kind:value``, with
``|number`` behind it where it has one. Reading with `from_text` gives back what `to_text` was given, whatever the
value: where an event's own text looks like one of these, it is written out as ``event:...`` too.
"""

from __future__ import annotations

import re

from biocurate.recording import Annotation

PLAIN = "event"
"""The kind of annotations that are written as their value alone."""

_KIND = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf)|nan")
_RESERVED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def to_text(annotation: Annotation, channel: str | None = None) -> str:
    """Give an annotation's text: the file's own, where it has one.

    Parameters
    ----------
    annotation : Annotation
    channel : str, optional
        What the file calls the channel that it is of; written as EDF+ has it, ``text@@label``.
    """
    if annotation.text is not None:
        return f"{annotation.text}@@{channel}" if channel else annotation.text
    text = annotation.value
    number = "" if annotation.number is None else repr(annotation.number)
    if number or _ends_in_number(text):
        text = f"{text}|{number}"
    is_plain = annotation.kind == PLAIN and not number and text == annotation.value
    # A text that begins or ends in blanks, or is empty, would lose them where it stands alone.
    if not is_plain or _KIND.fullmatch(text) or text != text.strip() or not text:
        text = f"{annotation.kind}:{text}"
    if channel or "@@" in text or text != text.strip():
        text = f"{text}@@{channel or ''}"
    return text


def from_text(text: str) -> tuple[str, str, float | None, str | None]:
    """Give kind, value, number and the file's name of the channel."""
    body, mark, channel = text.rpartition("@@")
    if not mark:
        body, channel = text, ""
    match = _KIND.fullmatch(body)
    kind, value = (match[1], match[2]) if match else (PLAIN, body)
    head, bar, tail = value.rpartition("|")
    if match and bar and (not tail or _NUMBER.fullmatch(tail)):
        return kind, head, float(tail) if tail else None, channel or None
    return kind, value, None, channel or None


def printable(text: str) -> str:
    """Replace control characters that EDF+ section 2.2.2 reserves; tabs and line breaks are let through."""
    return _RESERVED.sub(" ", text)


def _ends_in_number(value: str) -> bool:
    _, bar, tail = value.rpartition("|")
    return bool(bar) and (not tail or _NUMBER.fullmatch(tail) is not None)

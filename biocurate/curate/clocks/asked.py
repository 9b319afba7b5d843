"""Clocks as they are said on the command line: ``watch=-1.2s±50ms``, ``watch=button,press``."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from biocurate.curate.clocks.said import ClockRule
from biocurate.curate.fields import faults_of
from biocurate.errors import UsageError


def rules_of(offsets: Iterable[str], events: Iterable[str]) -> dict[str, ClockRule]:
    """What is said of each device.

    Parameters
    ----------
    offsets : iterable of str
        ``DEVICE=OFFSET``, with ``±UNCERTAINTY`` (or ``+-UNCERTAINTY``) where it is known.
    events : iterable of str
        ``DEVICE=EVENT,EVENT``: of the recording's clock, and of the device's.

    Raises
    ------
    UsageError
        Where one is not written so, or a device is named twice.
    """
    fields: dict[str, dict[str, object]] = {}
    for text in offsets:
        offset, _, sure = _said(text, "--offset watch=-1.2s±50ms", fields).replace("+-", "±").partition("±")
        fields[text.partition("=")[0]] = {"offset": offset, **({"uncertainty": sure} if sure else {})}
    for text in events:
        marks = _said(text, "--events watch=button,press", fields).split(",")
        fields[text.partition("=")[0]] = {"events": [mark.strip() for mark in marks]}
    return {device: _rule(device, said) for device, said in fields.items()}


def _said(text: str, example: str, fields: dict[str, dict[str, object]]) -> str:
    device, sign, said = text.partition("=")
    if not (device and sign and said):
        raise UsageError(f"{text!r} names no device.", mend=f"Write: {example}.")
    if device in fields:
        raise UsageError(f"the clock of {device!r} is said twice.", mend="Say its offset or its events, once.")
    return said


def _rule(device: str, said: dict[str, object]) -> ClockRule:
    try:
        return ClockRule.model_validate(said)
    except ValidationError as error:
        raise UsageError(f"what is said of the clock is not valid: {faults_of(error)}.", where=device) from error

"""The header of an EDF+ or BDF+ file that says nothing of a person.

Sources: EDF 1992, "the header record"; EDF+ section 2.1.3 for the subfields of patient and recording, where ``X`` is
what is not known or withheld, and 1 January 1985 the start of a file without a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from biocurate.export.edf_limits import Limits

BEGINNING = datetime(1985, 1, 1)
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)


@dataclass(frozen=True)
class SignalHead:
    """One signal's fields."""

    label: str
    unit: str
    limits: Limits
    prefilter: str
    per_record: int


def header(
    signals: Sequence[SignalHead], *, width: int, start_s: int, gaps: bool, n_records: int, duration: str, n_text: int
) -> bytes:
    """Make the header of a file whose last signal holds its annotations.

    Parameters
    ----------
    signals : sequence of SignalHead
        Without the annotations.
    width : int
        Bytes of a sample: 2 for EDF+, 3 for BDF+.
    start_s : int
        Whole seconds from the recording's start to the file's: its clock, counted from `BEGINNING`.
    gaps : bool
        Whether records may not follow each other at once.
    n_records : int
    duration : str
        Seconds of a record.
    n_text : int
        Samples of the annotation signal in a record.
    """
    start = BEGINNING + timedelta(seconds=start_s)
    own = "EDF" if width == 2 else "BDF"
    least = -(1 << 8 * width - 1)
    head = b"0".ljust(8) if width == 2 else b"\xffBIOSEMI"
    head += _field("X X X X", 80) + _field("Startdate X X X X", 80)
    head += _field(f"{start:%d.%m.%y}", 8) + _field(f"{start:%H.%M.%S}", 8) + _field(256 * (len(signals) + 2), 8)
    head += _field(f"{own}+{'D' if gaps else 'C'}", 44) + _field(n_records, 8) + _field(duration, 8)
    head += _field(len(signals) + 1, 4)
    rows = [
        (
            signal.label, "", signal.unit, signal.limits.physical_min, signal.limits.physical_max,
            signal.limits.digital_min, signal.limits.digital_max, signal.prefilter, signal.per_record, "",
        )
        for signal in signals
    ]  # fmt: skip
    rows.append((f"{own} Annotations", "", "", "-1", "1", least, -least - 1, "", n_text, ""))
    for column, size in enumerate(_WIDTHS):
        head += b"".join(_field(row[column], size) for row in rows)
    return head


def _field(value: str | int, width: int) -> bytes:
    text = str(value).encode("ascii")
    if len(text) > width:
        raise AssertionError(f"{value!r} is longer than {width}")
    return text.ljust(width)

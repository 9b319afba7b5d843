"""What the comment lines above a table say: the rate, the columns' names and their unit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKS = "#%"
"""Signs that begin a comment."""

_RATE = re.compile(r"(?i)sampl\w*[ _-]*(?:rate|freq\w*)\D{0,16}?(\d+(?:\.\d+)?)")
_NAMES = re.compile(r"(?im)^\W*(?:labels|columns|channels)\s*(?::=|:|=)\s*(.+)$")
_UNIT = re.compile(r"(?im)^\W*units?\s*(?::=|:|=)\s*(\S+)\s*$")
_OPENSIGNALS = re.compile(r'"column":\s*(\[[^\]]*\])')


@dataclass(frozen=True)
class Preamble:
    """Comment lines at the beginning of a file."""

    mark: str = ""
    """The sign they begin with; empty where there are none."""
    lines: tuple[str, ...] = ()
    """Without the mark."""

    @property
    def rate_hz(self) -> float | None:
        """The sampling rate that they state, as BioSPPy's and OpenSignals' files do; None where they state several."""
        rates = {float(number) for line in self.lines for number in _RATE.findall(line)}
        return rates.pop() if len(rates) == 1 and min(rates) > 0 else None

    @property
    def unit(self) -> str | None:
        """The one unit of all columns."""
        found = _UNIT.search("\n".join(self.lines))
        return found[1] if found else None

    def names(self, separator: str, width: int) -> list[str]:
        """Names of so many columns; empty where no line has as many.

        Parameters
        ----------
        separator : str
            Of the table's cells.
        width : int
            Columns of the table; a last one that is empty needs no name.
        """
        text = "\n".join(self.lines)
        told = [json.loads(found) for found in _OPENSIGNALS.findall(text)]
        told += [re.split(rf"[\t{re.escape(separator)}]", found) for found in _NAMES.findall(text)]
        if width > 1:
            told += [line.split(separator) for line in self.lines[-1:]]
        for names in told:
            plain = [str(name).strip() for name in names]
            if len(plain) == width and all(plain):
                return plain
        return []


def preamble_of(rows: Sequence[str]) -> Preamble:
    """Take the comment lines that a file begins with."""
    mark = rows[0][:1] if rows else ""
    if not mark or mark not in MARKS:
        return Preamble()
    above = []
    for row in rows:
        if not row.startswith(mark):
            break
        above.append(row.lstrip(mark).strip())
    return Preamble(mark, tuple(above))

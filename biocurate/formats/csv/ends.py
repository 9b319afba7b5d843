"""How the lines of a CSV file end: what that tells of files that were cut off, edited or damaged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

_NAMES = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


@dataclass
class LineEnds:
    """Counts of each kind of line end."""

    _counts: Counter[bytes] = field(default_factory=Counter)
    _last: bytes = b""

    def see(self, text: bytes) -> None:
        """Count the ends in the next piece of a file; no CR LF may be parted by where a piece ends."""
        if not text:
            return
        self._last = text[-1:]
        if b"\r" not in text:
            self._counts += Counter({b"\n": text.count(b"\n")})
            return
        bytes_ = np.frombuffer(text, np.uint8)
        feeds, returns = bytes_ == 10, bytes_ == 13
        both = np.count_nonzero(returns[:-1] & feeds[1:])
        alone = {b"\n": np.count_nonzero(feeds) - both, b"\r": np.count_nonzero(returns) - both}
        self._counts += Counter({b"\r\n": both, **alone})

    def warnings(self) -> list[str]:
        """What is unusual, a sentence each, once the whole file was seen.

        A line end that came or went inside a number makes two numbers of one or one of two, which in a file of one
        column nothing else tells.
        """
        found = []
        if len(self._counts) > 1:
            said = ", ".join(f"{_NAMES[end]} {count:,}" for end, count in self._counts.most_common())
            found.append(f"Its lines end in different ways ({said}), as those of an edited or damaged file do.")
        if self._last not in (b"\r", b"\n"):
            found.append("Its last line has no end: if the file was cut off there, its last row may not be whole.")
        return found

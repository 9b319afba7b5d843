"""Text of MATLAB's char arrays: a row each, filled with blanks."""

from __future__ import annotations

from collections.abc import Sequence

from biocurate.formats.arrays.file import Text


class MatText(Text):
    """The rows of a char array."""

    def __init__(self, where: str, rows: list[str]) -> None:
        super().__init__(where)
        self._rows = rows
        self.n_texts = len(rows)

    def read(self, start: int, stop: int) -> list[str]:
        """Rows ``[start, stop)``, without the blanks that fill them."""
        return self._rows[start:stop]


def rows_of(letters: str, shape: Sequence[int]) -> list[str]:
    """Part the letters of a char array, which go down its columns, into its rows."""
    n_rows = shape[0] if shape else 1
    if not letters:
        return [""]
    return [letters[row::n_rows].rstrip(" \0") for row in range(n_rows)]

"""The state that a pickle's opcodes work on: a stack, a memo, and a place in the file, each with a bound."""

from __future__ import annotations

import struct
from typing import Any

from biocurate.formats.arrays.bytes import Buffer
from biocurate.formats.pickle.values import NotPlain, Piece

_SPARE = 2**20


class Machine:
    """A stack, a memo, and a place in the file."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self._marks: list[int] = []
        self._copied = 0

    def code(self) -> int:
        """The next opcode."""
        if self.at >= len(self.buffer):
            raise NotPlain("ends early")
        self.at += 1
        return self.buffer[self.at - 1]

    def take(self, count: int) -> bytes:
        """The next bytes, copied."""
        piece = self.piece(count)
        self.copy(count)
        return bytes(piece)

    def piece(self, count: int) -> Piece:
        """Where the next bytes lie; they are passed over."""
        if not 0 <= count <= len(self.buffer) - self.at:
            raise NotPlain("ends early")
        self.at += count
        return Piece(self.buffer, self.at - count, self.at)

    def number(self, layout: str) -> Any:  # noqa: ANN401 - int or float
        """The next number of a fixed width."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self) -> bytes:
        """The rest of a line."""
        end = self.buffer.find(b"\n", self.at)
        if end < 0:
            raise NotPlain("ends early")
        text = self.take(end - self.at)
        self.at = end + 1
        return text

    def push(self, value: object) -> None:
        """Put a value on top."""
        self.stack.append(value)

    def pop(self) -> Any:  # noqa: ANN401
        """Take the topmost value; what lies below a mark is out of reach."""
        if len(self.stack) <= (self._marks[-1] if self._marks else 0):
            raise NotPlain("takes a value where there is none")
        return self.stack.pop()

    def top(self) -> Any:  # noqa: ANN401
        """The topmost value, left where it is."""
        value = self.pop()
        self.push(value)
        return value

    def mark(self) -> None:
        """Remember how high the stack is."""
        self._marks.append(len(self.stack))

    def above(self) -> list[Any]:
        """Take everything above the last mark."""
        if not self._marks:
            raise NotPlain("takes values up to a mark where there is none")
        place = self._marks.pop()
        values, self.stack = self.stack[place:], self.stack[:place]
        return values

    def copy(self, count: int) -> None:
        """Count bytes that are made anew: a short file must not fill the memory by asking for the same again."""
        self._copied += count
        if self._copied > 4 * len(self.buffer) + _SPARE:
            raise NotPlain("makes far more than it holds")

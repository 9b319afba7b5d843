"""What a pickle may be made of here: plain values, and numpy arrays whose bytes stay in the file.

Source: PEP 3154 and Python's `pickletools`; numpy 2.0, ``ndarray.__reduce__``, ``dtype.__reduce__`` and
``ndarray.__setstate__``, whose tuples are read here field by field. Nothing that a file names is imported or called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.arrays.bytes import Buffer

MAX_AXES = 8
WORD_LENGTH = 1024
"""Bytes of a text that may be a name or a key; longer ones stay in the file."""
_KIND = re.compile(r"(?P<order>[<>|=]?)(?P<kind>[iuf][1248]|f16|b1|\?)")
_NAMES = {"float64": "f8", "float32": "f4", "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1", "bool": "b1"}


class NotPlain(Exception):
    """What a pickle asks for is none of what is made here; it becomes a `SourceError` with the file's name."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Bytes of the file, left where they lie."""

    buffer: Buffer = field(repr=False)
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __bytes__(self) -> bytes:
        return bytes(self.buffer[self.start : self.stop])


@dataclass(frozen=True)
class Global:
    """A name that the pickle asks for; it is compared, never looked up."""

    module: str
    name: str


@dataclass
class Kind:
    """A type of numbers; `order` is known once its state is."""

    code: str | None
    """``f8``; None for what is not read: objects, texts, records."""
    order: str = "="

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """As stored."""
        return None if self.code is None else np.dtype(self.order + self.code)


@dataclass
class Array:
    """A numpy array: where its numbers lie."""

    kind: Kind | None = None
    shape: tuple[int, ...] = ()
    column_major: bool = False
    data: Piece | bytes | None = None
    """None for what is not read."""

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """As stored; None for what is not read."""
        return self.kind.dtype if self.kind and self.data is not None else None

    def numbers(self) -> NDArray[Any]:
        """A view of its numbers, as they are stored."""
        assert self.dtype is not None and self.data is not None
        count = prod(self.shape)
        base, start = (self.data.buffer, self.data.start) if isinstance(self.data, Piece) else (self.data, 0)
        flat: NDArray[Any] = np.frombuffer(base, self.dtype, count, start) if count else np.empty(0, self.dtype)
        return flat.reshape(self.shape, order="F" if self.column_major else "C")


def call(asked: object, arguments: object) -> object:
    """Make what one of the few allowed names makes of its arguments.

    Raises
    ------
    NotPlain
        It is none of them, or the arguments are not those that numpy writes.
    """
    made = _MAKERS.get((asked.module, asked.name)) if isinstance(asked, Global) else None
    if made is None:
        raise NotPlain("calls what is no array of numbers")
    if not isinstance(arguments, tuple):
        raise NotPlain("calls something without arguments")
    return made(arguments)


def allowed(module: str, name: str) -> Global:
    """A name that stands for numbers.

    Raises
    ------
    NotPlain
        It is none.
    """
    asked = Global(module, name)
    if (module, name) not in _MAKERS and (module, name) != _NDARRAY:
        raise NotPlain(f"asks for {_named(asked)}, which is no array of numbers")
    return asked


def build(thing: object, state: object) -> None:
    """Give an array or a type of numbers its state.

    Raises
    ------
    NotPlain
        It is something else, or has one already.
    """
    if isinstance(thing, Kind):
        _build_kind(thing, state)
    elif isinstance(thing, Array) and thing.kind is None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise NotPlain("has an array whose state is not numpy's")
        _, shape, kind, column_major, data = state
        _fill(thing, kind, shape, bool(column_major), data)
    else:
        raise NotPlain("gives a state to something that has none")


def _named(asked: Global) -> str:
    """A name as it may be shown: it is the file's own text."""
    text = f"{asked.module}.{asked.name}"
    return text if re.fullmatch(r"[A-Za-z_][\w.]{0,60}", text) else "an object"


def _build_kind(kind: Kind, state: object) -> None:
    if not isinstance(state, tuple) or len(state) < 5:
        raise NotPlain("has a type of numbers whose state is not numpy's")
    order, subtype, names = word(state[1]), state[2], state[3]
    if order not in ("<", ">", "|", "="):
        raise NotPlain("has a type of numbers without a byte order")
    if subtype is not None or names is not None:
        kind.code = None
    kind.order = "=" if order == "|" else order


def _reconstruct(arguments: tuple[object, ...]) -> Array:
    if not arguments or arguments[0] != Global(*_NDARRAY):
        raise NotPlain("makes an array of a class of its own")
    return Array()


def _dtype(arguments: tuple[object, ...]) -> Kind:
    text = word(arguments[0]) if arguments else None
    match = _KIND.fullmatch(_NAMES.get(text, text)) if text is not None else None
    if match is None:
        return Kind(None)
    code = "b1" if match["kind"] == "?" else match["kind"]
    return Kind(code, match["order"] if match["order"] in ("<", ">") else "=")


def _scalar(arguments: tuple[object, ...]) -> Array:
    if len(arguments) != 2:
        raise NotPlain("has a number whose state is not numpy's")
    array = Array()
    _fill(array, arguments[0], (), False, arguments[1])
    return array


def _from_buffer(arguments: tuple[object, ...]) -> Array:
    if len(arguments) != 4:
        raise NotPlain("has an array whose state is not numpy's")
    data, kind, shape, order = arguments
    array = Array()
    _fill(array, kind, shape, word(order) == "F", data)
    return array


def _fill(array: Array, kind: object, shape: object, column_major: bool, data: object) -> None:
    """Check that type, shape and bytes belong together, before anything is made of them."""
    if not isinstance(kind, Kind) or not isinstance(shape, tuple) or not _is_shape(shape):
        raise NotPlain("has an array whose state is not numpy's")
    array.kind, array.shape, array.column_major = kind, shape, column_major
    if kind.dtype is None:
        return
    if not isinstance(data, Piece | bytes):
        raise NotPlain("has an array without bytes")
    if prod(shape) * kind.dtype.itemsize != len(data):
        raise NotPlain("has an array whose bytes are not as many as its shape says")
    array.data = data


def _is_shape(shape: Sequence[object]) -> bool:
    return len(shape) <= MAX_AXES and all(
        isinstance(length, int) and not isinstance(length, bool) and 0 <= length < 2**48 for length in shape
    )


def _encode(arguments: tuple[object, ...]) -> bytes:
    """Bytes that Python 3 wrote as Latin-1 letters, which protocols 0 to 2 have no other way for."""
    if len(arguments) != 2 or not isinstance(arguments[0], str) or word(arguments[1]) not in ("latin1", "latin-1"):
        raise NotPlain("encodes a text other than numpy does")
    try:
        return arguments[0].encode("latin-1")
    except UnicodeEncodeError:
        raise NotPlain("encodes a text other than numpy does") from None


def _no_bytes(arguments: tuple[object, ...]) -> bytes:
    """How Python 3 writes the bytes of an empty array in protocols 0 to 2."""
    if arguments:
        raise NotPlain("makes bytes other than numpy does")
    return b""


def word(value: object) -> str | None:
    """A short text, of Python 3 or, as Latin-1, of Python 2; None for anything else."""
    if isinstance(value, Piece | bytes) and len(value) <= WORD_LENGTH:
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else None


_NDARRAY = ("numpy", "ndarray")
_MAKERS: dict[tuple[str, str], Callable[[tuple[object, ...]], object]] = {
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
    **{
        (f"numpy.{core}.{module}", name): made
        for core in ("core", "_core")  # numpy 2.0 renamed it
        for module, name, made in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}

"""HDF5 files by h5py, and nothing that lies outside of the file that was asked for.

A link or array that leads to another file is refused, and so is an array of which parts were never written: the library
would give zeros for them.
"""

from __future__ import annotations

import io
from abc import ABC
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.bytes import bytes_of
from biocurate.formats.arrays.file import Branch, Node, Numbers, Text, Unreadable, cut_off, damaged
from biocurate.formats.hdf5.chunks import Chunks, unwritten
from biocurate.formats.hdf5.superblock import FIRST, doubts, stated_size
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source

KEPT = 64
"""Arrays whose tables of chunks are kept."""
MAX_ATTRIBUTE = 2**24
"""Bytes of an attribute."""
LINKS = 8
"""Links that follow one another."""
NUMBERS = "iuf"


class Hdf5Bytes:
    """An open file, and its bytes where they must be looked at."""

    def __init__(self, source: Source) -> None:
        self.where = source.virtual
        self.n_file = source.size
        self._source = source
        # Opened by its path, the library would share it with whoever has the same file open, and keep them from
        # writing it; a stream is as fast.
        self._stream = source.open() if source.member is None else io.BytesIO(bytes_of(source))
        first = self._stream.read(FIRST)
        refuse_impostor(first, self.where)
        _refuse_cut_off(first, self.n_file, self.where)
        self.doubts = doubts(first, self.n_file)
        with sound(self.where):
            self.file = h5py.File(self._stream, "r")
        self._chunks: dict[str, Chunks] = {}
        self._held: set[str] = set()

    def chunks(self, dataset: h5py.Dataset) -> Chunks | None:
        """The chunks of an array, looked through once a file; None where it lies in one piece.

        Raises
        ------
        SourceError
            The array is not wholly in the file.
        """
        with sound(self.where):
            _refuse_elsewhere(dataset, self.where, self.n_file)
            if dataset.chunks is None:
                return None
            name = dataset.name
            if name not in self._chunks:
                while len(self._chunks) >= KEPT:
                    del self._chunks[next(iter(self._chunks))]
                self._chunks[name] = Chunks(dataset, self.where, self.n_file)
            return self._chunks[name]

    def hold(self, dataset: h5py.Dataset) -> None:
        """Let the library at a small array whose values it alone can read: texts and references."""
        with sound(self.where):
            chunks = self.chunks(dataset)
            if chunks is not None and dataset.name not in self._held:
                chunks.hold_all()
                self._held.add(dataset.name)


@contextmanager
def sound(where: str) -> Iterator[None]:
    """Make one error of whatever the library says of a damaged file; what it says may quote the file, and stays out."""
    try:
        yield
    except SourceError:
        raise
    except MemoryError as error:
        raise damaged(where, "asks for more memory than there is") from error
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise damaged(where, "cannot be read by the HDF5 library") from error


class Group(Branch, ABC):
    """A group of an open file, whatever its names stand for."""

    def __init__(self, held: Hdf5Bytes, group: h5py.Group) -> None:
        super().__init__(held.where)
        self._held = held
        self._group = group

    @property
    def doubts(self) -> tuple[str, ...]:
        """Of the file's length."""
        return self._held.doubts

    @cached_property
    def names(self) -> list[str]:
        """Names of what it holds, sorted."""
        return sorted(names_in(self._group, self.where))


class Hdf5Group(Group):
    """A group: what it holds has names."""

    @property
    def n_elements(self) -> int:
        """What it holds."""
        return len(self.names)

    @property
    def element_names(self) -> list[str]:
        """Names of what it holds, sorted."""
        return self.names

    def element(self, place: int) -> Node:
        """What it holds under one of its names."""
        found = self.child(self.element_names[place])
        assert found is not None
        return found

    def look_up(self, name: str) -> Node | None:
        """What it holds under a name."""
        found = linked(self._held, self._group, name)
        return None if found is None else node_of(self._held, found)

    def attribute(self, name: str) -> Node | None:
        """An attribute."""
        return attribute_of(self._held, self._group, name)


class Hdf5Numbers(Numbers):
    """An array of numbers; a range of it is read when it is asked for."""

    def __init__(self, held: Hdf5Bytes, dataset: h5py.Dataset) -> None:
        super().__init__(held.where)
        self._held = held
        self._dataset = dataset
        self._chunks = held.chunks(dataset)
        with sound(self.where):
            self.shape = dataset.shape
            self.dtype = _plain(dataset.dtype)
            if self._chunks is not None and not _is_numpys(dataset):
                raise SourceError(
                    "has numbers with other bits than numpy's.", where=self.where, mend="Save them as a plain type."
                )

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it, in the machine's byte order."""
        with sound(self.where):
            if self._chunks is None:
                part = np.asarray(self._dataset[tuple(index)])
            else:
                part = self._chunks.read(index, _stored(self._dataset.dtype))
            return part.view(np.uint8) if part.dtype == np.bool_ else part.astype(self.dtype, copy=False)

    def attribute(self, name: str) -> Node | None:
        """An attribute."""
        return attribute_of(self._held, self._dataset, name)


class Hdf5Text(Text):
    """A vector of texts."""

    def __init__(self, held: Hdf5Bytes, dataset: h5py.Dataset) -> None:
        super().__init__(held.where)
        held.hold(dataset)
        self._held = held
        self._dataset = dataset
        with sound(self.where):
            self.n_texts = prod(dataset.shape)

    def read(self, start: int, stop: int) -> list[str]:
        """Texts ``[start, stop)``.

        Raises
        ------
        SourceError
            It is no vector, or the file is damaged there.
        """
        with sound(self.where):
            shape = self._dataset.shape
            long = [axis for axis, length in enumerate(shape) if length != 1]
            if len(long) > 1:
                raise SourceError("has a table of texts where a list should be.", where=self.where)
            index = [slice(0, 1)] * len(shape)
            if shape:
                index[long[0] if long else 0] = slice(start, stop)
            found = self._dataset[tuple(index)] if shape else np.array([self._dataset[()]], dtype=object)
            return [_decoded(text) for text in np.asarray(found).reshape(-1)]

    def attribute(self, name: str) -> Node | None:
        """An attribute."""
        return attribute_of(self._held, self._dataset, name)


class _Held(Numbers):
    """The numbers of an attribute."""

    def __init__(self, where: str, array: NDArray[Any]) -> None:
        super().__init__(where)
        self._array = array
        self.shape = array.shape
        self.dtype = array.dtype

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of them."""
        return self._array[tuple(index)]


class _HeldText(Text):
    """The texts of an attribute."""

    def __init__(self, where: str, texts: list[str]) -> None:
        super().__init__(where)
        self._texts = texts
        self.n_texts = len(texts)

    def read(self, start: int, stop: int) -> list[str]:
        """Texts ``[start, stop)``."""
        return self._texts[start:stop]


def open_hdf5(source: Source) -> Node:
    """Open a file; its groups and arrays are looked at when a path leads there.

    Raises
    ------
    SourceError
        It is no HDF5 file, is cut off, or is damaged.
    """
    held = Hdf5Bytes(source)
    return Hdf5Group(held, held.file)


def node_of(held: Hdf5Bytes, found: h5py.Group | h5py.Dataset) -> Node:
    """Say what an object is."""
    if isinstance(found, h5py.Group):
        return Hdf5Group(held, found)
    with sound(held.where):
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            return _refused(held.where, "no array")
        kind = found.dtype
        if is_text(kind):
            return Hdf5Text(held, found)
        if is_number(kind):
            return Hdf5Numbers(held, found)
    return _refused(held.where, "an array of what are neither numbers nor texts")


def linked(held: Hdf5Bytes, group: h5py.Group, name: str, links: int = LINKS) -> h5py.Group | h5py.Dataset | None:
    """Follow a name in a group, within the file.

    Raises
    ------
    SourceError
        It is a link to another file, or one that leads through too many others.
    """
    with sound(held.where):
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if isinstance(link, h5py.HardLink):
            return group[name]
        if not isinstance(link, h5py.SoftLink):
            raise SourceError(
                "has a link to another file.",
                where=held.where,
                mend="Copy what it leads to into the file (h5copy, h5repack --merge).",
            )
        if not links:
            raise damaged(held.where, "has links that go round in a circle")
        target = held.file if link.path.startswith("/") else group
        for step in filter(None, link.path.split("/")):
            if not isinstance(target, h5py.Group):
                return None
            target = linked(held, target, step, links - 1)
        return target


def names_in(group: h5py.Group, where: str) -> list[str]:
    """Names of what a group holds.

    Raises
    ------
    SourceError
        One comes twice: a damaged tree of names leads back into itself.
    """
    seen: dict[str, None] = {}

    def note(name: bytes) -> bool | None:
        text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
        if text in seen:
            return True
        seen[text] = None
        return None

    with sound(where):
        if group.id.links.iterate(note)[0]:
            raise damaged(where, "has a group that holds one name twice")
    return list(seen)


def attribute_of(held: Hdf5Bytes, thing: h5py.Group | h5py.Dataset, name: str) -> Node | None:
    """An attribute; only one that holds numbers or texts is read."""
    with sound(held.where):
        if name not in thing.attrs:
            return None
        found = thing.attrs.get_id(name)
        kind = found.dtype
        if prod(found.shape or ()) * kind.itemsize > MAX_ATTRIBUTE:
            raise damaged(held.where, "has an attribute of millions of bytes")
        if not (is_text(kind) or is_number(kind)):
            return _refused(held.where, "an attribute of what are neither numbers nor texts")
        value = thing.attrs[name]
        if isinstance(value, h5py.Empty):
            return _refused(held.where, "an attribute without a value")
        if is_text(kind):
            return _HeldText(held.where, [_decoded(text) for text in np.asarray(value, dtype=object).reshape(-1)])
        return _Held(held.where, np.asarray(value).astype(_plain(kind)))


def is_number(kind: np.dtype[Any]) -> bool:
    """Whether values are integers, floats or truth values that the store can hold."""
    return kind == np.bool_ or (kind.kind in NUMBERS and kind.itemsize <= 8)


def is_text(kind: np.dtype[Any]) -> bool:
    """Whether values are texts."""
    return kind.kind == "S" or h5py.check_string_dtype(kind) is not None


def _plain(kind: np.dtype[Any]) -> np.dtype[Any]:
    """In the machine's byte order; truth values are 0 and 1."""
    return np.dtype(np.uint8) if kind == np.bool_ else np.dtype(kind.str).newbyteorder("=")


def _decoded(text: object) -> str:
    if isinstance(text, bytes):
        try:
            return text.decode().rstrip("\0")
        except UnicodeDecodeError:
            return text.decode("latin-1").rstrip("\0")
    return str(text).rstrip("\0")


def _refuse_cut_off(first: bytes, n_file: int, where: str) -> None:
    expected = stated_size(first)
    if expected is not None and n_file < expected:
        raise cut_off(where, expected, n_file)


def _refuse_elsewhere(dataset: h5py.Dataset, where: str, n_file: int) -> None:
    if dataset.is_virtual or dataset.external:
        raise SourceError(
            "has an array that is put together from other files.", where=where, mend="Copy it whole (h5repack)."
        )
    if dataset.chunks is None:
        n_bytes = prod(int(length) for length in dataset.shape) * dataset.id.get_type().get_size()
        if n_bytes > min(dataset.id.get_storage_size(), n_file):
            raise unwritten(where)


def _is_numpys(dataset: h5py.Dataset) -> bool:
    """Whether the bytes of a chunk are the values as numpy writes them: no bits left over, none moved."""
    kind = dataset.id.get_type()
    if kind.get_class() == h5py.h5t.ENUM:
        kind = kind.get_super()
    return bool(kind.equal(h5py.h5t.py_create(_stored(dataset.dtype)))) or dataset.dtype == np.bool_


def _stored(kind: np.dtype[Any]) -> np.dtype[Any]:
    """As the bytes of a chunk have it; truth values are bytes."""
    return np.dtype(np.uint8) if kind == np.bool_ else np.dtype(kind.str)


def _refused(where: str, why: str) -> Unreadable:
    return Unreadable(where, why, "Save it as a plain array of numbers or texts.")

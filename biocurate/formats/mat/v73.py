"""MATLAB 7.3 MAT-files: HDF5, in the shapes that MATLAB shows.

MATLAB writes axes in the opposite order; each array has its class in the attribute ``MATLAB_class``, cells and the
fields of struct arrays are references into the group ``#refs#``, and an empty array holds its own dimensions
(``MATLAB_empty``). Source: MathWorks, `matfile` and "MAT-File Versions"; the layout as `hdf5storage` describes it and
as MATLAB's own files have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from biocurate.formats.arrays.file import Node, Numbers, Unreadable, damaged
from biocurate.formats.hdf5.file import Group, Hdf5Bytes, Hdf5Numbers, linked, names_in, sound
from biocurate.formats.mat.text import MatText, rows_of
from biocurate.formats.source import Source

MAX_LETTERS = 2**24
LONGEST_CLASS = 256
"""Bytes of a class' name."""


class MatGroup(Group):
    """The file, or one struct."""

    @cached_property
    def names(self) -> list[str]:
        """Names of the variables or fields; what MATLAB keeps for itself, such as ``#refs#``, is none."""
        return [name for name in sorted(names_in(self._group, self.where)) if not name.startswith("#")]

    @property
    def n_elements(self) -> int:
        """One: a struct."""
        return 1

    def element(self, place: int) -> Node:
        """The struct itself."""
        return self

    def look_up(self, name: str) -> Node | None:
        """A variable, or a field."""
        found = linked(self._held, self._group, name)
        return None if found is None else _node(self._held, found)


class _Structs(Node):
    """An array of structs: each field is an array of references, one a struct."""

    def __init__(self, held: Hdf5Bytes, group: h5py.Group, count: int) -> None:
        super().__init__(held.where)
        self._held = held
        self._group = group
        self._count = count

    @property
    def n_elements(self) -> int:
        """Structs."""
        return self._count

    @property
    def wraps_one(self) -> bool:
        """Whether it is one struct."""
        return self._count == 1

    def element(self, place: int) -> Node:
        """A struct, counted down the columns."""
        return _Struct(self._held, self._group, self._count, place)


class _Struct(Node):
    """One of an array of structs."""

    def __init__(self, held: Hdf5Bytes, group: h5py.Group, count: int, place: int) -> None:
        super().__init__(held.where)
        self._held = held
        self._group = group
        self._count = count
        self._place = place

    @cached_property
    def names(self) -> list[str]:
        """Names of the fields."""
        return sorted(names_in(self._group, self.where))

    def child(self, name: str) -> Node | None:
        """A field."""
        found = linked(self._held, self._group, name)
        if found is None:
            return None
        if not _has_references(self._held, found) or prod(found.shape) != self._count:
            raise damaged(self.where, "has an array of structs whose fields differ in length")
        return _referred(self._held, found, self._place)


class _Cells(Node):
    """A cell array: an array of references."""

    def __init__(self, held: Hdf5Bytes, dataset: h5py.Dataset) -> None:
        super().__init__(held.where)
        self._held = held
        self._dataset = dataset

    @property
    def n_elements(self) -> int:
        """Cells."""
        with sound(self.where):
            return prod(self._dataset.shape)

    @property
    def wraps_one(self) -> bool:
        """Whether it has one cell."""
        return self.n_elements == 1

    def element(self, place: int) -> Node:
        """A cell, counted down the columns."""
        return _referred(self._held, self._dataset, place)


class _MatNumbers(Numbers):
    """An array whose axes are in MATLAB's order."""

    def __init__(self, turned: Hdf5Numbers) -> None:
        super().__init__(turned.where)
        self._turned = turned
        self.shape = turned.shape[::-1]
        self.dtype = turned.dtype

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it."""
        return self._turned.read(list(index)[::-1]).T


class _Empty(Numbers):
    """An array without values."""

    def __init__(self, where: str, shape: tuple[int, ...]) -> None:
        super().__init__(where)
        self.shape = shape
        self.dtype = np.dtype(np.float64)

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """Nothing."""
        return np.empty(self.shape, self.dtype)[tuple(index)]


def open_mat73(source: Source) -> Node:
    """Open a file; its variables are looked at when a path leads there.

    Raises
    ------
    SourceError
        It is no HDF5 file, is cut off, or is damaged.
    """
    held = Hdf5Bytes(source)
    return MatGroup(held, held.file)


def _node(held: Hdf5Bytes, found: h5py.Group | h5py.Dataset) -> Node:
    with sound(held.where):
        cls = _class_of(held, found)
        if isinstance(found, h5py.Group):
            return _group(held, found)
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            return _refused(held.where, "no array")
        if _is_empty(found):
            return _empty(held, found, cls)
        if cls == "cell":
            return _Cells(held, found) if _has_references(held, found) else _refused(held.where, "a damaged cell array")
        if cls == "char":
            return _text(held, found)
        if found.dtype.kind in "iuf" and found.dtype.itemsize <= 8:
            return _MatNumbers(Hdf5Numbers(held, found))
    return _refused(held.where, "an object of MATLAB or an array of complex numbers")


def _group(held: Hdf5Bytes, group: h5py.Group) -> Node:
    if "MATLAB_sparse" in group.attrs:
        return _refused(held.where, "a sparse matrix")
    first = next(iter(group), None)
    field = None if first is None else linked(held, group, first)
    # a field of one struct that is a cell array has references too, and says that it is one
    if isinstance(field, h5py.Dataset) and _has_references(held, field) and _class_of(held, field) is None:
        return _Structs(held, group, prod(field.shape))
    return MatGroup(held, group)


def _referred(held: Hdf5Bytes, dataset: h5py.Dataset, place: int) -> Node:
    """What one of the references of an array leads to; they lead nowhere out of the file."""
    with sound(held.where):
        held.hold(dataset)
        # HDF5's axes are MATLAB's turned round, so that its last one is the one that goes down a column
        reference = dataset[np.unravel_index(place, dataset.shape)]
        if not reference:
            raise damaged(held.where, "has a reference that leads to nothing")
        return _node(held, held.file[reference])


def _has_references(held: Hdf5Bytes, found: h5py.Group | h5py.Dataset) -> bool:
    with sound(held.where):
        return isinstance(found, h5py.Dataset) and h5py.check_ref_dtype(found.dtype) is h5py.Reference


def _class_of(held: Hdf5Bytes, found: h5py.Group | h5py.Dataset) -> str | None:
    with sound(held.where):
        if "MATLAB_class" not in found.attrs:
            return None
        kind = found.attrs.get_id("MATLAB_class").dtype
        if kind.kind != "S" or kind.itemsize > LONGEST_CLASS:
            raise damaged(held.where, "has an array whose class is no text")
        return bytes(found.attrs["MATLAB_class"]).decode("latin-1")


def _is_empty(found: h5py.Dataset) -> bool:
    return (
        "MATLAB_empty" in found.attrs
        and found.attrs.get_id("MATLAB_empty").dtype.kind in "iu"
        and bool(np.any(found.attrs["MATLAB_empty"]))
    )


def _empty(held: Hdf5Bytes, found: h5py.Dataset, cls: str | None) -> Node:
    if cls == "char":
        return MatText(held.where, [""])
    shape = found[...] if found.size <= 32 and found.dtype.kind in "iu" else np.array([0, 0])
    shape = tuple(int(length) for length in np.asarray(shape).reshape(-1))
    if prod(shape):
        raise damaged(held.where, "has an empty array that is not empty")
    return _Empty(held.where, shape)


def _text(held: Hdf5Bytes, found: h5py.Dataset) -> Node:
    if found.dtype.kind != "u" or found.dtype.itemsize > 2 or found.ndim != 2 or found.size > MAX_LETTERS:
        return _refused(held.where, "a text of millions of letters, or in no known code")
    codes = Hdf5Numbers(held, found).read([slice(0, length) for length in found.shape])
    letters = codes.astype("<u2").tobytes().decode("utf-16-le", "replace")
    if found.shape[1] == 1:
        return MatText(held.where, [letters.rstrip(" \0")])
    if len(letters) != found.size:
        return _refused(held.where, "a table of texts with rare letters")
    return MatText(held.where, rows_of(letters, found.shape[::-1]))


def _refused(where: str, why: str) -> Unreadable:
    return Unreadable(where, why, "Save it in MATLAB as a full array of real numbers, or as a cell array of texts.")

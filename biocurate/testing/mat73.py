"""A writer of small MATLAB 7.3 files, in the layout of MATLAB's own `save -v7.3`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_CLASSES = {
    "f8": "double", "f4": "single", "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16",
    "i4": "int32", "u4": "uint32", "i8": "int64", "u8": "uint64",
}  # fmt: skip
_HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan 01 00:00:00 1970 HDF5 schema 1.00 ."


class StructArray(list[Mapping[str, Any]]):
    """Structs with the same fields: ``s(1), s(2), ...``."""


def write_mat73(path: Path, variables: Mapping[str, Any]) -> None:
    """Write variables as MATLAB would show them.

    Parameters
    ----------
    path : Path
    variables : mapping
        Arrays in MATLAB's shape; a str is a char array, a list a cell array of one column, a mapping a struct, a
        `StructArray` an array of structs.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            _write(file, file, name, value)
    with path.open("r+b") as stream:
        stream.write(_HEADER.ljust(124) + b"\x00\x02IM")


def _write(file: h5py.File, group: h5py.Group, name: str, value: Any) -> None:  # noqa: ANN401
    if isinstance(value, StructArray):
        made = group.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in value[0]:
            _references(file, made, field, [struct[field] for struct in value])
    elif isinstance(value, Mapping):
        made = group.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        for field, each in value.items():
            _write(file, made, field, each)
    elif isinstance(value, list):
        _references(file, group, name, value).attrs["MATLAB_class"] = np.bytes_("cell")
    else:
        _array(group, name, value)


def _references(file: h5py.File, group: h5py.Group, name: str, values: Sequence[Any]) -> h5py.Dataset:
    made = group.create_dataset(name, (1, len(values)), dtype=h5py.ref_dtype)
    held = file.require_group("#refs#")
    for place, value in enumerate(values):
        called = f"r{len(held):x}"
        _write(file, held, called, value)
        made[0, place] = held[called].ref
    return made


def _array(group: h5py.Group, name: str, value: Any) -> None:  # noqa: ANN401
    if isinstance(value, str):
        array, cls = np.frombuffer(value.encode("utf-16-le"), "<u2")[None, :], "char"
    else:
        array = np.atleast_2d(np.asarray(value))
        cls = "logical" if array.dtype == np.bool_ else _CLASSES[array.dtype.str[1:]]
        array = array.astype(np.uint8) if array.dtype == np.bool_ else array
    if not array.size:
        made = group.create_dataset(name, data=np.array(array.shape, np.uint64))
        made.attrs["MATLAB_empty"] = np.uint8(1)
    else:
        packed = {"chunks": True, "compression": "gzip"} if array.size > 1000 else {}
        made = group.create_dataset(name, data=np.ascontiguousarray(array.T), **packed)
    made.attrs["MATLAB_class"] = np.bytes_(cls)

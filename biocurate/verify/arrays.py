"""Files of named arrays decoded a second time, each array read whole.

MATLAB's up to version 7 by scipy, later ones and HDF5 by h5py, pickles by Python's own unpickler.
"""

from __future__ import annotations

import codecs
import io
import pickle
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.source import Source

Get = Callable[[str], Any]
"""What lies at a path: an array, a list of texts, or None."""


def hdf5_signals(source: Source, options: Any) -> dict[str, list[NDArray[Any]]]:  # noqa: ANN401
    """Decode one recording of an HDF5 file by h5py."""
    import h5py

    with source.open() as stream, h5py.File(io.BytesIO(stream.read()) if source.member else source.local()) as file:
        return _signals(lambda path: _hdf5(file, path, source), source, options)


def mat_signals(source: Source, options: Any) -> dict[str, list[NDArray[Any]]]:  # noqa: ANN401
    """Decode one recording of a MAT-file: by h5py where scipy says that it is one of version 7.3."""
    import h5py

    try:
        loaded = _loaded(source.path, source.member, source, source.mtime_ns)
    except NotImplementedError:
        with source.open() as stream, h5py.File(io.BytesIO(stream.read()) if source.member else source.local()) as file:
            return _signals(lambda path: _mat73(file, path, source), source, options)
    return _signals(lambda path: _mat5(loaded, path, source), source, options)


@lru_cache(maxsize=1)
def _loaded(_path: str, _member: str | None, source: Source, _mtime_ns: int) -> dict[str, Any]:
    from scipy.io import loadmat

    with source.open() as stream:
        found: dict[str, Any] = loadmat(io.BytesIO(stream.read()), chars_as_strings=True)
    return found


def pickle_signals(source: Source, options: Any) -> dict[str, list[NDArray[Any]]]:  # noqa: ANN401
    """Decode one recording of a pickle by Python's own unpickler, which is let make arrays and nothing else."""
    with source.open() as stream:
        loaded = _OnlyArrays(io.BytesIO(stream.read()), encoding="latin1").load()
    return _signals(lambda path: _pickled(loaded, path), source, options)


class _OnlyArrays(pickle.Unpickler):
    """Python's unpickler with the names that numpy's arrays need."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """Give one of them."""
        multiarray, numeric = import_module("numpy._core.multiarray"), import_module("numpy._core.numeric")
        known: dict[tuple[str, str], Any] = {
            ("multiarray", "_reconstruct"): multiarray._reconstruct,
            ("multiarray", "scalar"): multiarray.scalar,
            ("numeric", "_frombuffer"): numeric._frombuffer,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): codecs.encode,
            ("__builtin__", "bytes"): bytes,
        }
        found = known.get((module.removeprefix("numpy.core.").removeprefix("numpy._core."), name))
        if found is None:
            raise ValueError("the pickle asks for more than arrays")
        return found


def _pickled(loaded: Any, path: str) -> Any:  # noqa: ANN401
    for step in filter(None, path.split("/")):
        if isinstance(loaded, dict):
            if step not in loaded:
                return None
            loaded = loaded[step]
        else:
            loaded = loaded[int(step)]
    return loaded


def _signals(get: Get, source: Source, options: Any) -> dict[str, list[NDArray[Any]]]:  # noqa: ANN401
    found: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for said in options.signals:
        paths = [said.path] if isinstance(said.path, str) else said.path
        for place, path in enumerate(paths):
            array = get(path)
            if array is None or not array.size:
                continue
            rows = _rows(array, said.axes, source)
            own = [step for step in path.split("/") if step and step != "*" and not step.isdigit()][-1]
            labels = [own] if said.labels is None else said.labels
            if not isinstance(labels, tuple | list):
                labels = [str(text).strip() for text in get(labels.path)]
            elif said.labels is not None and "channel" not in said.axes:
                labels = [said.labels[place]]
            for label, row in zip(labels, rows, strict=True):
                found[label].append(row)
    return found


def _rows(array: NDArray[Any], axes: tuple[str, ...], source: Source) -> NDArray[Any]:
    """Samples of each channel, from an array with one axis a word."""
    while array.ndim > len(axes):
        array = array.squeeze(axis=array.shape.index(1))
    letters = "".join(axis[0] for axis in axes)
    array = array.reshape(array.shape + (1,) * (len(axes) - array.ndim))
    if "record" in axes:
        assert source.record is not None
        array = np.take(array, [source.record.place], axis=axes.index("record"))
    order = "".join(letter for letter in "rcbt" if letter in letters)
    turned = np.einsum(f"{letters}->{order}", array)
    rows: NDArray[Any] = turned.reshape(array.shape[axes.index("channel")] if "channel" in axes else 1, -1)
    return rows


def _hdf5(file: Any, path: str, source: Source) -> Any:  # noqa: ANN401
    thing = file
    for step in filter(None, path.split("/")):
        name = source.record.name if step == "*" and source.record else step
        if step == "*" and name not in thing:
            assert source.record is not None
            name = sorted(thing)[source.record.place]
        if name not in thing:
            return None
        thing = thing[name]
    array = thing[()]
    if thing.dtype.kind in "SO":
        return [text.decode() if isinstance(text, bytes) else text for text in np.ravel(array)]
    return array


def _mat5(loaded: dict[str, Any], path: str, source: Source) -> Any:  # noqa: ANN401
    value: Any = loaded
    for step in filter(None, path.split("/")):
        if step == "*" and source.record:
            value = value.ravel(order="F")[source.record.place]
        elif step.isdigit():
            value = value.ravel(order="F")[int(step)]
        elif isinstance(value, dict):
            if step not in value:
                return None
            value = value[step]
        else:
            value = value.ravel()[0] if isinstance(value, np.ndarray) else value
            if step not in (value.dtype.names or ()):
                return None
            value = value[step]
    if value.dtype == object and value.size > 1:
        return [str(np.ravel(cell)[0]) for cell in value.ravel(order="F")]
    while value.dtype == object:
        value = value.item()
    return list(np.ravel(value)) if value.dtype.kind == "U" else value


def _mat73(file: Any, path: str, source: Source) -> Any:  # noqa: ANN401
    import h5py

    thing, place = file, None
    for step in filter(None, path.split("/")):
        if step == "*" or step.isdigit():
            place = source.record.place if step == "*" and source.record else int(step)
            if isinstance(thing, h5py.Dataset):
                thing, place = file[np.ravel(thing[()])[place]], None
        elif step not in thing:
            return None
        else:
            thing = thing[step]
            if (
                isinstance(thing, h5py.Dataset)
                and thing.dtype == object
                and thing.attrs.get("MATLAB_class") != b"cell"
                and place is not None
            ):
                thing, place = file[np.ravel(thing[()])[place]], None
    return _mat73_value(file, thing)


def _mat73_value(file: Any, thing: Any) -> Any:  # noqa: ANN401
    if thing.attrs.get("MATLAB_empty", 0):
        return np.empty(0)
    if thing.dtype == object:
        cells = [_mat73_value(file, file[reference]) for reference in np.ravel(thing[()])]
        return [cell[0] for cell in cells] if isinstance(cells[0], list) else cells[0]
    if thing.attrs.get("MATLAB_class") == b"char":
        return ["".join(map(chr, column)).rstrip() for column in thing[()].T]
    return thing[()].T

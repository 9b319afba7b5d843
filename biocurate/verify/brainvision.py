"""BrainVision decoded a second time: the header by Python's own configuration parser, the samples by numpy's bytes."""

from __future__ import annotations

import re
from collections import defaultdict
from configparser import ConfigParser
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.source import Source

_TYPES = {"INT_16": "i2", "INT_32": "i4", "IEEE_FLOAT_32": "f4"}


def brainvision_signals(source: Source, _options: object) -> dict[str, list[NDArray[Any]]]:
    """Decode a recording by its header; of a data file with half a sample at its end, the whole ones."""
    header = _header(source)
    common, binary = header["Common Infos"], dict(header.items("Binary Infos"))
    entries = sorted((int(key.removeprefix("ch")), value) for key, value in header.items("Channel Infos"))
    order = ">" if binary.get("usebigendianorder", "NO").upper() == "YES" else "<"
    with _data(source, common["DataFile"]).open() as stream:
        raw = np.frombuffer(stream.read(), np.uint8)
    kind = np.dtype(order + _TYPES[binary["binaryformat"].upper()])
    n_samples = len(raw) // (len(entries) * kind.itemsize)
    flat = raw[: n_samples * len(entries) * kind.itemsize].view(kind)
    by_channel = common["DataOrientation"].upper() == "VECTORIZED"
    found: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for place, (_, entry) in enumerate(entries):
        label = entry.split(",")[0].replace("\\1", ",").strip()
        row = flat[place * n_samples :][:n_samples] if by_channel else flat[place :: len(entries)]
        found[label].append(np.ascontiguousarray(row, dtype=kind.newbyteorder("=")))
    return found


def _header(source: Source) -> ConfigParser:
    with source.open() as stream:
        raw = stream.read()
    ansi = re.search(rb"(?im)^codepage=ansi", raw) is not None
    try:
        text = raw.decode("cp1252" if ansi else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    settings = text.partition("\n")[2].partition("[Comment]")[0]
    parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=(";",), strict=False)
    parser.read_string(settings)
    return parser


def _data(source: Source, name: str) -> Source:
    stem = PurePosixPath(source.name).stem
    named = source.sibling(name.replace("$b", stem))
    return named if named.exists else source.sibling(stem + PurePosixPath(name).suffix)

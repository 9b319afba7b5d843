"""Other readings of the same bytes, by the standards' definitions or by the formats' own libraries, for `verdict`.

They take the file that a subject names first, and give all samples of each channel in the order of the file. They are
slow, hold everything in memory, and know no damage: what they raise means that they cannot read the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.testing.fuzz.subject import Decoded


def edf(path: Path, options: Mapping[str, Any]) -> Decoded:
    """EDF "header record" and "data records", by byte positions; BDF's samples have three bytes."""
    raw = path.read_bytes()
    width = 3 if raw[:1] == b"\xff" else 2
    count = int(raw[252:256])
    fields = raw[256:]
    labels = [fields[16 * i : 16 * i + 16].split(b"\0")[0].strip() for i in range(count)]
    lengths = [int(fields[216 * count + 8 * i :][:8].split(b"\0")[0]) for i in range(count)]
    record = width * sum(lengths)
    n_records = int(raw[236:244].split(b"\0")[0])
    start = 256 * (count + 1)
    if n_records == -1:
        n_records = (len(raw) - start) // record
    body = np.frombuffer(raw, np.uint8, n_records * record, start).reshape(n_records, -1, width).astype(np.int32)
    values = body[..., 0] + (body[..., 1] << 8) + (body[..., 2] << 16 if width == 3 else 0)
    values -= (values >> (8 * width - 1)) << (8 * width)
    ends = np.cumsum(lengths)
    return [
        values[:, end - length : end].reshape(-1)
        for label, length, end in zip(labels, lengths, ends, strict=True)
        if length and label not in (b"EDF Annotations", b"BDF Annotations")
    ]


def wfdb(path: Path, options: Mapping[str, Any]) -> Decoded:
    """The `wfdb` package's own reading, segment after segment."""
    import wfdb as package

    said = {"physical": False, "ignore_skew": True, "m2s": False}
    try:
        record = package.rdrecord(str(path.with_suffix("")), smooth_frames=False, **said)
    except ValueError:  # it cannot give format 61 as it is in the frames
        record = package.rdrecord(str(path.with_suffix("")), **said)
        return list(record.d_signal.T)
    parts = [part.e_d_signal for part in getattr(record, "segments", [record])]
    return [np.concatenate(signal) for signal in zip(*parts, strict=True)]


def table(path: Path, options: Mapping[str, Any]) -> Decoded:
    """A CSV file by Python's csv module and `float`, without its header rows, comments and column of times."""
    text = io.StringIO(path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    comment = options.get("comment")
    lines = [line for line in text if not (comment and line.startswith(comment))]
    rows = list(csv.reader(lines, delimiter=options.get("separator", ","), skipinitialspace=True))
    while rows and not rows[-1]:
        rows.pop()
    rows = rows[2 if options.get("layout") == "e4" else options.get("header_rows", 1) :]
    time = options.get("time", {}).get("column")
    return [np.array([_float(row[place], options) for row in rows]) for place in range(len(rows[0])) if place != time]


def _float(cell: str, options: Mapping[str, Any]) -> float:
    cell = cell.strip()
    missing = ("", "NA", "N/A", "NaN", "nan", "null", "None")
    return float("nan") if cell in missing else float(cell.replace(options.get("decimal", "."), "."))


def brainvision(path: Path, options: Mapping[str, Any]) -> Decoded:
    """Numbers of the data file as the header's common infos lay them out."""
    header = path.read_bytes().decode("latin-1")

    def said(key: str) -> str:
        return str(re.findall(rf"(?im)^\s*{key}\s*=(.*)$", header)[0]).strip()

    kind = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}[said("BinaryFormat").upper()]
    count = int(said("NumberOfChannels"))
    data = path.parent / said("DataFile").replace("$b", path.stem)
    raw = np.frombuffer((data if data.exists() else path.with_suffix(".eeg")).read_bytes(), kind)
    if said("DataOrientation").upper() == "VECTORIZED":
        return list(raw.reshape(count, -1))
    return list(raw.reshape(-1, count).T)


def matlab(path: Path, options: Mapping[str, Any]) -> Decoded:
    """A matrix of a MATLAB file of level 4 or 5, by scipy."""
    import scipy.io

    return _rows([scipy.io.loadmat(path)[signal["path"]] for signal in options["signals"]], options)


def hdf5(path: Path, options: Mapping[str, Any]) -> Decoded:
    """A dataset by h5py; MATLAB's own (level 7.3) are turned as MATLAB shows them."""
    import h5py

    with h5py.File(path, "r") as file:
        found = [np.asarray(file[signal["path"]]) for signal in options["signals"]]
        turned = [
            array.T if "MATLAB_class" in file[signal["path"]].attrs else array
            for array, signal in zip(found, options["signals"], strict=True)
        ]
    return _rows(turned, options)


def _rows(arrays: list[NDArray[Any]], options: Mapping[str, Any]) -> Decoded:
    """Channels of matrices whose axes the options name."""
    made: Decoded = []
    for array, signal in zip(arrays, options["signals"], strict=True):
        axes = signal.get("axes", ["time"])
        flat = array.reshape(-1, 1) if len(axes) == 1 else array
        made += list(flat.T if axes[0] == "time" else flat)
    return made

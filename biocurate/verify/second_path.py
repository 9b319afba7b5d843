"""Raw files decoded a second time, by code that shares nothing with the readers.

EDF and BDF: the bytes by numpy, from the standard's header layout. WFDB: `wfdb.rdrecord`. CSV: Python's `csv` module
and `float`. BrainVision: `verify.brainvision`. MATLAB, HDF5 and pickles: `verify.arrays`. Only the recipe's options are
shared, as they are what both paths are told.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.source import Source
from biocurate.verify.arrays import hdf5_signals, mat_signals, pickle_signals
from biocurate.verify.brainvision import brainvision_signals

Signals = dict[str, list[NDArray[Any]]]
"""Samples of every signal, by the label that the file gives it."""


def edf_signals(source: Source, _options: object) -> Signals:
    """Decode an EDF or BDF file by the byte positions of the standard (EDF 1992, table 1; EDF+ 2003)."""
    with source.open() as stream:
        head = stream.read(256)
        count, n_header = int(head[252:256]), int(head[184:192])
        names = stream.read(n_header - 256)
    labels = [names[16 * i : 16 * (i + 1)].decode("latin-1").strip() for i in range(count)]
    lengths = [int(names[216 * count + 8 * i : 216 * count + 8 * (i + 1)]) for i in range(count)]
    width = 3 if head[0] == 0xFF else 2
    data = _after(source, n_header)
    n_records = len(data) // max(1, width * sum(lengths))
    records = data[: n_records * width * sum(lengths)].reshape(n_records, -1)
    found: Signals = defaultdict(list)
    at = 0
    for label, length in zip(labels, lengths, strict=True):
        bytes_ = records[:, at : at + width * length].reshape(-1, width)
        at += width * length
        if label not in ("EDF Annotations", "BDF Annotations"):
            found[label].append(_little_endian(bytes_))
    return found


def _after(source: Source, n_header: int) -> NDArray[np.uint8]:
    """All bytes after the header: mapped from disk, or unpacked from an archive."""
    if source.size <= n_header:
        return np.empty(0, np.uint8)
    if source.member is None:
        return np.memmap(source.local(), dtype=np.uint8, mode="r", offset=n_header)
    with source.open() as stream:
        return np.frombuffer(stream.read(), np.uint8, offset=n_header)


def _little_endian(bytes_: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Two's complement integers of two or three bytes, lowest first."""
    value = sum(bytes_[:, place].astype(np.int32) << (8 * place) for place in range(bytes_.shape[1]))
    sign = 1 << (8 * bytes_.shape[1] - 1)
    return np.asarray((value ^ sign) - sign, dtype=np.int32)


def wfdb_signals(source: Source, options: Any) -> Signals:  # noqa: ANN401 - each reader has its own
    """Decode a WFDB record by the wfdb package, segment by segment, no sample shifted for skew."""
    import wfdb

    stem = source.local().with_suffix("")
    names = getattr(wfdb.rdheader(str(stem)), "seg_name", None)
    segments = [stem] if names is None else [stem.with_name(name) for name in names if name != "~"]
    if names is not None and options.missing_segments == "gap":
        segments = [segment for segment in segments if _has_its_files(segment)]
    found: Signals = defaultdict(list)
    for segment in segments:
        for label, samples in _wfdb_segment(segment):
            found[label].append(samples)
    return found if names is None else {label: [np.concatenate(arrays)] for label, arrays in found.items()}


def _has_its_files(segment: Path) -> bool:
    """Whether a segment's header and every signal file that it names are there."""
    import wfdb

    if not segment.with_name(f"{segment.name}.hea").is_file():
        return False
    files = wfdb.rdheader(str(segment)).file_name or []
    return all(file == "~" or segment.with_name(file).is_file() for file in files)


def _wfdb_segment(stem: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    import wfdb

    header = wfdb.rdheader(str(stem))
    if not header.sig_len or not header.n_sig:
        return  # the layout header of a variable-layout record holds no samples
    # wfdb 4.3 fails on format 61 unless it may average the samples of a frame, of which it has one.
    smooth = "61" in header.fmt
    record = wfdb.rdrecord(str(stem), physical=False, smooth_frames=smooth, ignore_skew=True, return_res=32)
    rows = record.d_signal.T if smooth else record.e_d_signal
    yield from zip(record.sig_name, map(np.asarray, rows), strict=True)


def csv_signals(source: Source, options: Any) -> Signals:  # noqa: ANN401
    """Decode a CSV file by Python's own csv module and `float`; what a row is, by its own reading of the options."""
    rows = _csv_rows(source, options)
    n_head = 2 if options.layout == "e4" else options.header_rows
    head, body = rows[:n_head], rows[n_head:]
    names = _csv_names(head, len(body[0]), PurePosixPath(source.name).stem, options)
    found: Signals = defaultdict(list)
    for place in _csv_places(names, options):
        label = names[place] or f"column {place}"
        found[label].append(np.array([_number(row[place], options) for row in body]))
    return found


def trial_signals(source: Source, options: Any) -> Signals:  # noqa: ANN401
    """Decode one column of a table of trials by Python's own csv module and `float`."""
    assert source.record is not None
    with source.open() as stream:
        rows = list(csv.reader(stream.read().decode("utf-8").splitlines(), delimiter=options.separator))
    place = [cell.strip() for cell in rows[0]].index(source.record.name)
    cells = [row[place].strip() for row in rows[1:]]
    values = [float("nan") if not cell or cell in options.missing else float(cell) for cell in cells]
    while values and values[-1] != values[-1]:
        values.pop()
    return {options.label: [np.array(values)]}


def _csv_rows(source: Source, options: Any) -> list[list[str]]:  # noqa: ANN401
    """Cells of each line that is no comment; blank lines at the end are no rows, others are missing samples."""
    with source.open() as stream:
        raw = stream.read().removeprefix(b"\xef\xbb\xbf")
    lines = map(_text, raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n"))
    kept = [line for line in lines if not (options.comment and line.startswith(options.comment))]
    return [row or [""] for row in csv.reader(kept, delimiter=options.separator, skipinitialspace=True)]


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _csv_names(head: Sequence[Sequence[str]], width: int, stem: str, options: Any) -> list[str | None]:  # noqa: ANN401
    """Name of each column in order: from the header, the recipe, or the file; None where there is none."""
    if options.layout == "table" and head:
        return [cell.strip() or None for cell in head[options.names_row - 1]]
    if options.columns:
        return list(options.columns)
    if width == 1:
        return [stem]
    axes = "xyz" if options.layout == "e4" and width == 3 else range(1, width + 1)
    return [f"{stem} {axis}" for axis in axes]


def _csv_places(names: Sequence[str | None], options: Any) -> list[int]:  # noqa: ANN401
    """Which columns are samples: those that the recipe names, else all, without that of the times."""
    places = list(range(len(names)))
    if options.layout == "table" and options.columns is not None:
        wanted = set(options.columns) - {None}
        places = [place for place in places if names[place] in wanted]
    if options.time is None:
        return places
    time = options.time.column
    return [place for place in places if time not in (place, names[place])]


def _number(cell: str, options: Any) -> float:  # noqa: ANN401
    cell = cell.strip()
    if not cell or cell in options.missing:
        return float("nan")
    return float(cell.replace(options.decimal, "."))


DECODERS: dict[str, Callable[[Source, Any], Signals]] = {
    "edf": edf_signals,
    "wfdb": wfdb_signals,
    "csv": csv_signals,
    "trials": trial_signals,
    "brainvision": brainvision_signals,
    "mat": mat_signals,
    "hdf5": hdf5_signals,
    "pickle": pickle_signals,
}
"""By reader. The reader `mne` has none: what it stores are MNE's own numbers, and MNE is the only path to them."""

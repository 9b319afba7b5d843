"""Compare stored samples with the raw files, read again by a second path that shares no code with the readers.

EDF and BDF: the bytes by numpy, from the standard's header layout. WFDB: `wfdb.rdrecord`. CSV: Python's `csv`
module and `float`. The integers must be equal bit for bit, floats to the last bit.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.errors import BiocurateError, RecipeError
from biocurate.formats.source import Source
from biocurate.recipes import Recipe, Unit, load_recipe
from biocurate.store.arrays import open_array
from biocurate.store.signals import part_key
from biocurate.store.store import Store

Signals = dict[str, list[NDArray[Any]]]
"""Samples of every signal, by the label that the file gives it."""


@dataclass
class Compared:
    """What a deep verification compared."""

    corpus: str
    recordings: int = 0
    channels: int = 0
    samples: int = 0
    equal: int = 0
    problems: list[str] = field(default_factory=list)


def verify_deep(
    store: Store, corpus: str, root: Path, progress: Progress | None = None, recipe: Recipe | None = None
) -> Compared:
    """Compare every sample of a corpus with its raw files.

    Parameters
    ----------
    store : Store
    corpus : str
    root : Path
        Folder of the raw corpus.
    progress : Progress, optional
    recipe : Recipe, optional
        The one it was ingested with; the recipe of that name where it is left out.

    Returns
    -------
    Compared
        ``equal == samples`` and no problems where everything agrees.
    """
    recipe = recipe or _recipe(store, corpus)
    units = {unit.recording_id: unit for unit in recipe.units(root)}
    streams = store.streams.filter(pl.col("corpus") == corpus).collect()
    ids = streams["recording_id"].unique(maintain_order=True).to_list()
    bar, compared = progress or Silent(), Compared(corpus)
    bar.start(len(ids))
    for recording_id in ids:
        compared.recordings += 1
        if recording_id not in units:
            compared.problems.append(f"{recording_id}: its files are not below {root}.")
        else:
            mine = streams.filter(pl.col("recording_id") == recording_id)
            _compare(store, recipe, mine, units[recording_id], compared)
        bar.advance(1)
    return compared


def _recipe(store: Store, corpus: str) -> Recipe:
    """The installed recipe of that name, or the text that the corpus was ingested with."""
    try:
        return load_recipe(corpus)
    except RecipeError as error:
        raise RecipeError(
            f"there is no recipe {corpus!r} to find the raw files with.",
            where=store.url,
            mend="Give the recipe file that it was ingested with: verify_deep(..., recipe=load_recipe(FILE)).",
        ) from error


def _compare(store: Store, recipe: Recipe, streams: pl.DataFrame, unit: Unit, compared: Compared) -> None:
    try:
        raw: Signals = defaultdict(list)
        for source, reader, options in unit.files:
            for label, arrays in DECODERS[reader](source, options).items():
                raw[label] += [] if _is_skipped(recipe, label) else arrays
        stored = _stored(store, streams)
    except (BiocurateError, OSError, ValueError) as error:
        compared.problems.append(f"{unit.recording_id}: {error}")
        return
    for label in sorted(raw.keys() | stored.keys()):
        found, expected = _matched(stored.get(label, []), raw.get(label, []))
        compared.channels += len(expected)
        compared.samples += sum(map(len, expected))
        for ours, theirs in zip(found, expected, strict=False):
            compared.equal += _count_equal(ours, theirs)
        differ = [
            len(ours) != len(theirs) or _count_equal(ours, theirs) != len(theirs)
            for ours, theirs in zip(found, expected, strict=False)
        ]
        if len(found) != len(expected) or any(differ):
            compared.problems.append(f"{unit.recording_id}: {label!r} differs from the raw file.")


def _is_skipped(recipe: Recipe, label: str) -> bool:
    """Tell whether the recipe leaves a channel out on purpose; the first rule that matches decides."""
    return next((rule.skip for rule in recipe.definition.channels if rule.match.fullmatch(label)), False)


def _count_equal(ours: NDArray[Any], theirs: NDArray[Any]) -> int:
    if len(ours) != len(theirs):
        return 0
    same = ours == theirs
    if np.issubdtype(theirs.dtype, np.floating):
        same |= np.isnan(ours) & np.isnan(theirs)
    return int(same.sum())


def _matched(found: list[NDArray[Any]], expected: list[NDArray[Any]]) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Pair stored with raw signals of one label.

    One raw signal may be stored as several streams, one after the other; signals that share a label are told apart by
    their content.
    """
    if len(expected) == 1 and len(found) > 1:
        return [np.concatenate(found)], expected
    return sorted(found, key=_content), sorted(expected, key=_content)


def _content(array: NDArray[Any]) -> tuple[int, int]:
    return len(array), zlib.crc32(np.ascontiguousarray(array, dtype=np.float64).tobytes())


def _stored(store: Store, streams: pl.DataFrame) -> Signals:
    found: Signals = defaultdict(list)
    for stream in streams.sort("t0_ns", "stream_no").iter_rows(named=True):
        reader = open_array(store.objects, part_key(stream["part"]), stream["part_digest"])
        block = reader.read(stream["start"], stream["start"] + stream["n_samples"])
        for channel, row in zip(stream["channels"], block, strict=True):
            found[channel["label"]].append(row)
    return found


def edf_signals(source: Source, _options: object) -> Signals:
    """Decode an EDF or BDF file by the byte positions of the standard (EDF 1992, table 1; EDF+ 2003)."""
    head = source.open().read(256)
    wide = head[0] == 0xFF
    count, n_header = int(head[252:256]), int(head[184:192])
    names = source.open().read(n_header)[256:]
    labels = [names[16 * i : 16 * (i + 1)].decode("latin-1").strip() for i in range(count)]
    lengths = [int(names[216 * count + 8 * i : 216 * count + 8 * (i + 1)]) for i in range(count)]
    width = 3 if wide else 2
    data = (
        np.memmap(source.local(), dtype=np.uint8, mode="r", offset=n_header)
        if source.size > n_header
        else np.empty(0, np.uint8)
    )
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


def _little_endian(bytes_: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Two's complement integers of two or three bytes, lowest first."""
    value = sum(bytes_[:, place].astype(np.int32) << (8 * place) for place in range(bytes_.shape[1]))
    sign = 1 << (8 * bytes_.shape[1] - 1)
    return np.asarray((value ^ sign) - sign, dtype=np.int32)


def wfdb_signals(source: Source, _options: object) -> Signals:
    """Decode a WFDB record by the wfdb package, segment by segment, no sample shifted for skew."""
    import wfdb

    stem = source.local().with_suffix("")
    header = wfdb.rdheader(str(stem))
    segments = getattr(header, "seg_name", None)
    found: Signals = defaultdict(list)
    for name in [stem.name] if segments is None else [name for name in segments if name != "~"]:
        for label, samples in _wfdb_segment(stem.with_name(name)):
            found[label].append(samples)
    return found if segments is None else {label: [np.concatenate(arrays)] for label, arrays in found.items()}


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
    """Decode a CSV file by Python's own csv module and `float`."""
    from biocurate.formats.csv import layout_of

    layout = layout_of(source, options)
    text = io.TextIOWrapper(source.open(), encoding="utf-8-sig", newline="")
    rows = list(csv.reader(text, delimiter=layout.separator))[layout.first_row :]
    return {
        label: [np.array([_number(row[place], layout.decimal) for row in rows if row])]
        for label, place in layout.columns.items()
    }


def _number(cell: str, decimal: str) -> float:
    cell = cell.strip().replace(decimal, ".")
    return float(cell) if cell else float("nan")


DECODERS: dict[str, Callable[[Source, Any], Signals]] = {"edf": edf_signals, "wfdb": wfdb_signals, "csv": csv_signals}

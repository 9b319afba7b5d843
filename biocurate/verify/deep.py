"""Compare stored samples with the raw files, read again by a second path.

The integers must be equal bit for bit, floats to the last bit.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.errors import BiocurateError, RecipeError, UsageError
from biocurate.formats.source import Source
from biocurate.recipes import Recipe, Unit, load_recipe, parse_recipe, recipe_names
from biocurate.store.arrays import open_array
from biocurate.store.signals import part_key
from biocurate.store.store import Store
from biocurate.verify.second_path import DECODERS, Signals


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
        The one it was ingested with. Where it is left out: the recipe of that name, else the text that the store keeps
        of the last run.

    Returns
    -------
    Compared
        ``equal == samples`` and no problems where everything agrees.
    """
    recipe = recipe or _recipe(store, corpus)
    # What cannot be listed is not in the store; where it is, its recording is reported as not there.
    units = {unit.recording_id: unit for unit in recipe.units(root, [])}
    streams = store.streams.filter(pl.col("corpus") == corpus).collect()
    by_recording = streams.partition_by("recording_id", as_dict=True, maintain_order=True)
    bar, compared = progress or Silent(), Compared(corpus)
    bar.start(len(by_recording))
    for (recording_id,), mine in by_recording.items():
        compared.recordings += 1
        if recording_id not in units:
            compared.problems.append(f"{recording_id}: its files are not below {root}.")
        else:
            _compare(store, recipe, mine, units[recording_id], compared)
        bar.advance(1)
    return compared


def _recipe(store: Store, corpus: str) -> Recipe:
    """The installed recipe of that name, else the text that the corpus was ingested with."""
    if corpus in recipe_names():
        return load_recipe(corpus)
    runs = store.tables.scan("runs").filter((pl.col("command") == "ingest") & (pl.col("target") == corpus))
    configs = runs.sort("started", descending=True).select("config").head(1).collect()["config"].to_list()
    if not configs:
        # A run that was killed leaves no row, though its batches are in the store.
        raise RecipeError(
            f"there is no recipe {corpus!r}, and no finished run has left its text.",
            where=store.url,
            mend="Give the recipe file that it was ingested with: --recipe FILE.",
        )
    return parse_recipe(json.loads(configs[0])["recipe"], Path(f"{corpus}.yaml"), corpus)


def _compare(store: Store, recipe: Recipe, streams: pl.DataFrame, unit: Unit, compared: Compared) -> None:
    # A hash alone would leave no one the wiser which file it is.
    called = f"{unit.recording_id} ({unit.files[0][0].virtual})" if recipe.hashes_names else unit.recording_id
    try:
        raw: Signals = defaultdict(list)
        for source, reader, options in unit.files:
            for label, arrays in _decoded(source, reader, options).items():
                raw[label] += [] if _is_skipped(recipe, unit, label) else arrays
        stored = _stored(store, streams)
    except (BiocurateError, OSError, ValueError) as error:
        compared.problems.append(f"{called}: {error}")
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
            compared.problems.append(f"{called}: {label!r} differs from the raw file.")


def _decoded(source: Source, reader: str, options: object) -> Signals:
    if reader not in DECODERS:
        raise UsageError(
            f"there is no second path to read {reader} by.",
            where=source.virtual,
            mend=f"Without --deep every stored byte is checked; the second path knows {', '.join(sorted(DECODERS))}.",
        )
    if getattr(options, "on_clock", None) == "resample":
        raise UsageError(
            "its values were interpolated onto a new grid; the file holds none of them.",
            where=source.virtual,
            mend="Read it with another `on_clock` to keep the file's own values.",
        )
    return DECODERS[reader](source, options)


def _is_skipped(recipe: Recipe, unit: Unit, label: str) -> bool:
    """Tell whether the recipe leaves a channel out on purpose; the first rule that matches decides."""
    return next((rule.skip for rule in recipe.rules(unit) if rule.match.fullmatch(label)), False)


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

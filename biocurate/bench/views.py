"""Derived streams against the usual scripts, on long recordings made of real EEG."""

from __future__ import annotations

import tempfile
from pathlib import Path

import edfio
import numpy as np
import polars as pl

from biocurate.bench.material import end_to_end
from biocurate.bench.race import OUT, Contender, race
from biocurate.store.codecs import FAST_CODEC, SIGNAL_CODEC

CHANNELS, RATE_HZ = 22, 250

RECIPE = """
name: long
title: Long recordings of real EEG
licence: as the originals
access: open
redistribute: false
citation: none
url: none
obtain: made by `biocurate bench views`
mains_hz: 50
files: {pattern: '(?P<subject>\\d+)\\.edf', name: '{subject}', reader: edf}
channels:
  - {match: 'EEG (?P<name>\\w+)', sensor: EEG}
"""


def compare(
    root: Path, records: int = 2, minutes: int = 30, repeats: int = 3, load: float | None = None, workers: int = 2
) -> pl.DataFrame:
    """Time the view `panluna` against MNE's and scipy's way to the same band, notch and rate, written as float32 HDF5.

    Ours reads from a store and writes to it; the peers read the same samples from EDF. Of each, reading and writing
    count.

    Parameters
    ----------
    root : Path
        EDF files of EEG at 500 Hz, such as eegmat.
    records : int
        Recordings of 22 channels at 250 Hz.
    minutes : int
        Length of each.
    repeats, load
        See `race`.
    workers : int
        Worker processes that are set against one; each takes whole persons, and a recording is one here.

    Returns
    -------
    DataFrame
        As of `race`, and ``real_time``: recorded seconds for each second of work; of ``cpu_s`` where one process does
        it all.
    """
    with tempfile.TemporaryDirectory() as folder:
        recipe = str(make(root, Path(folder), records, minutes))
        peer = Contender("mne + float32 HDF5 gzip-4", ("mne_view", folder, OUT))
        script = Contender("scipy + float32 HDF5 gzip-4", ("scipy_view", folder, OUT))
        ingest = (("ours", recipe, folder, OUT, SIGNAL_CODEC, "0"),)
        mine = [
            Contender(f"biocurate {codec}", ("view", OUT, codec, "0"), before=ingest)
            for codec in (SIGNAL_CODEC, FAST_CODEC)
        ]
        pools = [
            Contender(f"biocurate, {count} workers", ("view", OUT, SIGNAL_CODEC, str(count)), False, ingest)
            for count in (1, workers)
        ]
        table = race([peer, script, *mine, *pools], peer.name, repeats, load)
    seconds = records * minutes * 60
    spent = pl.when(pl.col("contender").str.ends_with("workers")).then("work_s").otherwise("cpu_s")
    return table.with_columns(real_time=seconds / spent)


def make(root: Path, out: Path, records: int, minutes: int) -> Path:
    """Write long EDF files of real samples, every second one of them; returns a recipe that takes them.

    Parameters
    ----------
    root : Path
        EDF files at 500 Hz, all with the same channels.
    out : Path
        Empty folder.
    records : int
        Each begins elsewhere in the material.
    minutes : int
    """
    samples = end_to_end(root)[0][:, ::2]
    length = minutes * 60 * RATE_HZ
    for number in range(records):
        signals = [
            edfio.EdfSignal(
                np.take(samples[row % len(samples)], np.arange(length) + (number + row) * 997, mode="wrap") * 0.09,
                RATE_HZ,
                label=f"EEG C{row}",
                physical_dimension="uV",
                physical_range=(-3276.8, 3276.7),
                digital_range=(-32768, 32767),
            )
            for row in range(CHANNELS)
        ]
        edfio.Edf(signals).write(out / f"{number}.edf")
    recipe = out / "recipe.yaml"
    recipe.write_text(RECIPE)
    return recipe

"""Ingest against the usual scripts and against its own limit: which contenders meet over which corpus."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from biocurate.bench import copies
from biocurate.bench.race import OUT, Contender, race
from biocurate.store.codecs import FAST_CODEC, SIGNAL_CODEC


def edf(root: Path, n_copies: int = 8, repeats: int = 3, load: float | None = None) -> pl.DataFrame:
    """Time eegmat against MNE with preload into float32 HDF5 gzip-4, and against hashing and compressing alone.

    Parameters
    ----------
    root : Path
        The real eegmat.
    n_copies : int
        How often each recording comes, under other subject numbers; 1 measures the corpus as it is.
    repeats, load
        See `race`.
    """
    with tempfile.TemporaryDirectory() as folder:
        recipe, corpus = "eegmat", str(root)
        if n_copies > 1:
            recipe, corpus = str(copies.eegmat(root, Path(folder), n_copies)), folder
        peer = Contender("mne + float32 HDF5 gzip-4", ("mne_hdf5", corpus, OUT))
        contenders = [
            peer,
            Contender("mne, not pinned", peer.turn, pinned=False),
            *_mine(recipe, corpus),
            *(
                Contender(f"only hash {what} and {codec}", ("limit", recipe, corpus, OUT, codec, hashes))
                for codec in (SIGNAL_CODEC, FAST_CODEC)
                for hashes, what in (("files", "files"), ("store", "all that a store hashes"))
            ),
        ]
        return race(contenders, peer.name, repeats, load)


def wfdb(root: Path, n_records: int = 500, repeats: int = 3, load: float | None = None) -> pl.DataFrame:
    """Time ten-second 12-lead records against a loop of `wfdb.rdrecord` into float32 HDF5 gzip-4.

    Parameters
    ----------
    root : Path
        The real ludb; its records are copied under other numbers.
    n_records : int
    repeats, load
        See `race`.
    """
    with tempfile.TemporaryDirectory() as folder:
        recipe = str(copies.records(root, Path(folder), n_records))
        peer = Contender("wfdb.rdrecord + float32 HDF5 gzip-4", ("wfdb_hdf5", folder, OUT))
        return race([peer, *_mine(recipe, folder)], peer.name, repeats, load)


def csv(root: Path, repeats: int = 3, load: float | None = None) -> pl.DataFrame:
    """Time stress-predict's Empatica E4 exports against `pandas.read_csv` into float32 HDF5 gzip-4.

    Ours joins the labels, beats and marks of the corpus, too; the peer reads signals only. The last contenders parse
    nothing: they unpack and hash the files, and encode samples that are there already.
    """
    peer = Contender("pandas + float32 HDF5 gzip-4", ("pandas_hdf5", str(root), OUT))
    limits = [
        Contender(f"only unpack, hash and {codec}", ("limit", "stress-predict", str(root), OUT, codec, "unpacked"))
        for codec in (SIGNAL_CODEC, FAST_CODEC)
    ]
    return race([peer, *_mine("stress-predict", str(root)), *limits], peer.name, repeats, load)


def again(root: Path, n_copies: int = 8, repeats: int = 3, load: float | None = None) -> pl.DataFrame:
    """Time a first run over eegmat, a rerun over the finished corpus, and one and two workers.

    ``faster`` is against the first run; a rerun that costs 2 % of it is 50 times as fast.
    """
    with tempfile.TemporaryDirectory() as folder:
        recipe = str(copies.eegmat(root, Path(folder), n_copies))
        first = ours("first run", recipe, folder)
        rerun = Contender("rerun over the finished corpus", first.turn, before=(first.turn,))
        one, two = (ours(f"{count} workers", recipe, folder, workers=count) for count in (1, 2))
        return race([first, rerun, one, two], first.name, repeats, load)


def _mine(recipe: str, root: str) -> list[Contender]:
    """Both codecs in one pinned process, and two workers."""
    pinned = [ours(f"biocurate {codec}", recipe, root, codec) for codec in (SIGNAL_CODEC, FAST_CODEC)]
    return [*pinned, ours(f"biocurate {SIGNAL_CODEC}, two workers", recipe, root, workers=2)]


def ours(name: str, recipe: str, root: str, codec: str = SIGNAL_CODEC, workers: int = 0) -> Contender:
    """Our ingest: in one pinned process, or with workers."""
    return Contender(name, ("ours", recipe, root, OUT, codec, str(workers)), pinned=not workers)

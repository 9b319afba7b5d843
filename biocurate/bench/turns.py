"""What one contender does with its process: `python -m biocurate.bench.turns NAME [ARGUMENT ...]`.

Imports come before the clock starts, on every side. Peers are written as their users write them: a loop over files,
each read whole and put as float32 into one HDF5 file under gzip-4.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.bench.clock import timed
from biocurate.formats.source import Source


def ours(recipe: str, root: str, out: str, codec: str, workers: str) -> None:
    """Ingest a corpus, from the first file to the last commit; a store that is there already is gone on with."""
    from biocurate.bench.warm import warm
    from biocurate.engine import engine
    from biocurate.ingest import ingest, make_plan
    from biocurate.recipes import load_recipe
    from biocurate.store.store import create_store, open_store

    read = load_recipe(recipe)
    warm((codec, *read.readers))
    store = open_store(out) if Path(out).exists() else create_store(out)
    with engine(int(workers)) as pool:
        list(pool.map(warm, [(codec, *read.readers)] * 4 * int(workers)))
        with timed():
            outcome = ingest(make_plan(read, Path(root), store, pool), pool, store, codec=codec)
    if outcome.failures:
        raise SystemExit(f"{len(outcome.failures)} recordings failed, {outcome.failures[0]['message']}")


def limit(recipe: str, root: str, out: str, codec: str, hashes: str) -> None:
    """Hash and compress, and nothing else: what no ingest with this codec can do without.

    Files and chunks are in memory before the clock starts, in the very pieces that a part holds. With ``files`` for
    `hashes`, each file is hashed once; with ``store``, also each channel and each encoded chunk, as a store's digests
    and receipts are; with ``unpacked``, files are read, out of their archives where they lie in some, with the clock.
    """
    from biocurate.recipes import load_recipe
    from biocurate.store.codecs import codec as load_codec

    read = load_recipe(recipe)
    units = read.units(Path(root))
    sources = [source for unit in units for source in read.unit_sources(unit)]
    files = map(_bytes, sources) if hashes == "unpacked" else list(map(_bytes, sources))
    chunks = [
        ((len(stream.channels), chunk.dtype.name), chunk)
        for unit in units
        for stream in read.read(unit).streams
        for chunk in chunks_of(stream.digital)
    ]
    encoders = {kind: load_codec(codec, kind[1]).encoder() for kind, _ in chunks}
    with timed():
        for data in files:
            hashlib.sha256(data).digest()
        total = 0
        for kind, chunk in chunks:
            encoded = encoders[kind](chunk)
            total += len(encoded)
            for data in (*chunk, encoded) if hashes == "store" else ():
                hashlib.sha256(data).digest()
    Path(out).write_bytes(bytes(total))


def _bytes(source: Source) -> bytes:
    with source.open() as file:
        return file.read()


def chunks_of(samples: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Part a stream's integers as the store does.

    Parameters
    ----------
    samples : array, shape (channels, samples)
    """
    from biocurate.store.signals import signal_layout, stored_dtype

    dtype = stored_dtype(samples.dtype)
    length = signal_layout(len(samples), dtype.itemsize).chunk
    for start in range(0, samples.shape[1], length):
        yield np.ascontiguousarray(samples[:, start : start + length], dtype=dtype)


def mne_hdf5(root: str, out: str) -> None:
    """EDF files by MNE with preload."""
    import mne

    mne.io.read_raw_edf  # noqa: B018 - MNE imports its parts when they are first named
    with timed():
        _hdf5(out, _mne(Path(root)))


def _mne(root: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    import mne

    for path in sorted(root.rglob("*.edf")):
        yield path.stem, mne.io.read_raw_edf(path, preload=True, verbose="error").get_data()


def wfdb_hdf5(root: str, out: str) -> None:
    """WFDB records by `wfdb.rdrecord`."""
    import wfdb

    with timed():
        records = ((path.stem, path.with_suffix("")) for path in sorted(Path(root).rglob("*.hea")))
        _hdf5(out, ((name, wfdb.rdrecord(str(path)).p_signal.T) for name, path in records))


E4_SIGNALS = ("ACC", "BVP", "EDA", "HR", "TEMP")


def pandas_hdf5(root: str, out: str) -> None:
    """Empatica E4 exports, in folders or zip archives, by `pandas.read_csv`: start and rate in the first two rows."""
    import pandas

    pandas.read_csv(io.StringIO("0\n"))
    with timed():
        _hdf5(out, ((name, pandas.read_csv(file, header=None, skiprows=2).to_numpy().T) for name, file in _e4(root)))


def _e4(root: str) -> Iterator[tuple[str, Any]]:
    for path in sorted(Path(root, "Raw_data").iterdir()):
        if path.is_dir():
            yield from ((f"{path.name}/{signal}", path / f"{signal}.csv") for signal in E4_SIGNALS)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for signal in E4_SIGNALS:
                    yield f"{path.stem}/{signal}", archive.open(f"{signal}.csv")


def _hdf5(out: str, arrays: Iterator[tuple[str, NDArray[Any]]]) -> None:
    import h5py

    with h5py.File(out, "w") as file:
        for name, array in arrays:
            file.create_dataset(name, data=array.astype("float32"), compression="gzip", compression_opts=4)


def view(store: str, codec: str, workers: str) -> None:
    """Derive the view `panluna` of all that a store holds."""
    from biocurate.bench.warm import warm
    from biocurate.curate.views.preprocess import preprocess
    from biocurate.curate.views.schema import find_view
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    chosen, opened = find_view("panluna"), open_store(store)
    with engine(int(workers)) as pool:
        list(pool.map(warm, [(codec,)] * 4 * int(workers)))
        with timed():
            outcome = preprocess(opened, chosen, pool=pool, codec=codec)
    if outcome.status != {"ok": outcome.derived}:
        raise SystemExit(f"streams ended as {outcome.status}")


def mne_view(root: str, out: str) -> None:
    """The same band, notch and rate by MNE, as its users write it."""
    import mne

    mne.io.read_raw_edf, mne.filter  # noqa: B018 - MNE imports its parts when they are first named
    with timed():
        _hdf5(out, _mne_filtered(Path(root)))


def _mne_filtered(root: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    import mne

    for path in sorted(root.rglob("*.edf")):
        raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
        raw.filter(0.1, 75, verbose="error")
        raw.notch_filter(50, verbose="error")
        yield path.stem, raw.resample(256, verbose="error").get_data()


def scipy_view(root: str, out: str) -> None:
    """The same band, notch and rate by a script over whole recordings."""
    import edfio  # noqa: F401
    from scipy import signal  # noqa: F401

    with timed():
        _hdf5(out, _scipy_filtered(Path(root)))


def _scipy_filtered(root: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    import edfio
    from scipy import signal

    for path in sorted(root.rglob("*.edf")):
        x = np.stack([each.data for each in edfio.read_edf(path).signals])
        x = signal.sosfiltfilt(signal.butter(4, [0.1, 75], "bandpass", fs=250, output="sos"), x, axis=1)
        x = signal.sosfiltfilt(signal.tf2sos(*signal.iirnotch(50, 30, fs=250)), x, axis=1)
        yield path.stem, signal.resample_poly(x, 128, 125, axis=1, padtype="line")


TURNS: dict[str, Callable[..., None]] = {
    turn.__name__: turn for turn in (ours, limit, mne_hdf5, wfdb_hdf5, pandas_hdf5, view, mne_view, scipy_view)
}

if __name__ == "__main__":
    TURNS[sys.argv[1]](*sys.argv[2:])

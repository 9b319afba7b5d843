"""Ingest against the usual script: MNE into float32 HDF5."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

OURS = """
import sys, time
from pathlib import Path
from biocurate.engine import InProcess
from biocurate.formats import edf
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.codecs import codec as load_codec
from biocurate.store.store import create_store
name, root, out, codec = sys.argv[1:]
store = create_store(out)
load_codec(codec, "int16")  # readers and codecs are imported when they are first named
began = time.perf_counter()
outcome = ingest(make_plan(load_recipe(name), Path(root), store), InProcess(), store, codec=codec)
assert not outcome.failures, outcome.failures
print(time.perf_counter() - began)
"""

PEER = """
import sys, time
from pathlib import Path
import h5py, mne
mne.io.read_raw_edf  # MNE imports its parts when they are first named
_, root, out, _ = sys.argv[1:]
began = time.perf_counter()
with h5py.File(out + ".h5", "w") as file:
    for path in sorted(Path(root).rglob("*.edf")):
        raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
        file.create_dataset(path.stem, data=raw.get_data().astype("float32"), compression="gzip", compression_opts=4)
print(time.perf_counter() - began)
"""


def compare(
    recipe: str, root: Path, repeats: int = 3, codecs: tuple[str, ...] = ("pcodec-5", "blosc-lz4-5")
) -> pl.DataFrame:
    """Time whole processes, pinned to one core, in turn: ours with each codec, then the peer.

    Returns
    -------
    DataFrame
        A row a contender: seconds of work (from the first file to the last byte, median of the repeats), of the whole
        process with its imports, bytes on disk, and each against the peer.
    """
    contenders = [(f"biocurate {codec}", OURS, codec) for codec in codecs] + [("mne + float32 HDF5 gzip-4", PEER, "-")]
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    processes: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    sizes: dict[str, int] = {}
    for _ in range(repeats):
        for name, code, codec in contenders:
            with tempfile.TemporaryDirectory() as folder:
                out = str(Path(folder) / "out")
                work, process = _timed(code, [recipe, str(root), out, codec])
                seconds[name].append(work)
                processes[name].append(process)
                sizes[name] = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    peer = contenders[-1][0]
    peer_s, peer_process_s = statistics.median(seconds[peer]), statistics.median(processes[peer])
    rows: list[dict[str, Any]] = [
        {
            "contender": name,
            "work_s": statistics.median(seconds[name]),
            "fastest": min(seconds[name]),
            "slowest": max(seconds[name]),
            "process_s": statistics.median(processes[name]),
            "MB": sizes[name] / 1e6,
            "times_faster": peer_s / statistics.median(seconds[name]),
            "with_imports": peer_process_s / statistics.median(processes[name]),
            "share_of_bytes": sizes[name] / sizes[peer],
        }
        for name, _, _ in contenders
    ]
    return pl.DataFrame(rows)


def _timed(code: str, arguments: list[str]) -> tuple[float, float]:
    """Run code in a fresh process on one core with one thread; returns the time that it prints, and its own."""
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
    environment = {**os.environ, **dict.fromkeys(threads, "1")}
    core = json.dumps([min(os.sched_getaffinity(0))])
    pinned = f"import os; os.sched_setaffinity(0, {core})\n{code}"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", pinned, *arguments], check=True, env=environment, capture_output=True)
    return float(done.stdout.split()[-1]), time.perf_counter() - began

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
import sys
from pathlib import Path
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
name, root, out, codec = sys.argv[1:]
store = create_store(out)
outcome = ingest(make_plan(load_recipe(name), Path(root), store), InProcess(), store, codec=codec)
assert not outcome.failures, outcome.failures
"""

PEER = """
import sys
from pathlib import Path
import h5py, mne
_, root, out, _ = sys.argv[1:]
with h5py.File(out + ".h5", "w") as file:
    for path in sorted(Path(root).rglob("*.edf")):
        raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
        file.create_dataset(path.stem, data=raw.get_data().astype("float32"), compression="gzip", compression_opts=4)
"""


def compare(
    recipe: str, root: Path, repeats: int = 3, codecs: tuple[str, ...] = ("pcodec-6", "blosc-lz4-5")
) -> pl.DataFrame:
    """Time whole processes, pinned to one core, in turn: ours with each codec, then the peer.

    Returns
    -------
    DataFrame
        A row a contender: seconds (median of the repeats), bytes on disk, and both against the peer.
    """
    contenders = [(f"biocurate {codec}", OURS, codec) for codec in codecs] + [("mne + float32 HDF5 gzip-4", PEER, "-")]
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    sizes: dict[str, int] = {}
    for _ in range(repeats):
        for name, code, codec in contenders:
            with tempfile.TemporaryDirectory() as folder:
                out = str(Path(folder) / "out")
                seconds[name].append(_timed(code, [recipe, str(root), out, codec]))
                sizes[name] = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    peer = contenders[-1][0]
    peer_s = statistics.median(seconds[peer])
    rows: list[dict[str, Any]] = [
        {
            "contender": name,
            "seconds": statistics.median(seconds[name]),
            "fastest": min(seconds[name]),
            "slowest": max(seconds[name]),
            "MB": sizes[name] / 1e6,
            "times_faster": peer_s / statistics.median(seconds[name]),
            "share_of_bytes": sizes[name] / sizes[peer],
        }
        for name, _, _ in contenders
    ]
    return pl.DataFrame(rows)


def _timed(code: str, arguments: list[str]) -> float:
    """Run code in a fresh process on one core with one thread; returns its wall time, start-up included."""
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
    subprocess.run([sys.executable, "-c", pinned, *arguments], check=True, env=environment)
    return time.perf_counter() - began

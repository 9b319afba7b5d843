"""Windows cut, asked and paired by the million: rows a second, and the peak of memory of a fresh process."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.recording import NS
from biocurate.store.schema import RECORDINGS, cast
from biocurate.store.store import create_store, open_store

RECORDINGS_OF_SET = 2500
QUERIES = {
    "group by person": "SELECT corpus, person, count(*) AS n FROM windows_big GROUP BY corpus, person",
    "group by sensor types": "SELECT sensor_types, count(*) AS n FROM windows_big GROUP BY sensor_types",
}


def compare(windows: int = 10_000_000) -> pl.DataFrame:
    """Cut windows of EEG and ECG, group them in SQL and pair them, each in a process of its own.

    Parameters
    ----------
    windows : int
        About so many; of 10 s, one a second.

    Returns
    -------
    DataFrame
        step, rows, seconds (by the clock), cpu_s, rows_cpu_s (rows a second of processor time) and peak_mib.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        _make(store, windows)
        steps = ["cut", *QUERIES, "pairs"]
        rows = [{"step": step, **_apart(step, store)} for step in steps]
    return pl.DataFrame(rows).with_columns(rows_cpu_s=pl.col("rows") / pl.col("cpu_s"))


def _make(url: str, windows: int) -> None:
    """Recordings without samples: cutting and pairing read none."""
    seconds = windows // RECORDINGS_OF_SET + 9
    rows = [_recording(number, seconds) for number in range(RECORDINGS_OF_SET)]
    store = create_store(url)
    store.tables.replace("recordings", cast(rows, RECORDINGS), "recording_id", [row["recording_id"] for row in rows])
    store.publish("bench")


def _recording(number: int, seconds: int) -> dict[str, Any]:
    name = f"bench/r{number:06d}"
    streams = [
        {
            "stream_id": f"{name}#{place}",
            "stream_no": place,
            "sensor_type": sensor,
            "rate_hz": 500.0,
            "n_channels": 1,
            "n_samples": seconds * 500,
            "dtype": "int16",
            "t0_ns": 0,
            "segments": [{"t0_ns": 0, "n_samples": seconds * 500}],
            "digest": f"{number}-{place}",
            "channels": [{"index": 0, "label": sensor, "name": sensor, "unit": "uV", "gain": 1.0, "offset": 0.0}],
        }
        for place, sensor in enumerate(("EEG", "ECG"))
    ]
    return {
        "recording_id": name,
        "revision": f"{number:032x}",
        "corpus": "bench",
        "person": f"bench/{number // 2}",
        "subject": str(number // 2),
        "duration_ns": seconds * NS,
        "licence": "CC0-1.0",
        "streams": streams,
    }


def _apart(step: str, store: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "biocurate.bench.cutting", step, store]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _turn(step: str, url: str) -> dict[str, Any]:
    from biocurate.curate.pairs.build import build_pairs
    from biocurate.curate.windows.build import build_windows

    store = open_store(url)
    wall, cpu = time.perf_counter(), time.process_time()
    if step == "cut":
        rows = build_windows(store, "big", length_s=10, hop_s=1).windows
    elif step == "pairs":
        rows = build_pairs(store, "big", ["EEG", "ECG"]).pairs
    else:
        store.sql(QUERIES[step])
        rows = store.tables.scan("windows/big").select(pl.len()).collect().item()
    return {
        "rows": rows,
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024),
    }


if __name__ == "__main__":
    print(json.dumps(_turn(*sys.argv[1:])))

"""Contenders in turn, each in a fresh process, over some rounds; one table."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.errors import UsageError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMEXPR_NUM_THREADS")
OUT = "{out}"
"""Stands for the place of a contender's output among its arguments."""
QUIET_S = 600.0
"""How long a quiet machine is waited for, at most, before each turn."""


@dataclass(frozen=True)
class Contender:
    """Someone who does the job."""

    name: str
    turn: tuple[str, ...]
    """Name in `biocurate.bench.turns` and its arguments."""
    pinned: bool = True
    """To one core and one thread; else as it comes."""
    before: tuple[tuple[str, ...], ...] = ()
    """Turns that are taken before, in the same place, and not measured."""


@dataclass
class _Times:
    work_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    process_s: list[float] = field(default_factory=list)
    n_bytes: int = 0


def race(contenders: Sequence[Contender], peer: str, repeats: int = 3, load: float | None = None) -> pl.DataFrame:
    """Time every contender once a round.

    Parameters
    ----------
    contenders : sequence of Contender
    peer : str
        Name of the contender whom the others are compared with.
    repeats : int
        Rounds.
    load : float, optional
        Wait until the machine's load of the last minute is below this before each turn, ten minutes at most.

    Returns
    -------
    DataFrame
        A row a contender. ``work_s`` is the median wall time from the first file to the last byte, ``fastest`` its
        least, ``cpu_s`` the least processor time (none where other processes work, too; what a busy machine adds to
        it is never negative), ``process_s`` the median with imports. ``faster`` is the peer's ``work_s`` by its own,
        ``cpu_faster`` the same of ``cpu_s``.
    """
    times = {contender.name: _Times() for contender in contenders}
    loads = []
    for _ in range(repeats):
        for contender in contenders:
            _wait(load)
            loads.append(os.getloadavg()[0])
            _take(contender, times[contender.name])
    rows = [_row(contender, times[contender.name], times[peer]) for contender in contenders]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(load=round(statistics.median(loads), 1))


def _row(contender: Contender, mine: _Times, peers: _Times) -> dict[str, Any]:
    alone = contender.turn[0] not in {"ours", "view"} or contender.turn[-1] == "0"
    work_s, cpu_s = statistics.median(mine.work_s), min(mine.cpu_s)
    return {
        "contender": contender.name,
        "work_s": work_s,
        "fastest": min(mine.work_s),
        "cpu_s": cpu_s if alone else None,
        "process_s": statistics.median(mine.process_s),
        "MB": mine.n_bytes / 1e6,
        "faster": statistics.median(peers.work_s) / work_s,
        "cpu_faster": min(peers.cpu_s) / cpu_s if alone else None,
        "bytes": mine.n_bytes / peers.n_bytes,
    }


def _take(contender: Contender, times: _Times) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        for turn in contender.before:
            _run(turn, out, contender.pinned)
        began = time.perf_counter()
        found = _run(contender.turn, out, contender.pinned)
        times.process_s.append(time.perf_counter() - began)
        times.work_s.append(found["work_s"])
        times.cpu_s.append(found["cpu_s"])
        times.n_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def _run(turn: tuple[str, ...], out: str, pinned: bool) -> dict[str, float]:
    arguments = [argument.replace(OUT, out) for argument in turn]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")} if pinned else None
    done = subprocess.run(
        [sys.executable, "-m", "biocurate.bench.turns", *arguments],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=_pin if pinned else None,
    )
    if done.returncode:
        problem = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        raise UsageError(f"the contender {turn[0]!r} failed: {problem[0]}", mend="Install the extra `bench`.")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _pin() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _wait(load: float | None) -> None:
    end = time.monotonic() + QUIET_S
    while load is not None and os.getloadavg()[0] > load and time.monotonic() < end:
        time.sleep(5)

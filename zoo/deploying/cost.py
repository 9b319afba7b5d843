"""What one inference costs: multiplications, time and memory, of torch and of each form of the file, side by side."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from zoo.deploying.draws import Inputs, draw, of_windows
from zoo.deploying.memory import peaks
from zoo.deploying.session import Session

if TYPE_CHECKING:
    from onnx import ModelProto

    from zoo.deploying.network import Deployed


@dataclass(frozen=True)
class Case:
    """One window."""

    name: str
    channels: int
    seconds: float
    published_macs: float | None = None
    """Millions, as PanLUNA's authors print them."""


CASES = (Case("12 channels, 10 s", 12, 10.0, 120.5), Case("5 channels, 30 s", 5, 30.0, 446.2))
"""The two windows that PanLUNA's authors give a cost of: 12 leads, and four channels of EEG with one of ECG."""

FLOAT = "onnx float32"
"""What the others are held against."""


def cost(deployed: Deployed, forms: Mapping[str, ModelProto], rounds: int = 9) -> pl.DataFrame:
    """Measure one window at a time, on one thread, all forms by turns.

    Parameters
    ----------
    deployed : Deployed
    forms : mapping of name to graph
        One of them is `FLOAT`.
    rounds : int
        In each, every form works once; the first, which warms up, is not counted.

    Returns
    -------
    DataFrame
        A row a window and a form: size of the file, millions of multiplications (and additions of as many), time by
        the clock and of the processor (medians, in milliseconds), how many times as fast as `FLOAT` by processor time
        (median over rounds, so that what else the machine does falls on both), and the most memory that a process of
        its own held, with its libraries, and how much of that came with the inference.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with TemporaryDirectory() as folder:
            files = {name: Path(folder) / f"{at}.onnx" for at, name in enumerate(forms)}
            for name, file in files.items():
                file.write_bytes(forms[name].SerializeToString())
            cases = CASES if of_windows(deployed.network) else (Case("one item", 1, 0.0),)
            return pl.DataFrame([row for case in cases for row in _rows(deployed, case, files, rounds)])
    finally:
        torch.set_num_threads(before)


def macs(deployed: Deployed, inputs: Inputs) -> int:
    """Multiplications of a network's matrix products and convolutions; norms and activations are not counted."""
    copy = deepcopy(deployed.network).requires_grad_(False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        copy(**inputs)
    return int(counter.get_total_flops() // 2)


def _rows(deployed: Deployed, case: Case, files: Mapping[str, Path], rounds: int) -> list[dict[str, Any]]:
    inputs = _inputs(deployed, case)
    works = {"torch float32": partial(_in_torch, deployed, inputs)}
    works |= {name: partial(Session(file).run, inputs) for name, file in files.items()}
    turns = [{name: _timed(work) for name, work in works.items()} for _ in range(rounds + 1)][1:]
    about = {
        "window": case.name,
        "macs_m": round(macs(deployed, inputs) / 1e6, 1),
        "published_macs_m": case.published_macs,
    }
    arrays = {name: each.numpy() for name, each in inputs.items()}
    return [
        {**about, **_size(name, files), **_speed(name, turns), **_memory(files.get(name), arrays)} for name in works
    ]


def _inputs(deployed: Deployed, case: Case) -> Inputs:
    if not of_windows(deployed.network):
        return draw(deployed, items=1)
    sizes: Any = deployed.network.architecture
    inputs = draw(deployed, 1, case.channels, int(case.seconds * sizes.rate_hz) // sizes.patch)
    return inputs | {"present": torch.ones_like(inputs["present"])}


def _in_torch(deployed: Deployed, inputs: Inputs) -> NDArray[np.float32]:
    with torch.inference_mode():
        found: NDArray[np.float32] = deployed.network(**inputs).numpy()
    return found


def _size(name: str, files: Mapping[str, Path]) -> dict[str, Any]:
    if name not in files:
        return {"form": name, "size_mb": None, "of_float": None}
    size, whole = files[name].stat().st_size, files[FLOAT].stat().st_size
    return {"form": name, "size_mb": round(size / 1e6, 2), "of_float": round(size / whole, 4)}


def _speed(name: str, turns: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, Any]:
    clock, cpu = (1e3 * statistics.median(turn[name][at] for turn in turns) for at in (0, 1))
    faster = statistics.median(turn[FLOAT][1] / turn[name][1] for turn in turns)
    return {"clock_ms": round(clock, 1), "cpu_ms": round(cpu, 1), "faster": round(faster, 2)}


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def _memory(file: Path | None, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Of a file; torch, which brings its training with it, is not held against it."""
    if file is None:
        return {"peak_mb": None, "inference_mb": None}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak, before = pool.apply(peaks, (file, dict(arrays)))
    return {"peak_mb": round(peak, 1), "inference_mb": round(peak - before, 1)}

"""Images a second: our batches against peers window by window, each on one core and thread, in one run."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.images import draw, kinds, representation, resize

RATE = 256.0
"""Hertz that windows are taken to have."""
SAMPLES = 2560
"""Samples of a window: ten seconds."""
SIZE = 224
SCALES = 224
"""Rows of both sides' scalograms."""

Peer = Callable[[NDArray[np.float32]], object]


def compare(samples: NDArray[Any], batch: int = 64, seconds: float = 2.0) -> pl.DataFrame:
    """Images a second of each representation, and of the usual ways to make some of them.

    Parameters
    ----------
    samples : array, shape (channels, samples)
        Laid end to end; their own rate does not matter to the work.
    batch : int
        Windows drawn together.
    seconds : float
        Processor time that each way is given, at least one batch or window.

    Returns
    -------
    DataFrame
        A row a way: images a second of processor time at the native grid, and rendered to 224 x 224 uint8; a peer's
        have one of the two. ``faster`` is ours rendered, or native where the peer does not render, by the peer's.
    """
    flat = samples.reshape(-1).astype(np.float32)
    windows = flat[: len(flat) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)
    windows = windows[np.ptp(windows, axis=1) > 0]
    windows = windows[np.arange(max(batch, len(windows))) % len(windows)]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ours = {kind: _ours(kind, torch.from_numpy(windows), batch, seconds) for kind in kinds()}
        rows: list[dict[str, Any]] = [
            {"representation": kind, "way": "ours", "native_s": native, "rendered_s": rendered}
            for kind, (native, rendered) in ours.items()
        ]
        for kind, name, renders, peer in peers():
            rate = _rate(partial(_one, peer, windows), 1, seconds)
            mine = ours[kind][renders]
            column = "rendered_s" if renders else "native_s"
            rows.append({"representation": kind, "way": name, column: rate, "faster": mine / rate})
    finally:
        torch.set_num_threads(before)
    return pl.DataFrame(rows, infer_schema_length=None).sort("representation", maintain_order=True)


def _ours(kind: str, windows: torch.Tensor, batch: int, seconds: float) -> tuple[float, float]:
    """Images a second at the native grid, and rendered."""
    chosen = representation(kind, scales=SCALES) if kind == "scalogram" else representation(kind)
    parts = [windows[start : start + batch] for start in range(0, len(windows) - batch + 1, batch)]

    def native(number: int) -> torch.Tensor:
        return draw(parts[number % len(parts)], RATE, chosen).pixels

    return _rate(native, batch, seconds), _rate(lambda n: resize(native(n), SIZE, chosen.resizing), batch, seconds)


def _one(peer: Peer, windows: NDArray[np.float32], number: int) -> object:
    return peer(windows[number % len(windows)])


def _rate(make: Callable[[int], object], images: int, seconds: float) -> float:
    """Images a second of processor time, after one call that is not counted."""
    make(0)
    began, calls = time.process_time(), 0
    while time.process_time() - began < seconds:
        make(calls)
        calls += 1
    return calls * images / (time.process_time() - began)


def peers() -> Iterator[tuple[str, str, bool, Peer]]:
    """Representation, name, whether it renders, and one window's work; those that can be imported."""
    yield "spectrogram-psd", "matplotlib specgram + savefig", True, _matplotlib
    yield "spectrogram-psd", "scipy.signal.spectrogram + bilinear", True, _scipy
    if find_spec("pywt"):
        yield "scalogram", f"pywt.cwt(method='fft'), {SCALES} scales", False, _pywt
    if find_spec("pyts"):
        image: Any = import_module("pyts.image")
        # What pyts draws of 128 points; it takes every twentieth sample where ours low-passes.
        yield "recurrence", "pyts", False, _transform(image.RecurrencePlot(), every=20)
        for kind, method in (("gramian-sum", "summation"), ("gramian-difference", "difference")):
            yield kind, "pyts", False, _transform(image.GramianAngularField(image_size=128, method=method))
        yield "markov-transition", "pyts", False, _transform(image.MarkovTransitionField(image_size=128, n_bins=8))


def _transform(peer: Any, every: int = 1) -> Peer:  # noqa: ANN401
    return lambda x: peer.transform(x[None, ::every])


def _matplotlib(x: NDArray[np.float32]) -> object:
    """A figure for each window, saved as PNG of 224 x 224 pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE / 100, SIZE / 100), dpi=100)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.specgram(x, NFFT=256, Fs=RATE, noverlap=128)
    figure.savefig(io.BytesIO(), format="png")
    return figure


def _scipy(x: NDArray[np.float32]) -> object:
    """Decibels, scaled, and resized by torch."""
    from scipy import signal

    _, _, power = signal.spectrogram(x, RATE, "hann", nperseg=256, noverlap=128)
    decibels = 10 * np.log10(power + 1e-12)
    low, high = np.percentile(decibels, (1, 99))
    scaled = torch.from_numpy(((decibels - low) / (high - low) * 255).clip(0, 255)[::-1].astype(np.float32))
    resized = torch.nn.functional.interpolate(scaled[None, None], (SIZE, SIZE), mode="bilinear")
    return resized.round().to(torch.uint8)


def _pywt(x: NDArray[np.float32]) -> object:
    """The complex Morlet wavelet of `scalogram`, on its frequencies."""
    pywt: Any = import_module("pywt")
    hertz = np.geomspace(0.2, 0.45 * RATE, SCALES)
    found, _ = pywt.cwt(x, 6 / (2 * np.pi) * RATE / hertz, f"cmor2.0-{6 / (2 * np.pi):.6f}", method="fft")
    return np.abs(found)

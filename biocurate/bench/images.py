"""Images a second: our batches against peers window by window, each on one core and thread, in one run."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.images import draw, kinds, representation, resize
from biocurate.images.drawing.windows import BLOCK

RATE = 256.0
"""Hertz that windows are taken to have."""
SAMPLES = 2560
"""Samples of a window: ten seconds."""
SIZE = 224
POINTS = 128
"""Of both sides' recurrence plots and angular fields."""
SCALES = 224
"""Rows of both sides' scalograms."""

Peer = Callable[[NDArray[np.float32]], object]
Made = Literal["numbers_s", "native_s", "rendered_s"]
"""How far a way goes: float32 numbers, uint8 at the native grid, or uint8 of 224 x 224."""


class Way(NamedTuple):
    """A peer's way to make a representation."""

    kind: str
    name: str
    made: Made
    """What of ours it is held against."""
    batched: bool
    """Whether it takes windows of shape (batch, time), or one of shape (time,)."""
    peer: Peer


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
        A row a way: images a second of processor time as float32 numbers, as uint8 at the native grid, and rendered to
        224 x 224 uint8; a peer's have what is nearest to what it makes. ``faster`` is ours by the peer's.
    """
    flat = samples.reshape(-1).astype(np.float32)
    windows = flat[: len(flat) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)
    windows = windows[np.ptp(windows, axis=1) > 0]
    windows = windows[np.arange(max(batch, len(windows))) % len(windows)]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ours = {kind: _ours(kind, torch.from_numpy(windows), batch, seconds) for kind in kinds()}
        rows: list[dict[str, Any]] = [{"representation": kind, "way": "ours", **mine} for kind, mine in ours.items()]
        for way in peers():
            given = [windows[:batch]] if way.batched else list(windows)
            rate = _rate(partial(_one, way.peer, given), batch if way.batched else 1, seconds)
            faster = ours[way.kind][way.made] / rate
            rows.append({"representation": way.kind, "way": way.name, way.made: rate, "faster": faster})
    finally:
        torch.set_num_threads(before)
    return pl.DataFrame(rows, infer_schema_length=None).sort("representation", maintain_order=True)


def _ours(kind: str, windows: torch.Tensor, batch: int, seconds: float) -> dict[str, float]:
    """Images a second, as far as each step goes."""
    chosen = representation(kind, scales=SCALES) if kind == "scalogram" else representation(kind)
    parts = [windows[start : start + batch] for start in range(0, len(windows) - batch + 1, batch)]
    few = max(BLOCK // chosen.numbers(SAMPLES, RATE), 1)  # as many at once as `draw` takes

    def numbers(number: int) -> None:
        for block in torch.split(parts[number % len(parts)], few):
            chosen.native(block, RATE)

    def native(number: int) -> torch.Tensor:
        return draw(parts[number % len(parts)], RATE, chosen).pixels

    def rendered(number: int) -> torch.Tensor:
        return resize(native(number), SIZE, chosen.resizing)

    ways: dict[Made, Callable[[int], object]] = {"numbers_s": numbers, "native_s": native, "rendered_s": rendered}
    return {made: _rate(make, batch, seconds) for made, make in ways.items()}


def _one(peer: Peer, given: list[NDArray[np.float32]], number: int) -> object:
    return peer(given[number % len(given)])


def _rate(make: Callable[[int], object], images: int, seconds: float) -> float:
    """Images a second of processor time, after one call that is not counted."""
    make(0)
    began, calls = time.process_time(), 0
    while time.process_time() - began < seconds:
        make(calls)
        calls += 1
    return calls * images / (time.process_time() - began)


def peers() -> Iterator[Way]:
    """Those that can be imported."""
    yield Way("spectrogram-psd", "matplotlib specgram + savefig", "rendered_s", False, _matplotlib)
    yield Way("spectrogram-psd", "scipy.signal.spectrogram + bilinear", "rendered_s", False, _scipy)
    if find_spec("pywt"):
        yield Way("scalogram", f"pywt.cwt(method='fft'), {SCALES} scales", "native_s", False, _pywt)
    if find_spec("ssqueezepy"):
        yield Way("scalogram", f"ssqueezepy.cwt, {SCALES} scales", "native_s", False, _ssqueezepy)
    if find_spec("pyts"):
        image: Any = import_module("pyts.image")
        # What pyts draws of 128 points; it takes every twentieth sample, or means of twenty, where ours low-passes.
        yield Way("recurrence", "pyts", "numbers_s", True, _transform(image.RecurrencePlot(), every=SAMPLES // POINTS))
        for kind, method in (("gramian-sum", "summation"), ("gramian-difference", "difference")):
            field = image.GramianAngularField(image_size=POINTS, method=method)
            yield Way(kind, "pyts", "numbers_s", True, _transform(field))
        transitions = image.MarkovTransitionField(image_size=1.0, n_bins=8)
        yield Way("markov-transition", "pyts", "numbers_s", True, _transform(transitions, every=SAMPLES // POINTS))


def _transform(peer: Any, every: int = 1) -> Peer:  # noqa: ANN401
    return lambda x: peer.transform(x[:, ::every])


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


def _ssqueezepy(x: NDArray[np.float32]) -> object:
    """Its Morlet wavelet of the same width, on the same frequencies."""
    ssqueezepy: Any = import_module("ssqueezepy")
    hertz = np.geomspace(0.2, 0.45 * RATE, SCALES)[::-1]
    found = ssqueezepy.cwt(x.astype(np.float64), ("morlet", {"mu": 6.0}), scales=6 / (2 * np.pi) * RATE / hertz)[0]
    return np.abs(found)

"""What is done to the samples of a view when they are read: normalise windows, apply a fitted scaling, clip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import UsageError

EPS = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Scaling:
    """Factor and shift of each channel, fitted on the windows that one trains on: value * factor + shift."""

    channels: tuple[str, ...]
    factor: tuple[float, ...]
    shift: tuple[float, ...]

    def to_json(self) -> str:
        """As text, to be saved with a run."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """Out of what `to_json` wrote."""
        fields = json.loads(text)
        return cls(*(tuple(fields[name]) for name in ("channels", "factor", "shift")))

    def of(self, names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Factor and shift of some channels, shape (channels,); UsageError where one was not fitted."""
        if lost := [name for name in names if name not in self.channels]:
            raise UsageError(f"the scaling has no channel {lost[0]!r}.", mend=f"It has {', '.join(self.channels)}.")
        rows = [self.channels.index(name) for name in names]
        return np.array(self.factor)[rows], np.array(self.shift)[rows]


def windowed(
    windows: NDArray[np.float32], method: str, floor: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Normalise each channel of each window by itself.

    Parameters
    ----------
    windows : array, shape (..., channels, samples), NaN where there is no sample
    method : str
        ``zscore``, ``centre`` or ``minmax``.
    floor : array, broadcast over shape (..., channels)
        A standard deviation up to this is flat.

    Returns
    -------
    array, as ``windows``
        Flat channels are centred and not divided.
    flat : array of bool, shape (..., channels)
        Channels that are flat, or have no sample.
    """
    values, known, spread, flat = _centred(windows, floor)
    if method == "minmax":
        least = np.where(known, values, np.inf).min(axis=-1, initial=np.inf)
        width = np.where(known, values, -np.inf).max(axis=-1, initial=-np.inf) - least
        values -= np.where(flat, 0.0, least)[..., None]
    else:
        width = np.ones_like(spread) if method == "centre" else spread
    return (values / np.where(flat, 1.0, width)[..., None]).astype(np.float32), flat


def is_flat(windows: NDArray[np.float32], floor: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which channels of which windows have no signal: they are constant, or have no sample.

    Parameters
    ----------
    windows : array, shape (..., channels, samples), NaN where there is no sample
    floor : array, broadcast over shape (..., channels)
        A standard deviation up to this is flat.

    Returns
    -------
    array of bool, shape (..., channels)
        The same that `windowed` does not divide.
    """
    return _centred(windows, floor)[3]


def _centred(
    windows: NDArray[np.float32], floor: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Values less each window's mean, which of them are samples, their standard deviations, and which are flat."""
    values = windows.astype(np.float64)
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    mean = np.where(known, values, 0).sum(axis=-1) / np.maximum(count, 1)
    values -= mean[..., None]
    spread = np.sqrt(np.where(known, values * values, 0).sum(axis=-1) / np.maximum(count, 1))
    # In float32, a constant beside a large offset keeps a rounding of its own.
    return values, known, spread, (count == 0) | (spread <= np.maximum(floor, EPS * np.abs(mean)))


def finished(
    values: NDArray[np.float32],
    row: Mapping[str, Any],
    floor: NDArray[np.float64],
    names: Sequence[str] = (),
    scaling: Scaling | None = None,
) -> NDArray[np.float32]:
    """Normalise and clip samples of a view as its rows say.

    Parameters
    ----------
    values : array, shape (..., channels, samples)
    row : mapping
        Of ``derived_streams``: scope, method, clip and view, which are one way for a sensor type of a view.
    floor : array, broadcast over shape (..., channels)
    names : sequence of str
        Of the channels; needed with a scaling.
    scaling : Scaling, optional

    Raises
    ------
    UsageError
        Where the view is normalised over what one trains on, and no scaling is given.
    """
    if row["scope"] == "window":
        values = windowed(values, row["method"], floor)[0]
    elif row["scope"] == "train":
        if scaling is None:
            raise UsageError(
                "it is normalised over what one trains on, and no scaling is given.",
                where=f"view {row['view']}",
                mend="Fit one on the training split by `fit_scaling`, and read windows with it.",
            )
        factor, shift = scaling.of(names)
        values = (values * factor[:, None] + shift[:, None]).astype(np.float32)
    if row["clip"] is None:
        return values
    low, high = row["clip"]
    return np.clip(values, np.float32(low), np.float32(high))

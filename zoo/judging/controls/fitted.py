"""Controls that are fitted: what time order alone, and the recording's fingerprint alone, tell of the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.sensors import SensorType
from biocurate.store.signal_reader import view_of
from zoo.features_logreg import FeaturesLogreg, LogregOptions
from zoo.features_ridge import FeaturesRidge, RidgeOptions
from zoo.judging.controls.fingerprint import fingerprint
from zoo.judging.controls.time_order import time_order

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig
    from zoo.training.folds import Fold

Floats = NDArray[np.float64]

TIME_ORDER, FINGERPRINT = "time order", "fingerprint"
NUISANCES = (TIME_ORDER, FINGERPRINT)
MOST_WINDOWS = 20_000
"""Training windows that a control is fitted on at most, spread evenly over the rows."""


def nuisances(store: Store, task: Task, config: RunConfig) -> dict[str, Floats]:
    """What each fitted control is given of every window, shape (windows, columns)."""
    named = config.sensors or _shown(store, task, config.images)
    _, traces = fingerprint(store, task.rows, [SensorType.parse(sensor) for sensor in named])
    return {TIME_ORDER: time_order(store, task.rows), FINGERPRINT: traces}


def _shown(store: Store, task: Task, images: str | None) -> list[str]:
    """Sensor types that a model is shown where none are chosen: those of its images, or of the windows."""
    if images is None:
        return task.rows["sensor_types"].explode().unique().drop_nulls().sort().to_list()
    from biocurate.images.reading.stored import image_rows

    keys = ["recording_id", "revision", "stream_no"]
    drawn = image_rows(store, images).select(keys).unique()
    streams = store.streams_of(view_of(task.rows)).join(drawn, on=keys, how="semi")
    return streams.select(pl.col("sensor_type").unique().sort()).collect()["sensor_type"].to_list()


def fitted_on(values: Floats, task: Task, fold: Fold) -> Floats:
    """Predictions of a fold's held-out windows by a regression on its training persons: logistic, of numbers ridge.

    Everything is learnt as `features-logreg` and `features-ridge` learn: medians, scale, and the penalty on training
    persons held out in turn. A class that the training windows lack is given nothing.

    Returns
    -------
    array, shape (held-out windows, classes); of numbers (held-out windows, 2), as `zoo.judging.held` has them
    """
    step = -(-len(fold.train) // MOST_WINDOWS)
    train = fold.train[::step]
    codes, n_classes = task.codes[train], len(task.classes)
    if codes.dtype.kind == "f":
        ridge = FeaturesRidge(RidgeOptions()).fit(values[train], codes, task.person[train])
        return ridge.predict(values[fold.test])
    if codes.ndim == 2:
        if not (codes.min(axis=0) < codes.max(axis=0)).any():
            return np.tile(codes[0].astype(np.float64), (len(fold.test), 1))
        model = FeaturesLogreg(LogregOptions()).fit(values[train], codes, n_classes, task.person[train])
        return model.predict(values[fold.test])
    there, place = np.unique(codes, return_inverse=True)
    out = np.zeros((len(fold.test), n_classes))
    if len(there) == 1:
        out[:, there] = 1.0
        return out
    model = FeaturesLogreg(LogregOptions()).fit(values[train], place, len(there), task.person[train])
    out[:, there] = model.predict(values[fold.test])
    return out


def told(values: Mapping[str, Floats], rows: pl.DataFrame) -> list[str]:
    """What a reader must know of these controls."""
    line = "ridge" if rows["label"].dtype == pl.Float64 else "logistic"
    notes = [
        f"Control `{TIME_ORDER}`: {line} regression on the place of a window in its recording and session.",
        f"Control `{FINGERPRINT}`: the same on {values[FINGERPRINT].shape[1]} traces of the device (gain, "
        "quantisation, noise floor, band, mains, rate); physiology is not wholly absent from them.",
    ]
    if unknown := int(np.isnan(values[TIME_ORDER]).any(axis=1).sum()):
        what = "it is not known which of their person's recordings came first"
        notes.append(f"Of {unknown:,} of {rows.height:,} windows {what}.")
    return notes

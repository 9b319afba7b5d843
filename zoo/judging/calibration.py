"""Whether a probability is one: how often what was said with a confidence is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.judging.metrics import Codes, Floats, Predictions, Values, complete, divided

BINS = 10
"""Bins of confidence, each with as many windows as the others."""


def ece(predictions: Predictions, times: Floats) -> Values:
    """Expected calibration error of the predicted class; 0 is best.

    Bins have equal mass: those of equal width are mostly empty where confidence is high, and their error depends on
    where they end. Bins of the sample are kept in the resamples.

    Source: Guo et al., On calibration of modern neural networks, ICML 2017; equal mass after Nixon et al., Measuring
    calibration in deep learning, CVPR workshops 2019.
    """
    over = _confidence(predictions) - _right(predictions)
    apart = np.zeros((predictions.n_persons, BINS))
    np.add.at(apart, (predictions.person, _bins(predictions)), over)
    windows = np.bincount(predictions.person, minlength=predictions.n_persons).astype(np.float64)
    return complete(divided(np.abs(times @ apart).sum(axis=1), times @ windows))


def reliability(predictions: Predictions) -> list[dict[str, Any]]:
    """One row a bin: its windows, their mean confidence, and the share that is right."""
    bins, confidence, right = _bins(predictions), _confidence(predictions), _right(predictions)
    there = np.unique(bins)
    return [
        {
            "windows": int((bins == at).sum()),
            "confidence": float(confidence[bins == at].mean()),
            "right": float(right[bins == at].mean()),
        }
        for at in there
    ]


def _confidence(predictions: Predictions) -> Floats:
    return np.asarray(predictions.probability.max(axis=1))


def _right(predictions: Predictions) -> Floats:
    return np.asarray(predictions.predicted == predictions.truth, dtype=np.float64)


def _bins(predictions: Predictions) -> Codes:
    """Bin of each window by its confidence; equal confidences are in one bin."""
    confidence = _confidence(predictions)
    order = np.sort(confidence)
    first = np.searchsorted(order, confidence, side="left")
    return np.asarray(first * BINS // max(len(order), 1))

"""The figures of a report, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from zoo.judging.agreement import kappa, weighted_f1
from zoo.judging.calibration import ece
from zoo.judging.label_metrics import LABEL_METRICS
from zoo.judging.metrics import Floats, Predictions, Values, auroc, balanced_accuracy, macro_f1
from zoo.judging.number_metrics import NUMBER_METRICS
from zoo.judging.precision import auprc

Metric = Callable[[Predictions, Floats], Values]

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": macro_f1,
        "weighted_f1": weighted_f1,
        "kappa": kappa,
        "auroc": auroc,
        "auprc": auprc,
        "ece": ece,
    }
)


LIFTED: frozenset[Metric] = frozenset({auprc, ece, LABEL_METRICS["auprc"]})
"""Figures whose draws lie above the sample for no other reason than that it is drawn from; all are shares.

Two copies of a person agree in everything, which average precision takes for skill; a draw without a label is left out,
so that those which are not have more of it; and errors of calibration add up whatever their signs.
"""


def metrics_of(predictions: Predictions) -> Mapping[str, Metric]:
    """Figures of one label a window, of lists of labels, or of numbers."""
    if predictions.numeric:
        return NUMBER_METRICS
    return LABEL_METRICS if predictions.truth.ndim == 2 else METRICS

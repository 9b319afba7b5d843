"""Whether a result can be had without physiology: the model against time order and the recording's fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.judging.bootstrap import FEWEST_PERSONS, drawn, estimate, tails
from zoo.judging.controls.fitted import NUISANCES
from zoo.judging.figures import Metric, metrics_of
from zoo.judging.metrics import Predictions

AUROC, SPEARMAN = ("auroc", 0.5), ("spearman", 0.0)
"""What a control is judged by, and the figure of a score that knows nothing: of classes, and of numbers."""


def explained(
    own: Sequence[Predictions], controls: Mapping[str, Sequence[Predictions]], draws: int, seed: int
) -> list[str]:
    """Say where a control tells the label, and whether the model is shown to know more than it.

    A control tells the label where the interval of its AUROC, of numbers its Spearman, lies above chance; the model
    knows more where that of the difference, over the same draws of persons, lies above 0. With too few persons for
    intervals, the points decide.
    """
    figure, chance = SPEARMAN if own[0].numeric else AUROC
    metric = metrics_of(own[0])[figure]
    return [
        text
        for name in NUISANCES
        if name in controls and own[0].n_persons == controls[name][0].n_persons
        for text in _told((figure, metric, chance), own, name, controls[name], draws, seed)
    ]


def _told(
    by: tuple[str, Metric, float],
    own: Sequence[Predictions],
    name: str,
    control: Sequence[Predictions],
    draws: int,
    seed: int,
) -> list[str]:
    figure, metric, chance = by
    alone, model = estimate(metric, control, draws, seed), estimate(metric, own, draws, seed)
    if not alone.value > chance:
        return []
    lead = model.value - alone.value
    if own[0].n_persons < FEWEST_PERSONS:
        if lead > 0:
            return []
        return [f"{name} alone does as well as the model: {figure} {alone.value:.3f} against {model.value:.3f}."]
    if alone.low is None or alone.low <= chance:
        return []
    apart = drawn(metric, own, draws, seed)[0] - drawn(metric, control, draws, seed)[0]
    low, high = np.nanpercentile(apart, tails(own[0].n_persons))
    reach = f"{name} alone tells the label, {figure} {alone.value:.3f} ({alone.low:.3f} to {alone.high:.3f})"
    if low > 0:
        return [f"{reach}; the model leads by {lead:.3f} ({low:.3f} to {high:.3f})."]
    return [
        f"{reach}, and the model is not shown to know more, lead {lead:.3f} ({low:.3f} to {high:.3f}): "
        f"{name} can explain the result."
    ]

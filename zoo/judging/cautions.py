"""What weakens the figures, told from the predictions themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from zoo.data.task import numbered
from zoo.judging.bootstrap import FEWEST_PERSONS, Estimate
from zoo.judging.controls.exchanged import one_label_each
from zoo.judging.controls.explained import AUROC, SPEARMAN
from zoo.judging.metrics import Predictions

CROSSED = 2**0.5
"""How much wider intervals have to be where persons train models for each other and nothing is there; measured in
docs/decisions/metrics.md."""


def cautions(held: pl.DataFrame, own: Predictions, classes: Sequence[str]) -> list[str]:
    """What a reader must know before believing the figures."""
    notes = []
    recordings = held["recording_id"].n_unique()
    if one_label_each(own.truth, own.person) and recordings > own.n_persons:
        notes.append(f"The label is constant within persons: n counts {own.n_persons} persons, not recordings.")
    if one_label_each(own.truth, numbered(held["recording_id"])) and held.height > recordings:
        notes.append(
            f"The label is constant within recordings: n counts {recordings} recordings of {own.n_persons} persons, "
            f"not {held.height:,} windows, and whatever tells recordings apart can pass for the label."
        )
    folds = held["fold"].n_unique()
    if own.numeric:
        notes += _of_numbers(folds)
    elif folds > 1:
        notes.append(
            f"AUROC is computed within each of {folds} folds and averaged by persons; scores are never pooled over "
            "folds. Decisions (accuracy, F1) are counted together."
        )
    if own.n_persons >= FEWEST_PERSONS:
        notes.append("Intervals are of the models at hand; that other training persons give others is not in them.")
    else:
        notes.append(f"{own.n_persons} persons are too few for an interval: see the figures of each person.")
    notes.append(
        f"`detectable` is the smallest difference from a fixed value that {own.n_persons} persons show with power 0.8, "
        "two-sided at 0.05, by their spread."
    )
    if own.truth.ndim == 2:
        notes.append(
            "Figures are means over labels, each against its absence; auprc of a score that knows nothing is the share "
            f"of windows with the label, {own.truth.mean():.3f} on average."
        )
    if absent := [name for at, name in enumerate(classes) if not own.holds(at).any()]:
        notes.append(f"No held-out window is labelled {', '.join(absent)}.")
    return notes


def crossed(metrics: Mapping[str, Estimate], folds: int) -> list[str]:
    """Say where a figure leaves chance out by less than models of several folds do where there is nothing.

    Two persons who train the models that judge each other agree on what happens to be alike in both, once for each: the
    spread is that of half as many, whatever the number of folds. An interval over draws of persons does not see it.
    """
    notes = []
    for name, chance in (AUROC, SPEARMAN):
        found = metrics.get(name)
        if folds < 2 or found is None or found.low is None or found.high is None:
            continue
        near = found.low if found.value > chance else found.high
        out = abs(found.value - chance) > abs(found.value - near)
        if out and abs(found.value - chance) <= CROSSED * abs(found.value - near):
            notes.append(
                f"{name} {found.value:.3f} leaves {chance:g} out, but not for sure: persons train the models that "
                f"judge each other, and where there is nothing such an interval is {CROSSED:.1f} times too narrow."
            )
    return notes


def lifted(metrics: Mapping[str, Estimate]) -> list[str]:
    """Say which figures few persons lift, and by how much: where it is more than a quarter of a standard error.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 10.3, for the quarter.
    """
    found = {
        name: each.lifted
        for name, each in metrics.items()
        if each.low is not None and each.high is not None and each.lifted > (each.high - each.low) / 16
    }
    if not found:
        return []
    named = ", ".join(f"{name} by {off:.3f}" for name, off in found.items())
    return [
        f"Draws of persons lie above the figure, {named}: their intervals are moved back by as much, and the figure "
        "itself may lie as much above that of many persons."
    ]


def _of_numbers(folds: int) -> list[str]:
    notes = ["R2 is against the mean of the training windows: 0 is that mean, and less than 0 is worse than it."]
    if folds > 1:
        notes.append(
            f"Spearman is computed within each of {folds} folds and averaged by persons; ranks are never pooled over "
            "folds. Errors (RMSE, MAE, R2) are counted together."
        )
    return notes

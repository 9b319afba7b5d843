"""What weakens the figures, told from the predictions themselves."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zoo.data.task import numbered
from zoo.judging.bootstrap import FEWEST_PERSONS
from zoo.judging.controls.exchanged import one_label_each
from zoo.judging.metrics import Predictions


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


def _of_numbers(folds: int) -> list[str]:
    notes = ["R2 is against the mean of the training windows: 0 is that mean, and less than 0 is worse than it."]
    if folds > 1:
        notes.append(
            f"Spearman is computed within each of {folds} folds and averaged by persons; ranks are never pooled over "
            "folds. Errors (RMSE, MAE, R2) are counted together."
        )
    return notes

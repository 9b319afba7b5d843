"""What has to be said with every result on windows of a view."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from biocurate.curate.views.normalise import TRANSDUCTIVE
from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store

SENTENCES: dict[str | None, str] = {
    None: "{sensor} is not normalised (view {view}).",
    "window": "{sensor} is normalised over each window (view {view}).",
    "causal": "{sensor} is normalised over what came before: causal (view {view}).",
    "calibration": "{sensor} is normalised over the beginning of its recording: calibration (view {view}).",
    "train": "{sensor} is normalised over the training windows alone, fold by fold: train (view {view}).",
    **dict.fromkeys(
        TRANSDUCTIVE, "TRANSDUCTIVE: {sensor} is normalised over the whole {scope}, test persons' too (view {view})."
    ),
}
"""By scope of the normalisation."""


def scopes(store: Store, windows: pl.DataFrame, sensors: Sequence[str] = ()) -> dict[str, str | None]:
    """Over what each sensor type of some windows is normalised; None where nothing is, empty where there is no view.

    Parameters
    ----------
    store : Store
    windows : DataFrame
        Rows of a window set or manifest.
    sensors : sequence of str, optional
        Only these sensor types; all of the view where left out.
    """
    view = view_of(windows)
    if view is None:
        return {}
    rows = store.streams_of(view).filter(pl.col("chain").is_not_null()).select("sensor_type", "chain")
    found = {sensor: _scope(json.loads(chain)["chain"]) for sensor, chain in rows.unique().collect().iter_rows()}
    return {sensor: found[sensor] for sensor in sorted(found) if not sensors or sensor in sensors}


def normalisation(store: Store, windows: pl.DataFrame, sensors: Sequence[str] = ()) -> list[str]:
    """A sentence for each sensor type: over what it is normalised, loudly where by samples of whom one judges on.

    Parameters are those of `scopes`.
    """
    found = scopes(store, windows, sensors)
    return [
        SENTENCES[scope].format(sensor=sensor, scope=scope, view=view_of(windows)) for sensor, scope in found.items()
    ]


def _scope(chain: list[dict[str, str]]) -> str | None:
    """Of the last step that normalises."""
    return next((step["scope"] for step in reversed(chain) if step["step"] == "normalise"), None)

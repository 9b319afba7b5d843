"""What held-out windows share with others of the same recording: of splits by time a person's own neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zoo.biox_bridge.roles import Roles, Rows

if TYPE_CHECKING:
    from zoo.data.task import Task

NEIGHBOUR = 0.9
"""Share of samples from which on a window is nearly another."""


def shared(rows: pl.DataFrame, some: Rows, others: Rows) -> NDArray[np.float64]:
    """Share of each window's time that the nearest of other windows covers too; 0 where none does.

    Parameters
    ----------
    rows : DataFrame with ``recording_id``, ``t0_ns`` and ``duration_ns``
        Windows of one length.
    some, others : array of int

    Returns
    -------
    array, shape (some,), from 0 to 1
    """
    spans = rows.select("recording_id", "duration_ns", t0_ns=pl.col("t0_ns").cast(pl.Int64)).with_row_index("at")
    mine = spans[some].sort("t0_ns")
    near = spans[others].sort("t0_ns").select("recording_id", "t0_ns", near_ns="t0_ns")
    met = mine.join_asof(near, on="t0_ns", by="recording_id", strategy="nearest", check_sortedness=False)
    apart = (pl.col("near_ns") - pl.col("t0_ns")).abs() / pl.col("duration_ns")
    found = met.with_columns(share=(1 - apart).clip(0, 1).fill_null(0.0))
    order = pl.DataFrame({"at": some}, schema={"at": pl.UInt32})
    return order.join(found, on="at", how="left", maintain_order="left")["share"].to_numpy()


def told(task: Task, parted: Sequence[Roles]) -> list[str]:
    """What a reader must know where roles are by window; nothing where they are by person."""
    if not any(each.by_window for each in parted):
        return []
    test = np.concatenate([each.test for each in parted])
    parts = {}
    for name in ("pair", "train"):
        parts[name] = np.concatenate([shared(task.rows, each.test, getattr(each, name)) for each in parted])
    persons = len(np.unique(task.person[test]))
    shares = "; ".join(
        f"{np.mean(share > 0):.1%} share samples with a window of {name}, {np.mean(share >= NEIGHBOUR - 1e-9):.1%} "
        f"share {NEIGHBOUR:.0%} of them"
        for name, share in parts.items()
    )
    return [
        f"LEAKING by design, splits of one person: all roles have windows of the same {persons} persons, so that "
        f"figures say nothing of new persons. Of windows held out, {shares}."
    ]

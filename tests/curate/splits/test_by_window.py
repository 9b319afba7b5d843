"""Windows placed one by one, as some papers did."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.splits.by_window import window_by_window
from biocurate.curate.splits.rule import WindowSplit
from biocurate.errors import ManifestError


def cut(n, seed=0):
    """Windows of 3 s every 0.3 s, of two recordings."""
    ids = [f"a/{number % 2}" for number in range(n)]
    t0 = [number // 2 * 300_000_000 for number in range(n)]
    return pl.DataFrame({"recording_id": ids, "t0_ns": t0, "duration_ns": 3 * 10**9}), WindowSplit(
        method="random-windows", seed=seed, fractions={"train": 0.7, "val": 0.1, "test": 0.2}
    )


def test_shares_are_near_the_fractions():
    """20,000 draws: within 5 deviations of each share."""
    split = window_by_window(*cut(20_000)).value_counts()
    found = dict(split.iter_rows())
    assert found["train"] == pytest.approx(14_000, abs=325)
    assert found["val"] == pytest.approx(2_000, abs=212)


def test_a_window_stays_when_others_join_or_come_in_another_order():
    rows, rule = cut(200)
    whole = rows.with_columns(split=window_by_window(rows, rule))
    some = rows.sample(fraction=0.8, shuffle=True, seed=1)
    again = some.with_columns(split=window_by_window(some, rule))
    assert again.join(whole, on=["recording_id", "t0_ns", "split"], how="anti").is_empty()
    assert not window_by_window(rows, cut(200, seed=1)[1]).equals(whole["split"])


def test_an_empty_split_is_refused():
    with pytest.raises(ManifestError, match="falls into"):
        window_by_window(*cut(2))

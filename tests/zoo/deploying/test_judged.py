"""Whether a smaller network answers as well, person by person."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.errors import ModelError
from zoo.deploying.judged import BOUND, verdict

WINDOWS = 20


def held(right, seed=0):
    """Predictions of persons, of each of whom a share is right; half of each one's windows are of each class."""
    rng = np.random.default_rng(seed)
    rows = []
    for person, share in enumerate(right):
        for at in range(WINDOWS):
            label = "ab"[at % 2]
            hit = rng.permutation(WINDOWS // 2)[0] >= 0 and (at // 2) < round(share * WINDOWS / 2)
            said = label if hit else "ba"[at % 2]
            rows.append((person * WINDOWS + at, f"r{person}", f"p{person:02d}", label, "f", said))
    columns = ["window_id", "recording_id", "person", "label", "fold", "predicted"]
    table = pl.DataFrame(rows, schema=columns, orient="row")
    of_b = (table["predicted"] == "b").cast(pl.Float64)
    return table.with_columns(p_a=1 - of_b, p_b=of_b)


def test_equal_predictions_are_not_inferior():
    plain = held([0.8] * 12)
    found = verdict("same", plain, plain.reverse(), "balanced_accuracy")
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert found.agreement == 1
    assert found.retained == pytest.approx(1)
    assert found.verdict == "not inferior"


def test_what_is_retained_is_counted_from_chance():
    """0.8 to 0.7 keeps two thirds of what lies beyond 0.5."""
    found = verdict("worse", held([0.8] * 12), held([0.7] * 12), "balanced_accuracy")
    assert found.difference == pytest.approx(-0.1)
    assert found.retained == pytest.approx(2 / 3)
    assert found.verdict.startswith("not shown")
    assert found.agreement == pytest.approx(0.9)


def test_a_small_mean_loss_that_differs_between_persons_is_not_shown():
    """The interval decides, not the mean: half lose a tenth, half win it."""
    plain = held([0.8] * 12)
    found = verdict("mixed", plain, held([0.7, 0.9] * 6), "balanced_accuracy")
    assert found.difference == pytest.approx(0)
    assert found.low < BOUND < found.high
    assert found.verdict.startswith("not shown")


def test_void_where_float_is_not_above_chance():
    plain = held([0.3, 0.7] * 6)
    found = verdict("same", plain, plain, "balanced_accuracy")
    assert found.verdict == "void: float is not above chance"
    assert found.retained is None


def test_few_persons_have_no_interval():
    plain = held([0.9] * 9)
    found = verdict("same", plain, plain, "balanced_accuracy")
    assert found.low is None
    assert found.verdict.startswith("fewer than 10")


def test_other_windows_are_refused():
    plain = held([0.8] * 12)
    with pytest.raises(ModelError, match="other windows"):
        verdict("part", plain, plain.head(100), "balanced_accuracy")


def test_the_chance_of_accuracy_is_the_commonest_class():
    plain = held([0.8] * 12).filter((pl.col("label") == "a") | (pl.col("window_id") % 4 == 1))
    found = verdict("same", plain, plain, "accuracy")
    share = float((plain["label"] == "a").mean())
    assert share > 0.6
    assert found.verdict == ("not inferior" if found.float_value > share + 0.01 else found.verdict)

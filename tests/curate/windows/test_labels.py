"""Labels of windows, held to a count of every nanosecond."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.windows.labels import join_intervals, majority

COLUMNS = {"recording": pl.Int64, "onset_ns": pl.Int64, "duration_ns": pl.Int64, "value": pl.String}


def frame(rows):
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def brute(rows, recording, start, length, share):
    """Mark every nanosecond of a window with the values that lie on it."""
    values = sorted({value for number, _, _, value in rows if number == recording and value is not None})
    claims = []
    for value in values:
        covered = np.zeros(length, dtype=bool)
        for number, onset, duration, other in rows:
            if number == recording and other == value:
                covered[max(0, onset - start) : max(0, onset + duration - start)] = True
        if covered.sum() > share * length or covered.all():
            claims.append(value)
    return claims


spans = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(-30, 60), st.integers(0, 40), st.sampled_from(["rest", "task", "noise", None])
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(
    rows=spans,
    length=st.integers(1, 12),
    hop=st.integers(1, 15),
    share=st.sampled_from([0.5, 0.75, 1.0]),
    kept=st.sets(st.integers(0, 9), min_size=1),
)
def test_a_label_covers_more_than_its_share_counted_nanosecond_by_nanosecond(rows, length, hop, share, kept):
    k = np.array(sorted(kept) * 2)
    recording = np.repeat([0, 1], len(kept))
    made = majority(frame(rows), recording, k, length, hop, share)
    expected = [brute(rows, r, window * hop, length, share) for r, window in zip(recording, k, strict=True)]
    labels = [made.values[code] if code >= 0 else None for code in made.code]
    assert labels == [claims[0] if len(claims) == 1 else None for claims in expected]
    assert made.contradicted == sum(len(claims) > 1 for claims in expected)


def test_exactly_half_is_no_majority():
    half = frame([(0, 0, 5, "a"), (0, 5, 5, "b")])
    one = np.zeros(1, dtype=np.int64)
    assert majority(half, one, one, 10, 10).code.tolist() == [-1]
    more = frame([(0, 0, 6, "a"), (0, 6, 4, "b")])
    assert majority(more, one, one, 10, 10).values == ["a", "b"]
    assert majority(more, one, one, 10, 10).code.tolist() == [0]


def test_seconds_that_are_labelled_one_by_one_are_one_interval():
    seconds = frame([(0, second, 1, "stress") for second in range(100)])
    assert join_intervals(seconds).rows() == [(0, "stress", 0, 100)]


def test_no_annotation_gives_no_label():
    made = majority(frame([]), np.zeros(3, dtype=np.int64), np.arange(3), 10, 10)
    assert made.code.tolist() == [-1, -1, -1]


def test_a_label_of_a_whole_recording_labels_every_window():
    whole = frame([(0, 0, 1000, "rest")])
    assert majority(whole, np.zeros(100, dtype=np.int64), np.arange(100), 10, 10, 1.0).code.tolist() == [0] * 100

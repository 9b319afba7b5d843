"""Labels of windows, held to a count of every nanosecond."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.windows.labels import (
    Spans,
    fraction,
    join_intervals,
    lists,
    majority,
    onset,
    single,
    touching,
)

COLUMNS = {"recording": pl.Int64, "onset_ns": pl.Int64, "duration_ns": pl.Int64, "value": pl.String}


def frame(rows):
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def brute(rows, recording, start, length, share):
    """Mark every nanosecond of a window with the values that lie on it."""
    values = sorted({value for number, _, _, value in rows if number == recording and value is not None})
    claims = []
    for value in values:
        covered = np.zeros(length, dtype=bool)
        for number, begin, duration, other in rows:
            if number == recording and other == value:
                covered[max(0, begin - start) : max(0, begin + duration - start)] = True
        if covered.sum() > share * length or covered.all():
            claims.append(value)
    return claims


spans = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(-30, 60), st.integers(0, 40), st.sampled_from(["rest", "task", "noise", None])
    ),
    max_size=8,
)


def spans_of(kept, hop, length):
    starts = np.array([k * hop for k in sorted(kept)] * 2)
    return Spans(np.repeat([0, 1], len(kept)), starts, length)


def texts(made):
    return [made.values[code] if code >= 0 else None for code in made.code]


windows = {"length": st.integers(1, 12), "hop": st.integers(1, 15), "kept": st.sets(st.integers(0, 9), min_size=1)}


@settings(max_examples=150, deadline=None)
@given(rows=spans, share=st.sampled_from([0.5, 0.75, 1.0]), **windows)
def test_a_majority_covers_more_than_its_share_counted_nanosecond_by_nanosecond(rows, length, hop, share, kept):
    on = spans_of(kept, hop, length)
    made = majority(touching(frame(rows), on), on, share)
    expected = [brute(rows, r, start, length, share) for r, start in zip(on.recording, on.t0_ns, strict=True)]
    assert texts(made) == [claims[0] if len(claims) == 1 else None for claims in expected]
    assert made.contradicted == sum(len(claims) > 1 for claims in expected)


def marked(rows, recording, start, length):
    """Nanoseconds of a window on which each value lies; an instant lies on its own, but lasts none."""
    lies = {}
    for number, onset_ns, duration, value in rows:
        if number == recording and value is not None:
            here = {t for t in range(onset_ns, onset_ns + max(duration, 1)) if start <= t < start + length}
            if here:
                lasting = here if duration else set()
                before, lasted = lies.get(value, (set(), set()))
                lies[value] = (before | here, lasted | lasting)
    return lies


@settings(max_examples=150, deadline=None)
@given(rows=spans, **windows)
def test_the_other_rules_counted_nanosecond_by_nanosecond(rows, length, hop, kept):
    on = spans_of(kept, hop, length)
    touched = touching(frame(rows), on)
    lies = [marked(rows, r, start, length) for r, start in zip(on.recording, on.t0_ns, strict=True)]
    found = lists(touched, on)
    assert [
        [found.values[code] for code in found.code[low:high]]
        for low, high in zip(found.offsets[:-1], found.offsets[1:], strict=True)
    ] == [sorted(each) for each in lies]
    assert texts(single(touched, on)) == [next(iter(each)) if len(each) == 1 else None for each in lies]
    first = [[v for v, (here, _) in each.items() if t in here] for each, t in zip(lies, on.t0_ns, strict=True)]
    assert texts(onset(touched, on)) == [each[0] if len(each) == 1 else None for each in first]
    lasts = [len(each["rest"][1]) if "rest" in each else 0 for each in lies]
    np.testing.assert_array_equal(fraction(touched, on, "rest"), np.array(lasts) / length)


def test_exactly_half_is_no_majority():
    on = Spans(np.zeros(1, np.int64), np.zeros(1, np.int64), 10)
    half = frame([(0, 0, 5, "a"), (0, 5, 5, "b")])
    assert texts(majority(touching(half, on), on)) == [None]
    more = frame([(0, 0, 6, "a"), (0, 6, 4, "b")])
    assert texts(majority(touching(more, on), on)) == ["a"]


def test_seconds_that_are_labelled_one_by_one_are_one_interval():
    seconds = frame([(0, second, 1, "stress") for second in range(100)])
    assert join_intervals(seconds).rows() == [(0, "stress", 0, 100)]


def test_an_instant_at_the_end_of_an_interval_is_no_part_of_it():
    on = Spans(np.zeros(1, np.int64), np.full(1, 5), 10)
    found = lists(touching(frame([(0, 0, 5, "a"), (0, 5, 0, "a")]), on), on)
    assert found.offsets.tolist() == [0, 1]


def test_no_annotation_gives_no_label():
    on = Spans(np.zeros(3, np.int64), np.arange(3) * 10, 10)
    touched = touching(frame([]), on)
    assert texts(majority(touched, on)) == [None] * 3
    assert lists(touched, on).offsets.tolist() == [0, 0, 0, 0]
    assert fraction(touched, on, "a").tolist() == [0, 0, 0]


def test_a_label_of_a_whole_recording_labels_every_window():
    on = Spans(np.zeros(100, np.int64), np.arange(100) * 10, 10)
    assert texts(majority(touching(frame([(0, 0, 1000, "rest")]), on), on, 1.0)) == ["rest"] * 100

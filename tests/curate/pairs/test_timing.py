"""True times of samples: segments, clocks, and the way back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.curate.pairs.sorted_groups import SortedGroups
from biocurate.curate.pairs.timing import METHODS, UNKNOWN, Streams
from biocurate.recording import NS, ns_to_samples
from biocurate.store.pair_schema import CLOCKS

STREAM = {
    "recording_id": pl.String,
    "stream_no": pl.Int32,
    "sensor_type": pl.String,
    "rate_hz": pl.Float64,
    "segments": pl.List(pl.Struct({"t0_ns": pl.Int64, "n_samples": pl.Int64})),
    "clock": pl.String,
}


def streams_of(rows, clocks=()):
    table = pl.DataFrame(rows, schema=STREAM, orient="row")
    known = pl.DataFrame(list(clocks), schema=pl.Schema(CLOCKS))
    return Streams.of(table.lazy(), known.lazy())


def estimated(recording_id, knots, clock="watch", uncertainty_ns=5_000_000):
    made = [{"t_ns": t, "offset_ns": offset} for t, offset in knots]
    row = dict.fromkeys(pa.schema(CLOCKS).names)
    return row | {
        "recording_id": recording_id,
        "clock": clock,
        "status": "estimated",
        "method": "beats",
        "knots": made,
        "uncertainty_ns": uncertainty_ns,
    }


@given(
    st.lists(st.lists(st.integers(-100, 100), min_size=1, max_size=6).map(sorted), min_size=1, max_size=5), st.data()
)
def test_the_last_value_up_to_another_is_found_in_its_group(groups, data):
    made = SortedGroups.of(np.concatenate(groups).astype(np.int64), np.array([len(group) for group in groups]))
    group = data.draw(st.integers(0, len(groups) - 1))
    value = data.draw(st.integers(-150, 150))
    found = int(made.last_up_to(np.array([group]), np.array([value]))[0]) - int(made.first[group])
    below = [place for place, each in enumerate(groups[group]) if each <= value]
    assert groups[group][found] == groups[group][max(below, default=0)]


@given(
    rate=st.sampled_from([4.0, 62.4725, 64.0, 500.0]),
    starts=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    sample=st.integers(0, 10_000),
)
def test_a_sample_and_its_time_name_each_other_across_gaps(rate, starts, sample):
    """The store's rule: sample index = round((t - t0) * rate), from the start of the segment that holds it."""
    segments, t0 = [], 0
    for gap in starts:
        t0 += gap * NS
        segments.append({"t0_ns": t0, "n_samples": 1000})
        t0 += round(1000 * NS / rate)
    streams = streams_of([("a/r", 0, "PPG", rate, segments, None)])
    at = np.array([sample % (1000 * len(segments))])
    first = np.zeros(1, np.int64)
    time = streams.time_of(first, at)
    segment = segments[int(at[0]) // 1000]
    assert ns_to_samples(int(time[0]) - segment["t0_ns"], rate) == at[0] % 1000
    found, inside = streams.sample_at(first, time, np.array([round(NS / rate)]))
    assert found[0] == at[0]
    assert inside[0]


def test_a_window_that_reaches_past_its_segment_is_not_inside():
    segments = [{"t0_ns": 0, "n_samples": 100}, {"t0_ns": 30 * NS, "n_samples": 100}]
    streams = streams_of([("a/r", 0, "PPG", 10.0, segments, None)])
    times = np.array([0, 5, 6, 12, 29, 30, 36]) * NS
    _, inside = streams.sample_at(np.zeros(7, np.int64), times, np.full(7, 5 * NS))
    assert inside.tolist() == [True, True, False, False, False, True, False]


@given(
    offset=st.integers(-30 * NS, 30 * NS),
    ppm=st.floats(-6000, 6000),
    time=st.integers(0, 3600 * NS),
)
def test_there_and_back_is_the_same_time(offset, ppm, time):
    knots = [(0, offset), (1000 * NS, offset + round(ppm * 1e-6 * 1000 * NS)), (2000 * NS, offset)]
    row = ("a/r", 0, "PPG", 25.0, [{"t0_ns": 0, "n_samples": 100}], "watch")
    streams = streams_of([row], [estimated("a/r", knots)])
    stream = np.zeros(1, np.int64)
    device = streams.on_device(stream, np.array([time]))
    assert device[0] + round(float(streams.offset_at(stream, device)[0][0])) == pytest.approx(time, abs=100)


def test_beyond_the_estimate_a_clock_goes_on_as_on_the_whole_and_is_not_known_for_long():
    row = ("a/r", 0, "PPG", 25.0, [{"t0_ns": 0, "n_samples": 100}], "watch")
    knots = [(0, 0), (50 * NS, 3 * 10**6), (100 * NS, 10**6)]
    streams = streams_of([row], [estimated("a/r", knots)])
    times = np.array([200, 105, 100, 25, 0, -5, -100]) * NS
    stream = np.zeros(7, np.int64)
    added, slope = streams.offset_at(stream, times)
    assert added.tolist() == pytest.approx([2e6, 1.05e6, 1e6, 1.5e6, 0, -0.05e6, -1e6])
    assert slope[[0, 3, 6]].tolist() == pytest.approx([1e-5, 6e-5, 1e-5])
    known = streams.uncertainty_at(stream, times) != UNKNOWN
    assert known.tolist() == [False, True, True, True, True, True, False]


def test_a_clock_is_the_recordings_estimated_or_only_declared():
    segments = [{"t0_ns": 0, "n_samples": 100}]
    rows = [
        ("a/r", 0, "PPG", 64.0, segments, None),
        ("a/r", 1, "PPG", 25.0, segments, "watch"),
        ("a/r", 2, "GSR", 4.0, segments, "ring"),
        ("b/r", 0, "PPG", 25.0, segments, "watch"),
    ]
    streams = streams_of(rows, [estimated("a/r", [(0, 5), (NS, 5)])])
    assert [METHODS[code] for code in streams.table["method"]] == ["shared-clock", "beats", "declared", "declared"]
    assert streams.table["uncertainty_ns"].to_list() == [0, 5_000_000, UNKNOWN, UNKNOWN]
    assert len(set(streams.clock.tolist())) == 4

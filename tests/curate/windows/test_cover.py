"""Windows on a grid, held to a slow and obvious loop."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from biocurate.curate.windows.cover import Segments, cover
from biocurate.curate.windows.grids import Grids, whole
from biocurate.recording import ns_to_samples

S = 1_000_000_000
RATES = [0.1, 1.0, 4.0, 25.0, 62.4725, 64.0, 100.0, 333.333, 500.0]


def slow(segments, grids, length_ns, hop_ns, require, until_ns):
    """Every grid, every window, every stream, every segment, one after the other."""
    found = []
    for recording, origin, low, high in grids:
        for k in range(low, min(high, (until_ns - origin) // hop_ns + 2)):
            t = origin + k * hop_ns
            covering, types = [], set()
            for stream_no in sorted({row[1] for row in segments if row[0] == recording}):
                for row in segments:
                    _, number, sensor, rate, t0, n_samples, first = row
                    if row[0] != recording or number != stream_no:
                        continue
                    count = ns_to_samples(length_ns, rate)
                    index = ns_to_samples(t - t0, rate)
                    if count >= 1 and index >= 0 and index + count <= n_samples:
                        covering.append((stream_no, first + index))
                        types.add(sensor)
                        break
            if covering and types.issuperset(require):
                found.append((recording, t, covering, sorted(types)))
    return found


def fast(rows, length_ns, hop_ns, require, grids=None):
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.zeros(0, np.int64)] * 7
    ints = [column.astype(np.int64) for column in columns]
    segments = Segments(*ints[:3], np.asarray(columns[3], float), *ints[4:])
    placed = whole(3) if grids is None else Grids(*(np.array(each, np.int64) for each in zip(*grids, strict=True)))
    made = cover(segments, placed, length_ns, hop_ns, require)
    found = []
    for i, (recording, t0, piece) in enumerate(zip(made.recording, made.t0_ns, made.piece, strict=True)):
        mine = slice(made.offsets[i], made.offsets[i + 1])
        types = made.sensors[made.sensor_offsets[piece] : made.sensor_offsets[piece + 1]]
        streams = list(zip(made.stream_no[mine].tolist(), made.start[mine].tolist(), strict=True))
        found.append((int(recording), int(t0), streams, types.tolist()))
    return found


OF_EACH = [(recording, 0, 0, 10**9) for recording in range(3)]


@st.composite
def recordings(draw):
    """Streams with gaps, at rates that do not divide the windows, that start off the grid."""
    rows = []
    for recording in range(draw(st.integers(1, 3))):
        for stream_no in range(draw(st.integers(0, 3))):
            rate, sensor = draw(st.sampled_from(RATES)), draw(st.integers(0, 2))
            at, first = draw(st.integers(0, 3 * S)), 0
            for _ in range(draw(st.integers(1, 3))):
                n_samples = draw(st.integers(0, max(1, int(12 * rate))))
                rows.append((recording, stream_no, sensor, rate, at, n_samples, first))
                first += n_samples
                at += round(n_samples * S / rate) + draw(st.sampled_from([0, 1, 40_000_000, S]))
    return rows


@settings(max_examples=120, deadline=None)
@given(
    rows=recordings(),
    length_ns=st.sampled_from([1, S // 3, S, 2 * S + 1, 5 * S]) | st.integers(1, 6 * S),
    hop_ns=st.sampled_from([S // 4, S, 3 * S]) | st.integers(S // 5, 4 * S),
    require=st.sets(st.integers(0, 2), max_size=2),
)
# Half a sample before the stream's first one: the nearest sample is the first.
@example(rows=[(0, 0, 0, 1.0, S // 2, 4, 0)], length_ns=S, hop_ns=S, require=set())
# A window with less than half a sample of its own covers nothing.
@example(rows=[(0, 0, 0, 0.1, 0, 4, 0)], length_ns=S, hop_ns=S, require=set())
# Segments that touch within a rounded sample: the window counts once.
@example(rows=[(0, 0, 0, 1.0, 0, 3, 0), (0, 0, 0, 1.0, 5 * S // 2, 3, 3)], length_ns=S, hop_ns=S // 2, require=set())
def test_windows_are_those_of_a_loop_over_every_window_and_segment(rows, length_ns, hop_ns, require):
    until = max((row[4] + round(row[5] * S / row[3]) for row in rows), default=0)
    assert fast(rows, length_ns, hop_ns, sorted(require)) == slow(rows, OF_EACH, length_ns, hop_ns, require, until)


@st.composite
def anchors(draw):
    """Grids from any time, also before the recording, of few windows that never begin at one time."""
    found = []
    for recording in range(3):
        for at in sorted(draw(st.sets(st.integers(-2, 12), max_size=4))):
            found.append(
                (recording, at * S + draw(st.integers(0, 100)), draw(st.integers(0, 1)), draw(st.integers(0, 3)))
            )
    return found or [(0, 0, 0, 0)]


@settings(max_examples=120, deadline=None)
@given(rows=recordings(), grids=anchors(), length_ns=st.integers(1, 4 * S), hop_ns=st.integers(S // 5, S // 3))
def test_windows_on_grids_of_their_own_are_those_of_the_loop(rows, grids, length_ns, hop_ns):
    until = max((row[4] + round(row[5] * S / row[3]) for row in rows), default=0)
    assert fast(rows, length_ns, hop_ns, [], grids) == slow(rows, grids, length_ns, hop_ns, set(), until)


def test_ten_days_at_62_4725_hz_keep_the_nearest_sample_and_the_count():
    day = 86_400 * S
    rows = [(0, 0, 0, 62.4725, 0, round(10 * 86_400 * 62.4725), 0)]
    found = fast(rows, 10 * S, 3600 * S, [])
    assert len(found) == 10 * 24
    assert [streams[0][1] for _, _, streams, _ in found] == [
        ns_to_samples(k * 3600 * S, 62.4725) for k in range(10 * day // (3600 * S))
    ]


def test_a_hop_far_below_a_sample_is_no_slow_case():
    rows = [(0, 0, 0, 1 / 60, 0, 10, 0)]
    found = fast(rows, 60 * S, S, [])
    assert found == slow(rows, OF_EACH, 60 * S, S, set(), 600 * S)
    # One sample a minute: the last window begins just nearer to the tenth sample, at 540 s, than to an eleventh.
    assert found[-1] == (0, 569 * S, [(0, 9)], [0])

"""Clocks that jitter, drift, pause and run back: each handled as the recipe says, and told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import reader
from biocurate.formats.csv.times import Times
from biocurate.formats.csv.unsteady import grid_of, robust_line, trusted_stamps
from biocurate.formats.source import Source
from biocurate.recording import NS, ArraySamples

MS = 10**6


def read(source, **options):
    fmt = reader("csv")
    return fmt.read(source, fmt.Options(**options))


def table(times_ms, values=None):
    values = range(len(times_ms)) if values is None else values
    return ("t,x\n" + "".join(f"{t},{x}\n" for t, x in zip(times_ms, values, strict=True))).encode()


TIME = {"column": "t", "unit": "ms"}


class TestRobustLine:
    def test_jitter_and_outliers_do_not_bend_it(self):
        random = np.random.default_rng(0)
        times = (np.arange(5_000) * 40 * MS + random.normal(0, 5 * MS, 5_000)).astype(np.int64)
        times[random.choice(5_000, 400, replace=False)] += 700 * MS
        clock = robust_line(Times.of(times), "x.csv")
        assert clock.rate_hz == pytest.approx(25, rel=1e-4)
        assert [segment.n_samples for segment in clock.segments] == [5_000]
        assert "run back" in clock.warnings[0]

    def test_a_pause_is_a_gap_and_the_rate_is_that_of_both_sides(self):
        times = np.concatenate([np.arange(1_000), np.arange(1_000) + 1_500]) * 40 * MS
        clock = robust_line(Times.of(times), "x.csv")
        assert clock.rate_hz == 25
        assert [(s.t0_ns, s.n_samples) for s in clock.segments] == [(0, 1_000), (1_500 * 40 * MS, 1_000)]

    def test_it_begins_where_the_line_does_not_where_a_late_first_row_says(self):
        times = np.arange(1_000) * 40 * MS
        times[0] += 25 * MS
        clock = robust_line(Times.of(times), "x.csv")
        assert clock.shift_ns == pytest.approx(-25 * MS, abs=1_000)

    def test_rows_stay_as_they_came(self, put):
        recording = read(put(table([0, 40, 80, 60, 160, 200]), "x.csv"), time=TIME, on_clock="robust-line")
        assert recording.streams[0].digital.tolist() == [[0, 1, 2, 3, 4, 5]]
        assert recording.streams[0].rate_hz == pytest.approx(25, rel=1e-2)

    def test_times_that_do_not_advance_are_refused(self, put):
        with pytest.raises(SourceError, match="do not advance"):
            read(put(table([5, 5, 5, 5]), "x.csv"), time=TIME, on_clock="robust-line")

    @given(st.integers(30, 3_000), st.floats(0.5, 2_000), st.integers(0, 10**18))
    @settings(max_examples=50)
    def test_a_steady_clock_gives_its_own_rate(self, n, rate, start):
        times = start + np.round(np.arange(n) * NS / rate).astype(np.int64)
        assert robust_line(Times.of(times), "x").rate_hz == pytest.approx(rate, rel=1.1e-3 if n < 500 else 1e-3)


class TestTrustStamps:
    def test_a_time_out_of_its_place_begins_a_segment_there(self, put):
        source = put(table([0, 40, 80, 150, 190, 230]), "x.csv")
        recording = read(source, time=TIME, rate_hz=25, on_clock="trust-stamps")
        segments = recording.streams[0].segments
        assert [(s.t0_ns // MS, s.n_samples) for s in segments] == [(0, 3), (150, 3)]
        assert "2 stretches" in recording.warnings[0]

    def test_times_that_run_back_are_refused(self, put):
        with pytest.raises(SourceError, match="run back or stand still at 1 rows"):
            read(put(table([0, 40, 30, 120]), "x.csv"), time=TIME, rate_hz=25, on_clock="trust-stamps")

    def test_an_irregular_stream_is_refused_and_not_cut_to_pieces(self):
        times = np.cumsum(np.random.default_rng(0).integers(20, 90, 500)) * MS
        with pytest.raises(SourceError, match="irregular"):
            trusted_stamps(Times.of(times), 25, "x.csv")

    @given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.integers(1, 200))
    def test_every_row_lies_within_half_a_period_of_its_time(self, lengths, pause):
        pieces, at = [], 0
        for n in lengths:
            pieces.append(at + np.arange(n) * 40 * MS)
            at = int(pieces[-1][-1]) + (40 + pause) * MS
        times = np.concatenate(pieces)
        try:
            clock = trusted_stamps(Times.of(times), 25, "x")
        except SourceError:
            return
        laid = np.concatenate([s.t0_ns + np.arange(s.n_samples) * 40 * MS for s in clock.segments])
        assert len(laid) == len(times)
        # A segment that would overlap the one before it follows on it, so that drift may add up to one period.
        assert np.abs(laid - times).max() <= (20 if pause >= 20 else 40 * len(clock.segments)) * MS


class TestResample:
    def test_a_ramp_over_irregular_times_is_a_ramp_on_the_grid(self, put):
        times = np.cumsum([0, *np.random.default_rng(0).integers(20, 60, 200)])
        source = put(table(times.tolist(), times.tolist()), "x.csv")
        recording = read(source, time=TIME, rate_hz=50, on_clock="resample")
        np.testing.assert_allclose(recording.streams[0].digital[0], np.arange(recording.streams[0].n_samples) * 20)
        assert "interpolated linearly at 50 Hz" in recording.warnings[0]

    def test_pauses_stay_gaps(self):
        times = np.concatenate([np.arange(100), np.arange(100) + 300]) * 40 * MS
        grid = grid_of(Times.of(times), 25, "x")
        assert [(s.t0_ns // MS, s.n_samples) for s in grid.clock.segments] == [(0, 100), (12_000, 100)]
        laid = grid.samples(ArraySamples(times[None].astype(float)))
        np.testing.assert_allclose(laid.read(0, 200)[0], times)

    @pytest.mark.parametrize("extra", [{}, {"rate_hz": 25, "dtype": "int16"}])
    def test_it_needs_a_rate_and_makes_floats(self, put, extra):
        with pytest.raises(ValueError, match=r"rate_hz|float64"):
            read(put(table([0, 40]), "x.csv"), time=TIME, on_clock="resample", **extra)


@pytest.mark.parametrize("mode", ["robust-line", "trust-stamps", "resample", "arrival-order"])
def test_a_way_with_times_needs_times(put, mode):
    with pytest.raises(ValueError, match="time"):
        read(put(table([0, 40]), "x.csv"), on_clock=mode, **({} if mode == "robust-line" else {"rate_hz": 25}))


def test_cogwears_samsung_lies_on_lines_near_25_hz(corpora):
    """CogWear 1.0.0 gives the watch 25 Hz; the stamps run back 100 to 400 times a file."""
    time = {"column": "time", "unit": "unix_s"}
    folder = corpora / "cogwear" / "survey_gamification"
    for path in sorted(folder.rglob("samsung_bvp.csv")):
        source = Source(corpora, path.relative_to(corpora).as_posix())
        stream = read(source, time=time, on_clock="robust-line").streams[0]
        assert stream.rate_hz == pytest.approx(25, rel=0.01), path
        assert stream.n_samples == sum(segment.n_samples for segment in stream.segments)


class TestZones:
    def test_times_without_a_zone_are_of_the_place_that_the_recipe_states(self, put):
        """Summer time in Ireland is UTC+1: 12:00 in Dublin on 1 July is 11:00 UTC, 1593601200 s."""
        source = put(b"t,x\n2020-07-01T12:00:00,1\n2020-07-01T12:00:01,2\n2020-07-01T12:00:02,3\n", "x.csv")
        time = {"column": "t", "unit": "iso", "zone": "Europe/Dublin"}
        assert read(source, time=time).start_unix_ns == 1593601200 * NS

    def test_the_hour_that_clocks_skip_is_no_time(self, put):
        source = put(b"t,x\n2020-03-29T01:30:00,1\n2020-03-29T01:30:01,2\n", "x.csv")
        with pytest.raises(SourceError, match="line 2 has no time"):
            read(source, time={"column": "t", "unit": "iso", "zone": "Europe/Dublin"})

    def test_an_offset_in_the_file_is_kept(self, put):
        source = put(b"t,x\n2020-07-01T12:00:00+02:00,1\n2020-07-01T12:00:01+02:00,2\n", "x.csv")
        time = {"column": "t", "unit": "iso", "zone": "Europe/Dublin"}
        assert read(source, time=time).start_unix_ns == 1593597600 * NS

    @pytest.mark.parametrize("fields", [{"unit": "iso", "zone": "Dublin"}, {"unit": "unix_s", "zone": "UTC"}])
    def test_a_zone_that_cannot_be_is_refused(self, put, fields):
        with pytest.raises(ValueError, match="zone"):
            read(put(b"t,x\n1,1\n2,2\n", "x.csv"), time={"column": "t", **fields})

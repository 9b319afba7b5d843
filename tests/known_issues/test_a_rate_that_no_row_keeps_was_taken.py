"""Rows every 100 ms under `rate_hz: 20`, or milliseconds read as seconds: each row became a segment of its own."""

from __future__ import annotations

import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

CSV = reader("csv")


def read(folder, times, **options):
    (folder / "x.csv").write_text("t,x\n" + "".join(f"{time},{row}\n" for row, time in enumerate(times)))
    return CSV.read(Source(folder, "x.csv"), CSV.Options(**options))


def clock(unit, rate_hz, **others):
    return {"time": {"column": "t", "unit": unit}, "rate_hz": rate_hz, **others}


@pytest.mark.parametrize("rate_hz", [20, 25, 100])
def test_a_higher_rate_than_that_of_the_rows_is_refused(tmp_path, rate_hz):
    with pytest.raises(SourceError, match=f"come 100 ms or more .* at {rate_hz} Hz") as caught:
        read(tmp_path, range(0, 10_000, 100), **clock("ms", rate_hz))
    assert "unit of `time`" in caught.value.mend


def test_milliseconds_taken_for_seconds_are_refused(tmp_path):
    with pytest.raises(SourceError, match="come 100 s or more"):
        read(tmp_path, range(0, 10_000, 100), **clock("s", 10))


def test_taken_in_order_they_are_told(tmp_path):
    """The recipe says that the times are worth nothing: rows are neighbours then."""
    recording = read(tmp_path, range(0, 10_000, 100), **clock("s", 10, on_clock="arrival-order"))
    [stream] = recording.streams
    assert [segment.n_samples for segment in stream.segments] == [100]
    assert recording.warnings[0].startswith("Its times do not fit: half of its rows come 100 s or more")


def test_many_gaps_stay_gaps(tmp_path):
    """Two rows together and a pause, time and again: as many gaps as can be, at the true rate."""
    times = [pair * 1000 + row * 100 for pair in range(50) for row in (0, 1)]
    [stream] = read(tmp_path, times, **clock("ms", 10)).streams
    assert [segment.n_samples for segment in stream.segments] == [2] * 50


def test_a_clock_set_back_by_an_hour_is_told_in_seconds(tmp_path):
    times = [*range(7000, 7100), *range(3500, 3600)]
    with pytest.raises(SourceError, match="the clock runs back by 3,599 s"):
        read(tmp_path, times, **clock("s", 1))

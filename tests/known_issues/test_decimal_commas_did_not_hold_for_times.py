"""A table of decimal commas with a column of times was refused: "no time that can be read as 's'"."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.formats import Source, reader

CSV = reader("csv")


def read(folder, text, unit, **options):
    (folder / "x.csv").write_text(text)
    options = {"separator": ";", "time": {"column": "t", "unit": unit}, **options}
    recording = CSV.read(Source(folder, "x.csv"), CSV.Options(**options))
    [stream] = recording.streams
    return recording, stream, stream.samples.read(0, stream.n_samples)[0]


def test_seconds_with_a_comma(tmp_path):
    recording, stream, samples = read(tmp_path, "t;x\n0,0;1,5\n0,004;2,5\n0,008;-3,25\n", "s", decimal=",")
    assert (stream.rate_hz, recording.warnings) == (250, ())
    np.testing.assert_array_equal(samples, [1.5, 2.5, -3.25])


def test_unix_time_with_a_comma_is_exact(tmp_path):
    text = "t;x\n1600000000,123456789;1\n1600000000,223456789;2\n"
    recording, stream, _ = read(tmp_path, text, "unix_s", decimal=",")
    assert recording.start_unix_ns == 1_600_000_000_123_456_789
    assert stream.rate_hz == 10


@pytest.mark.parametrize("decimal", [".", ","])
def test_iso_8601_5_3_1_4_the_decimal_sign_is_a_comma_or_a_point(tmp_path, decimal):
    text = "t;x\n2021-01-01 00:00:00,100;1\n2021-01-01 00:00:00,200;2\n2021-01-01 00:00:00.300;3\n"
    recording, stream, _ = read(tmp_path, text, "iso", decimal=decimal)
    assert recording.start_unix_ns == 1_609_459_200_100_000_000
    assert stream.rate_hz == 10

"""A time too far for 64 bits of nanoseconds was read as another: the year 9999 as 1815, 99999999999 s as 2216.

Found by fuzzing. Such a time is none, and its line is named.
"""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.csv.clock import LATEST, nanoseconds

CSV = reader("csv")


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("iso", "9999-01-01T00:00:00"),
        ("iso", "1500-01-01T00:00:00Z"),
        ("unix_s", "99999999999"),
        ("unix_s", "-1e18"),
        ("unix_ms", "99999999999999.5"),
        ("us", "9" * 19),
        ("s", "9" * 30),
    ],
)
def test_a_time_that_does_not_fit_is_none(tmp_path, unit, time):
    assert nanoseconds(pl.Series([time]), unit).to_list() == [None]
    first = "2020-01-01T00:00:00" if unit == "iso" else "0"
    (tmp_path / "x.csv").write_text(f"t,x\n{first},1\n{time},2\n")
    with pytest.raises(SourceError, match=r"x\.csv: line 3 has no time"):
        CSV.read(Source(tmp_path, "x.csv"), CSV.Options(time={"column": "t", "unit": unit}))


def test_a_date_of_a_place_does_not_wrap_either():
    assert nanoseconds(pl.Series(["9999-01-01T00:00:00"]), "iso", "Europe/Dublin").to_list() == [None]


def test_times_up_to_there_are_exact():
    for text, exact in (
        ("1969-12-31T23:59:59.000000001Z", -999_999_999),
        ("2261-12-31T23:59:59.5Z", 9214646399500000000),
    ):
        assert nanoseconds(pl.Series([text]), "iso").to_list() == [exact]
    seconds = LATEST // 10**9
    assert nanoseconds(pl.Series([str(seconds), f"-{seconds}.25"]), "s").to_list() == [
        seconds * 10**9,
        -seconds * 10**9 - 250_000_000,
    ]

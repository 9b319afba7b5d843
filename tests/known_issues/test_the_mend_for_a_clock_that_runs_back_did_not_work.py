"""``the clock runs back by 990 ms`` offered `trust-stamps` and `resample`, both of which refuse times that run back."""

from __future__ import annotations

import re

import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

CSV = reader("csv")
BACK = [0, 10, 20, 30, 40, 50, 60, 30, 40, 50, 60, 70]
LATE = [10 * row - 6 * (row == 20) for row in range(40)]
TIME = {"column": "t", "unit": "ms"}


def read(folder, times, **options):
    rows = "".join(f"{time},{row}\n" for row, time in enumerate(times))
    (folder / "x.csv").write_text("t,x\n" + rows)
    return CSV.read(Source(folder, "x.csv"), CSV.Options(time=TIME, **options))


@pytest.mark.parametrize(("times", "ways"), [(BACK, 2), (LATE, 4)])
def test_every_way_that_is_offered_reads_the_file(tmp_path, times, ways):
    with pytest.raises(SourceError) as raised:
        read(tmp_path, times)
    offered = re.findall(r"`(?:on_clock: )?((?:arrival|trust|resample|robust)[a-z-]*)`", raised.value.mend)
    assert len(offered) == ways
    for way in offered:
        rate = {} if way == "robust-line" else {"rate_hz": 100}
        assert read(tmp_path, times, on_clock=way, **rate).streams

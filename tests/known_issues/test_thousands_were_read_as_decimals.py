"""`1.234` in a table of decimal commas became 1.234; integers beyond 2^53 lost their last digits. Neither was said."""

from __future__ import annotations

import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

CSV = reader("csv")


def read(folder, text, **options):
    (folder / "x.csv").write_text(text)
    return CSV.read(Source(folder, "x.csv"), CSV.Options(rate_hz=10, **options))


def test_a_point_in_a_number_with_decimal_commas_is_refused(tmp_path):
    with pytest.raises(SourceError, match="line 3, column 'a' has a point, where decimals have ','"):
        read(tmp_path, "a;b\n1,5;1\n1.234;2\n2,5;3\n", separator=";", decimal=",")


def test_points_elsewhere_are_no_concern(tmp_path):
    recording = read(tmp_path, "a;b\n1,5;x.y\n2,5;n.a.\n", separator=";", decimal=",", columns=["a"])
    assert recording.streams[0].samples.read(0, 2).tolist() == [[1.5, 2.5]]


def test_a_comma_in_a_number_with_decimal_points_is_none(tmp_path):
    with pytest.raises(SourceError, match="line 3, column 'a' is no number"):
        read(tmp_path, "a;b\n1.5;1\n1,234;2\n2.5;3\n", separator=";")


def test_integers_beyond_2_to_the_53_are_counted(tmp_path):
    recording = read(tmp_path, "x\n9007199254740993\n9007199254740991\n-1e300\ninf\n")
    assert recording.warnings == (
        "Column 'x': 1 of 4 cells are infinite, and kept so.",
        "Column 'x': 2 of 4 cells are beyond 2^53, where a float holds no longer every integer: last digits may "
        "differ.",
    )

"""`explain` of a recording in several tables: its lines find the one that has the columns, or end in an error."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate import read_windows
from biocurate.curate.explain.explain import explain
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe

RECIPE = """
name: band
title: Two tables a recording
licence: CC0-1.0
access: open
citation: none
url: https://example.org/band
files:
  pattern: '(?P<subject>\\d)_(?P<signal>pulse|skin)\\.csv'
  name: '{subject}'
  reader: csv
  options: {time: {column: time, unit: unix_s}}
  signals: {pulse: {}, skin: {}}
channels:
  - {match: bvp, sensor: PPG, name: PPG, unit: NU}
  - {match: eda, sensor: GSR, name: GSR, unit: uS}
"""


@pytest.fixture
def band(store, tmp_path):
    """One recording of two signals at two rates."""
    root = tmp_path / "band"
    root.mkdir()
    for name, column, rate in (("pulse", "bvp", 20), ("skin", "eda", 4)):
        x = np.random.default_rng(rate).normal(5, 1, 30 * rate).round(4)
        lines = [f"{1_600_000_000 + n / rate:.3f},{value}" for n, value in enumerate(x)]
        (root / f"1_{name}.csv").write_text("\n".join([f"time,{column}", *lines]) + "\n")
    recipe = tmp_path / "band.yaml"
    recipe.write_text(RECIPE)
    ingest(make_plan(load_recipe(str(recipe)), root, store), InProcess(), store)
    build_windows(store, "w", length_s=5, require=["PPG", "GSR"])
    return root


def run(lines):
    names = {}
    exec("\n".join(lines), names)
    return np.asarray(names["x"])


def test_the_lines_find_the_table_that_has_the_columns(store, band):
    told = explain(store, "w/2", root=str(band))
    row = store.windows("w").collect()[2]
    assert {stream["sensor_type"] for stream in told["streams"]} == {"PPG", "GSR"}
    for stream in told["streams"]:
        assert len(stream["lines"]) == 3
        ours = read_windows(store, row, stream["sensor_type"])[0]
        np.testing.assert_allclose(run(stream["lines"]).astype(np.float32), ours, rtol=2**-23)


def test_two_tables_with_the_same_column_end_the_lines_in_an_error(store, band):
    lines = explain(store, "w/2", root=str(band))["streams"][0]["lines"]
    skin = band / "1_skin.csv"
    skin.write_text(skin.read_text().replace("eda", "bvp"))
    with pytest.raises(ValueError, match="unpack"):
        run(lines)

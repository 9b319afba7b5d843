"""`explain` on real recordings: its three lines read the very samples of the window, by another program."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from biocurate import read_windows
from biocurate.curate.explain.explain import explain
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe

pytestmark = pytest.mark.corpora


@pytest.fixture
def taken(store, corpora):
    """Ingest some recordings of a corpus; what they hold is cut into windows of 10 s from every 7th second."""

    def take(recipe: str, limit: int) -> pl.DataFrame:
        ingest(make_plan(load_recipe(recipe), corpora / recipe, store, limit=limit), InProcess(), store)
        build_windows(store, "w10", length_s=10, hop_s=7)
        return store.windows("w10").collect()

    return take


def run(lines: list[str]) -> np.ndarray:
    """Run the lines as they stand and take what they made."""
    assert len(lines) == 3
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    return np.asarray(names["x"])


@pytest.mark.parametrize(
    ("recipe", "limit", "tool"),
    [("eegmat", 2, "mne"), ("ludb", 3, "wfdb"), ("stress-predict", 11, "pandas"), ("cogwear", 3, "pandas")],
)
def test_three_lines_read_what_read_windows_reads(store, corpora, taken, recipe, limit, tool):
    windows = taken(recipe, limit)
    # Of stress-predict the first ten exports are folders, the others zip archives.
    chosen = pl.concat([windows.head(1), windows.sample(3, seed=1), windows.tail(1)])
    for row in chosen.iter_slices(1):
        told = explain(store, f"w10/{row['window_id'][0]}", root=str(corpora / recipe))
        for stream in told["streams"]:
            assert tool in stream["lines"][0]
            assert "biocurate" not in "".join(stream["lines"])
            ours = read_windows(store, row, stream["sensor_type"], rate_hz=stream["rate_hz"])[0]
            theirs = run(stream["lines"])
            # An ulp of float32; beside zero, what float64 leaves of values of about 1.
            np.testing.assert_allclose(theirs.astype(np.float32), ours, rtol=2**-23, atol=1e-15)


def test_the_lines_print_by_themselves(store, corpora, taken):
    taken("ludb", 1)
    told = explain(store, "w10", 0, root=str(corpora / "ludb"))
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(told["streams"][0]["lines"])], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("[[")


def test_a_suspect_unit_says_why_and_a_sidecar_table_is_named(store, taken):
    taken("ludb", 1)
    told = explain(store, "w10/0")
    assert {each["unit_status"] for each in told["streams"][0]["channels"]} == {"suspect"}
    assert "peak-to-peak of 1" in told["streams"][0]["channels"][0]["reason"]
    build_windows(store, "labelled", length_s=10, labels=["rhythm"])
    label = explain(store, "labelled/0")["labels"][0]
    assert "ludb.csv" in label["source"]
    assert [each["value"] for each in label["annotations"]] == [label["value"]]

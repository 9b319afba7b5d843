"""Flat windows, and windows without a sample, are told window by window, and never divided (issue 4, item 1)."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate import read_windows
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows import reading
from biocurate.curate.windows.build import build_windows
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

FLAT, LOST, EDGE = (2, 4), (6, 8), (9.5, 10.5)
"""Seconds of the second channel that are constant, of the first that are no sample, and of both that are half flat."""


@pytest.fixture
def store(tmp_path):
    store = create_store(str(tmp_path / "store"))
    stream = noise_stream("EEG", 100, [(0, 2000)], ["Fp1", "Cz"], seed=1, invalid=-9999, offset=7.7)
    samples = stream.samples.array
    samples[1, FLAT[0] * 100 : FLAT[1] * 100] = 333
    samples[0, LOST[0] * 100 : LOST[1] * 100] = -9999
    samples[:, int(EDGE[0] * 100) : int(EDGE[1] * 100)] = 5
    put(store, {"a/one": Recording((stream,))})
    return store


def expected():
    """Windows of one second: those that lie in the constant stretch, and those without a sample."""
    flat = np.zeros((20, 2), dtype=bool)
    flat[FLAT[0] : FLAT[1], 1] = True
    flat[LOST[0] : LOST[1], 0] = True
    return flat


def told(store, **options):
    build_windows(store, "w", length_s=1, overwrite=True, **options)
    rows = store.windows("w").sort("t0_ns").collect()
    flat = np.zeros((rows.height, 2), dtype=bool)
    return rows, read_windows(store, rows, "EEG", flat=flat), flat


@pytest.mark.parametrize("block", [reading.BLOCK, 500])
def test_windows_as_recorded(store, monkeypatch, block):
    monkeypatch.setattr(reading, "BLOCK", block)
    np.testing.assert_array_equal(told(store)[2], expected())


@pytest.mark.parametrize("method", ["zscore", "centre", "minmax"])
@pytest.mark.parametrize("lazy", [False, True])
def test_windows_that_a_view_normalises_by_window(store, method, lazy):
    steps = [
        {"step": "scale", "factor": 0.01, "unit": "uV"},
        {"step": "normalise", "scope": "window", "method": method},
    ]
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": steps}}), lazy=lazy)
    with np.errstate(all="raise"):
        _, read, flat = told(store, view="v", edges=True)
    np.testing.assert_array_equal(flat, expected())
    np.testing.assert_array_equal(read[FLAT[0] : FLAT[1], 1], 0)
    assert np.isnan(read[LOST[0] : LOST[1], 0]).all()
    assert not np.isinf(read).any()
    assert np.isfinite(read[~flat]).all()


def test_the_channels_are_those_asked_for_in_their_order(store):
    rows, _, _ = told(store)
    flat = np.zeros((rows.height, 1), dtype=bool)
    read_windows(store, rows, "EEG", channels=["Cz"], flat=flat)
    np.testing.assert_array_equal(flat, expected()[:, 1:])
    both = np.zeros((rows.height, 2), dtype=bool)
    read_windows(store, rows[::-1], "EEG", channels=["Cz", "Fp1"], flat=both)
    np.testing.assert_array_equal(both, expected()[::-1, ::-1])

"""A view that is not stored reads as it would if it were (issue 4: lazily, computed with a halo, same values)."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.views import run
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.errors import StaleError
from biocurate.recording import Recording
from biocurate.store.store import open_store
from biocurate.testing.memory import noise_stream, put

STEPS = [
    {"step": "band", "low_hz": 1, "high_hz": 20, "order": 2},
    {"step": "resample", "rate_hz": 80},
]
ENDS = {
    "nothing": [],
    "recording": [{"step": "normalise", "scope": "recording"}],
    "calibration": [{"step": "normalise", "scope": "calibration", "seconds": 5}],
    "window": [{"step": "normalise", "scope": "window"}, {"step": "clip", "low": -2, "high": 2}],
}
SPANS = [(0.0, None), (3.21, 7.77), (8.0, 31.5), (29.9, 30.4), (12.0, 28.0)]


def recordings():
    """Two segments with a gap between, and an invalid code in the first."""
    stream = noise_stream("EEG", 100, [(0, 1000), (20, 1500)], ["Fp1", "Cz"], seed=3, invalid=7)
    return {"a/one": Recording((stream,))}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("values", [2**21, 500])
def test_a_recording_reads_alike_whether_its_view_is_stored_or_computed(store, tmp_path, monkeypatch, end, values):
    from biocurate.store.store import create_store

    monkeypatch.setattr(run, "VALUES", values)  # blocks of 250 samples: spans begin, end and lie across them
    view = parse_view({"name": "v", "chains": {"EEG": STEPS + ENDS[end]}})
    other = create_store(str(tmp_path / "other"))
    for each, lazy in ((store, False), (other, True)):
        put(each, recordings())
        preprocess(each, view, lazy=lazy)
    assert store.derived_streams.collect()["part"].null_count() == 0
    assert other.derived_streams.collect()["part"].null_count() == 1
    stored, computed = (each.recording("a/one") for each in (store, other))
    for start_s, stop_s in SPANS:
        expected = stored.read("EEG", start_s, stop_s, view="v")
        assert np.isfinite(expected).any()
        np.testing.assert_array_equal(computed.read("EEG", start_s, stop_s, view="v"), expected)


def test_a_computed_view_is_read_as_the_raw_samples_stand_in_the_snapshot(store):
    """A recording that is replaced has no view until `preprocess` runs again: never other samples in silence."""
    view = parse_view({"name": "v", "chains": {"EEG": STEPS}})
    put(store, recordings())
    preprocess(store, view, lazy=True)
    before, snapshot = store.recording("a/one").read("EEG", view="v"), store.snapshot_id
    put(store, {"a/one": Recording((noise_stream("EEG", 100, [(0, 900)], ["Fp1", "Cz"], seed=4),))})
    with pytest.raises(Exception, match="was not made of it"):
        store.recording("a/one").read("EEG", view="v")
    there = open_store(store.url, at=snapshot)
    np.testing.assert_array_equal(there.recording("a/one").read("EEG", view="v"), before)


def test_a_view_that_this_version_computes_otherwise_is_refused(store, monkeypatch):
    put(store, recordings())
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": STEPS}}), lazy=True)
    monkeypatch.setattr("biocurate.curate.views.lazy.DEFINITION", -1)
    with pytest.raises(StaleError, match="computes it otherwise"):
        store.recording("a/one").read("EEG", view="v")

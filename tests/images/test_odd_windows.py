"""Windows that no one would draw become black images with a reason, in every representation, through the store."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.errors import UsageError
from biocurate.images import kinds
from biocurate.images.checking.check import check_images
from biocurate.images.drawing.registry import representation
from biocurate.images.drawing.windows import Status
from biocurate.images.making.generate import generate, generate_sets
from biocurate.images.making.ordering import orders, pictures
from biocurate.images.reading.stored import image_rows, read_images
from biocurate.recording import NS, Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")

CHANNELS = {"usual": 1e-3, "tiny": 1e-42, "small": 1e-39, "huge": 1e10, "beyond": 1e37}
"""Millivolts of a step: samples go from denormal numbers to infinity in float32."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Every representation of 10 s windows: one constant, one with an invalid sample, and channels of every size."""
    from tests.images.conftest import define

    store = create_store(str(tmp_path_factory.mktemp("odd") / "store"))
    recordings = {}
    for name, gain in CHANNELS.items():
        stream = noise_stream("ECG", 100, [(0, 4000)], ["I"], seed=len(name), invalid=-32768, gain=gain)
        stream.samples.array[0, 1500] = -32768
        stream.samples.array[0, 2000:3000] = 7
        recordings[f"a/{name}"] = Recording((stream,), (interval(0, 40, "rest"),))
    put(store, recordings)
    manifest = define(store, split={"fractions": {"train": 1.0}})
    generate_sets(store, orders([manifest], pictures(kinds(), ["ECG"], {})))
    return store, image_rows(store, "m").collect()


def test_every_image_is_there_and_says_what_it_is(drawn):
    _, rows = drawn
    assert rows.height == len(CHANNELS) * 4 * len(kinds())
    assert set(rows["status"]) <= {status.label for status in Status}
    shown = rows.filter(pl.col("status") == "ok")
    low, high = pl.col("low"), pl.col("high")
    assert shown.select((low.is_finite() & high.is_finite() & (low < high)).all()).item()
    black = rows.filter(pl.col("status") != "ok")
    assert black.select(pl.col("low", "high").is_null().all()).row(0) == (True, True)


@pytest.mark.parametrize(("second", "reason"), [(10, "missing"), (20, "constant")])
def test_the_reason_is_that_of_the_window(drawn, second, reason):
    _, rows = drawn
    usual = rows.filter((pl.col("recording_id") == "a/usual") & (pl.col("t0_ns") == second * NS))
    assert usual["status"].to_list() == [reason] * len(kinds())


def test_what_shows_nothing_is_black_and_what_shows_something_is_not(drawn):
    store, rows = drawn
    pixels = read_images(store, rows, 16)
    shown = (rows["status"] == "ok").to_numpy()
    assert not pixels[~shown].any()
    assert pixels[shown].reshape(shown.sum(), -1).any(axis=1).all()


def test_the_usual_ones_beside_them_are_all_drawn(drawn):
    _, rows = drawn
    usual = rows.filter((pl.col("recording_id") == "a/usual") & pl.col("t0_ns").is_in([0, 30 * NS]))
    assert set(usual["status"]) == {"ok"}


def test_they_are_the_same_when_they_are_drawn_anew(drawn):
    store, rows = drawn
    found = check_images(store, deep=True)
    assert (found.problems, found.table()["redrawn"].sum()) == ([], rows.height)


def test_windows_that_are_too_short_for_a_representation_are_rows_with_a_reason(store, manifest, build):
    short = build(store, "short", windows={"length": "2s"})
    long_frames = representation("spectrogram-angle", segment=128)
    outcome = generate(store, short, long_frames, ["GSR"])
    assert set(outcome.status) == {"short"}
    assert not read_images(store, image_rows(store, outcome.image_set).collect(), 16).any()
    assert check_images(store, deep=True).problems == []


def test_parameters_that_make_no_sense_for_one_of_the_rates_are_refused_before_anything_is_drawn(store, manifest):
    reaching = pictures(["waveform", "scalogram"], ["EEG", "GSR"], {"scalogram.high_hz": "3"})
    with pytest.raises(UsageError, match="high_hz = 3 Hz is not below 2 Hz"):
        generate_sets(store, orders([manifest], reaching))
    assert not store.tables.exists("images/m")


def test_numbers_of_images_are_none_twice(drawn):
    _, rows = drawn
    assert np.unique(rows["image_id"].to_numpy()).size == rows.height

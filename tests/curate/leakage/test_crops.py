"""Copies that begin at another time: equal numbers by winnowing (Schleimer et al. 2003), others by shapes at marks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, resample_poly, sosfilt

from biocurate.curate.leakage.check import find_leaks
from biocurate.curate.leakage.crops import sharing_numbers
from biocurate.curate.leakage.fingerprint import FAST
from biocurate.curate.leakage.grams import GRAM, grams, shared_for_certain, window_of
from biocurate.curate.leakage.seen import TRAINED_ON, read_seen
from biocurate.curate.leakage.shapes import shapes
from biocurate.curate.leakage.stored import stored_fingerprints
from biocurate.curate.windows.build import build_windows
from biocurate.recording import ArraySamples, Recording
from biocurate.store.schema import cast
from biocurate.store.split_schema import FINGERPRINTS
from biocurate.testing.memory import noise_stream, put

RATE = 100


def wave(seed, seconds=150, channels=2):
    """Most of its power lies below 8 Hz, and no two seconds are alike."""
    white = np.random.default_rng(seed).normal(0, 1500, (channels, seconds * RATE))
    return sosfilt(butter(2, 8, fs=RATE, output="sos"), white)


def of(digital, rate=RATE):
    stream = noise_stream("ECG", rate, [(0, digital.shape[1])], [f"c{n}" for n in range(len(digital))])
    return Recording((replace(stream, samples=ArraySamples(np.rint(digital).astype(np.int16))),))


@pytest.fixture
def leaks(store):
    """What is found where a whole recording is trained on and a change of it is tested on, beside two others."""

    def found(change, rate=RATE):
        recordings = {"a/p0": of(wave(0)), "a/p1": of(wave(1)), "b/p2": of(wave(2)), "b/copy": of(change, rate)}
        put(store, recordings, {name: name.split("/")[1] for name in recordings})
        build_windows(store, "w", length_s=5, overwrite=True)
        side = pl.when(pl.col("corpus") == "a").then(pl.lit("train")).otherwise(pl.lit("test"))
        return find_leaks(store, store.windows("w").collect().with_columns(split=side))

    return found


def pairs(leaks):
    return leaks.found.select("kind", "split_a", "a", "split_b", "b").rows()


CROP = [("crop", "train", "a/p0", "test", "b/copy")]


@pytest.mark.parametrize("first", [1, 37, 5_000, 13_800])
def test_equal_numbers_at_another_start(leaks, first):
    found = leaks(np.rint(wave(0))[:, first : first + 1_200])
    assert pairs(found) == CROP
    assert found.found["alike"].to_list() == [1.0]


def test_a_crop_of_one_channel_at_another_offset(leaks):
    assert pairs(leaks(np.rint(wave(0))[1:, 2_345:3_545] - 77)) == CROP


def test_two_recordings_that_share_a_stretch_of_both(leaks):
    assert pairs(leaks(np.concatenate([wave(7)[:, :3_000], wave(0)[:, -1_500:]], axis=1))) == CROP


@pytest.mark.parametrize(
    ("change", "rate"),
    [
        (lambda x: resample_poly(x, 1, 2, axis=1), 50),
        (lambda x: resample_poly(x, 16, 25, axis=1) * 0.4, 64),
        (lambda x: -0.31 * x + 40, RATE),
    ],
)
def test_a_crop_that_is_resampled_or_rescaled(leaks, change, rate):
    found = leaks(change(wave(0)[:, 4_321:12_000]), rate)
    assert pairs(found) == CROP
    assert 0.93 < found.found["alike"][0] < 1.01


def test_recordings_that_share_nothing_are_clean(leaks):
    assert leaks(wave(9)).clean


@settings(max_examples=30)
@given(seed=st.integers(0, 50), rate=st.sampled_from([1.0, 4.0, 62.4725, 100.0]), data=st.data())
def test_winnowing_a_shared_window_is_found_for_certain(seed, rate, data):
    """Schleimer et al., property 1: of a match as long as the guarantee, one hash is kept in both."""
    x = np.random.default_rng(seed).integers(-9, 10, (1, 6 * shared_for_certain(rate)))
    first = data.draw(st.integers(0, x.shape[1] - shared_for_certain(rate)))
    cut = x[:, first : first + shared_for_certain(rate)]
    assert np.isin(grams(cut + 5, rate), grams(x, rate)).sum() >= 2
    shortest = x[:, first : first + window_of(rate) + GRAM]
    assert np.isin(grams(shortest, rate), grams(x, rate)).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 50), at=st.integers(300, 900))
def test_blocks_that_overlap_have_the_hashes_of_the_whole(seed, at):
    x = np.random.default_rng(seed).integers(-9, 10, (2, 1_500))
    parts = [grams(x[:, : at + shared_for_certain(25.0)], 25.0), grams(x[:, at:], 25.0)]
    assert set(np.concatenate(parts)) == set(grams(x, 25.0))


@pytest.mark.parametrize(
    "x",
    [np.zeros(3000, int), np.arange(3000), np.repeat(np.arange(30), 100), np.full(3000, np.nan), np.arange(40.0)],
    ids=["silence", "ramp", "stairs", "not a number", "scrap"],
)
def test_what_hardly_bends_has_no_hash(x):
    assert grams(x[None], 100.0).size == 0


@pytest.mark.parametrize("shift", [13, 1_001, 2_500])
def test_shapes_do_not_depend_on_where_a_recording_begins(shift):
    x = wave(3)[0]
    own, other = (shapes(each, float(RATE), FAST).astype(float) for each in (x, x[shift:]))
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (own, other)]
    assert len(other) >= 3
    # Marks near the start of the later one may be new; all others are old acquaintances.
    assert (np.abs(unit[1] @ unit[0].T).max(axis=1) > 0.95).sum() >= len(other) - 1


@pytest.mark.parametrize("x", [np.zeros(5000), np.full(5000, np.nan), np.zeros(0), wave(1)[0][:800]])
def test_silence_and_scraps_have_no_shape(x):
    assert shapes(x, float(RATE), FAST).shape == (0, 256)


def test_a_hash_that_hundreds_share_makes_no_square():
    held = np.array([1, 2, 3], dtype="<i8").tobytes()
    found = sharing_numbers(pl.DataFrame({"grams": [held] * 500 + [b""]}))
    assert 499 <= found.height < 500 * 20


def test_only_streams_of_the_manifest_are_read(store):
    put(store, {"a/p0": of(wave(0)), "a/p1": of(wave(1))}, {"a/p0": "p0", "a/p1": "p1"})
    build_windows(store, "w", length_s=5)
    rows = store.windows("w").collect().filter(pl.col("recording_id") == "a/p0")
    find_leaks(store, rows.with_columns(split=pl.lit("train")))
    assert store.tables.scan("fingerprints").collect()["recording_id"].to_list() == ["a/p0"]
    assert stored_fingerprints(store).height == 2


def test_a_run_from_before_crops_were_looked_for_is_named(store, tmp_path):
    put(store, {"a/p0": of(wave(0)), "a/p1": of(wave(0)[:, 999:4_000])}, {"a/p0": "p0", "a/p1": "p1"})
    build_windows(store, "w", length_s=5)
    rows = store.windows("w").collect().with_columns(split=pl.lit("test"))
    before, after = (rows.filter(pl.col("recording_id") == name) for name in ("a/p0", "a/p1"))
    content = find_leaks(store, before).content
    assert pairs(find_leaks(store, after, {"run": content}))[0][0] == "crop"
    content.drop("grams", "shapes").write_parquet(tmp_path / TRAINED_ON)
    old = find_leaks(store, after, {"run": read_seen(tmp_path)})
    assert (old.clean, old.uncropped) == (True, ("run",))


def test_a_table_from_before_crops_were_looked_for_is_added_to(store):
    """Fingerprints of version 1 had fewer columns; they stay, and count no more."""
    put(store, {"a/p0": of(wave(0)), "b/p1": of(wave(0)[:, 777:5_000])}, {"a/p0": "p0", "b/p1": "p1"})
    build_windows(store, "w", length_s=5)
    stored = store.streams.select("recording_id", "revision", "stream_no", "sensor_type").collect()
    before = stored.with_columns(version=pl.lit(1, pl.Int64), vectors=pl.lit(b"")).to_arrow()
    old = [field for field in FINGERPRINTS if field.name not in {"grams", "shapes"}]
    store.tables.append("fingerprints", cast(before, pa.schema(old)))
    side = pl.when(pl.col("corpus") == "a").then(pl.lit("train")).otherwise(pl.lit("test"))
    rows = store.windows("w").collect().with_columns(split=side)
    assert find_leaks(store, rows).found["kind"].to_list() == ["crop"]
    assert store.tables.scan("fingerprints").collect().height == 4
    assert find_leaks(store, rows).found["kind"].to_list() == ["crop"]

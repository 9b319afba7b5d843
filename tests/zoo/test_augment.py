"""Augmentation: what is asked for and nothing else, and the same for the same seed, epoch and item."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import UsageError
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo import Augmentation, Draw, ImageDataset, MaskOut, loader
from zoo.data.counted import uniform

ALL = Augmentation(probability=0.7, amplitude=2, shift_s=1, noise=0.2, band_hz=5, drop=0.1)
RATE = 100.0


def windows(n=40, samples=500, seed=0):
    return np.random.default_rng(seed).standard_normal((n, samples)).astype(np.float32)


def test_time_has_a_direction():
    with pytest.raises(UsageError, match="not flipped horizontally: time has a direction"):
        Augmentation(horizontal_flip=True)
    with pytest.raises(ValidationError):
        Augmentation(vertical_flip=True)


def test_what_is_not_asked_for_leaves_every_bit(tmp_path):
    x = windows()
    assert Augmentation(probability=1).change(x, np.arange(40), RATE, 1, 2) is x
    assert not Augmentation(probability=1).shift(np.arange(40), RATE, 1, 2).any()


@settings(max_examples=30, deadline=None)
@given(at=st.lists(st.integers(0, 39), min_size=1, max_size=40), samples=st.sampled_from([31, 64, 500]))
def test_a_window_is_changed_the_same_whatever_batch_it_is_in(at, samples):
    x = windows(samples=samples)
    whole = ALL.change(x, np.arange(40), RATE, 5, 1)
    np.testing.assert_array_equal(ALL.change(x[at], np.array(at), RATE, 5, 1), whole[at])
    np.testing.assert_array_equal(ALL.shift(np.array(at), RATE, 5, 1), ALL.shift(np.arange(40), RATE, 5, 1)[at])


@pytest.mark.parametrize("field", [{"amplitude": 2}, {"noise": 0.2}, {"band_hz": 5}])
def test_seed_epoch_and_item_each_change_what_is_done(field):
    x, of = windows(), Augmentation(probability=1, **field)
    item = np.arange(40)
    base = of.change(x, item, RATE, 0, 0)
    for other in (of.change(x, item, RATE, 1, 0), of.change(x, item, RATE, 0, 1), of.change(x, item + 40, RATE, 0, 0)):
        assert (base != other).any(axis=1).all()


def test_amplitudes_are_multiplied_or_divided_by_up_to_the_factor():
    x, of = windows(400), Augmentation(probability=1, amplitude=2)
    factor = of.change(x, np.arange(400), RATE, 0, 0)[:, 0] / x[:, 0]
    assert factor.min() >= 0.5 - 1e-6
    assert factor.max() <= 2 + 1e-6
    assert np.median(np.log2(factor)) == pytest.approx(0, abs=0.15)


def test_noise_is_white_normal_and_no_stronger_than_its_share():
    x, of = 7 * windows(400), Augmentation(probability=1, noise=0.5)
    added = (of.change(x, np.arange(400), RATE, 0, 0) - x) / x.std(axis=1, keepdims=True)
    strength = added.std(axis=1)
    assert strength.max() < 0.5 * 1.15
    assert strength.mean() == pytest.approx(0.25, abs=0.03)
    white = added / strength[:, None]
    assert (white**4).mean() == pytest.approx(3, abs=0.15)
    assert np.abs((white[:, 1:] * white[:, :-1]).mean()) < 0.01


def test_a_band_is_taken_out_and_the_rest_stays():
    t = np.arange(1000) / RATE
    tones = np.arange(1, 50)
    x = (3 + np.sin(2 * np.pi * tones[:, None] * t + tones[:, None])).astype(np.float32)
    item = np.full(49, 8)  # all lose the same band
    of = Augmentation(probability=1, band_hz=5)
    left = of.change(x, item, RATE, 0, 0).std(axis=1) / x.std(axis=1)
    assert 5 <= (left < 0.01).sum() <= 6
    assert (left < 0.99).sum() <= 7
    np.testing.assert_allclose(of.change(x, item, RATE, 0, 0).mean(axis=1), x.mean(axis=1), atol=1e-4)


def test_probability_and_dropped_channels_are_shares():
    x, item = windows(4000, 8), np.arange(4000)
    changed = (Augmentation(probability=0.3, amplitude=2).change(x, item, RATE, 0, 0) != x).any(axis=1)
    assert changed.mean() == pytest.approx(0.3, abs=0.03)
    dropped = (Augmentation(drop=0.2).change(x, item, RATE, 0, 0) == 0).all(axis=1)
    assert dropped.mean() == pytest.approx(0.2, abs=0.03)


def test_missing_samples_stay_missing():
    x = windows(4)
    x[1, 7] = np.nan
    out = ALL.change(x, np.arange(4), RATE, 0, 0)
    assert np.isfinite(out[[0, 2, 3]]).all()


def test_numbers_are_uniform_and_independent():
    number = uniform(3, 1, 2, np.arange(5000), 4)
    assert number.min() >= 0
    assert number.max() < 1
    np.testing.assert_allclose(number.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(number.T), np.eye(4), atol=0.05)
    assert np.abs(np.corrcoef(number[1:, 0], number[:-1, 0])[0, 1]) < 0.05


@pytest.mark.parametrize("shape", ["rectangle", "bands"])
def test_a_mask_is_a_rectangle_or_two_bands_within_its_shares(shape):
    of = MaskOut(probability=1, shape=shape, rows=0.25, columns=0.5)
    masked = of.apply(torch.full((200, 3, 40, 40), 9, dtype=torch.uint8), np.arange(200), 0, 0) == 0
    assert torch.equal(masked[:, 0], masked[:, 2])
    rows, columns = masked[:, 0].any(dim=2), masked[:, 0].any(dim=1)
    if shape == "bands":
        rows, columns = masked[:, 0].all(dim=2), masked[:, 0].all(dim=1)
        expected = rows[:, :, None] | columns[:, None, :]
    else:
        expected = rows[:, :, None] & columns[:, None, :]
    assert torch.equal(masked[:, 0], expected)
    assert rows.sum(dim=1).max() <= 10
    assert columns.sum(dim=1).max() <= 20
    assert rows.sum(dim=1).max() >= 8


def test_a_mask_is_the_same_whatever_the_batch():
    of, images = MaskOut(probability=0.5), torch.full((30, 1, 32, 32), 9, dtype=torch.uint8)
    whole = of.apply(images.clone(), np.arange(30), 1, 2)
    at = [7, 3, 21]
    assert torch.equal(of.apply(images[at].clone(), np.array(at), 1, 2), whole[at])
    assert 5 <= int((whole == 0).flatten(1).any(dim=1).sum()) <= 25


@pytest.fixture
def ramp(tmp_path):
    """A store whose samples tell their own number: a shift is seen; a gap in the middle of one recording."""
    store = create_store(str(tmp_path / "s"))
    labels = (interval(0, 20, "rest"), interval(20, 20, "task"))
    recordings = {}
    for name, segments in {
        "a/one": (Segment(0, 4000),),
        "a/two": (Segment(0, 1950), Segment(22_000_000_000, 1800)),
        "a/b": (Segment(0, 4000),),
    }.items():
        count = sum(segment.n_samples for segment in segments)
        samples = ArraySamples(np.arange(count, dtype=np.int16)[None])
        stream = Stream(SensorType.EEG, RATE, (Channel("Cz", "Cz", "uV", 1.0),), segments, samples)
        recordings[name] = Recording((stream,), labels)
    put(store, recordings, {name: name for name in recordings})
    fields = {"name": "m", "windows": {"length": "5s"}, "label": {"column": "condition"}}
    build_manifest(store, parse_definition({**fields, "split": {"method": "kfold", "folds": 2}}))
    return store


def test_a_shifted_window_has_the_samples_that_are_there_and_crosses_no_gap(ramp):
    draw = Draw(("waveform",), augmentation=Augmentation(probability=1, shift_s=2))
    data = ImageDataset(ramp.url, "m", None, size=32, stored=False, draw=draw)
    at, moved = np.arange(len(data)), []
    for epoch in range(20):
        data.set_epoch(epoch)
        (piece,) = data.__getitems__(at.tolist()) and data._pieces(at, draw.augmentation)
        x = piece.x.numpy()[np.argsort(piece.places.numpy())]
        np.testing.assert_array_equal(np.diff(x, axis=1), 1)
        first = data.images["first"].to_numpy()
        moved.append(x[:, 0] - first)
        in_second = (data.rows["recording_id"].to_numpy()[data.row] == "a/two") & (first >= 1950)
        assert (x[in_second, 0] >= 1950).all()
        of_two = data.rows["recording_id"].to_numpy()[data.row] == "a/two"
        assert (x[of_two & ~in_second, -1] < 1950).all()
    moved = np.concatenate(moved)
    assert np.abs(moved).max() <= 200
    assert (moved != 0).mean() > 0.8


def test_windows_are_not_shifted_into_another_split(ramp):
    fields = {"name": "mixed", "windows": {"length": "5s"}, "label": {"column": "condition"}}
    split = {"method": "time", "fractions": {"train": 0.5, "test": 0.5}, "guard": "1s"}
    build_manifest(ramp, parse_definition({**fields, "split": split}))
    draw = Draw(("waveform",), augmentation=Augmentation(shift_s=2))
    with pytest.raises(UsageError, match="could show samples of another split"):
        ImageDataset(ramp.url, "mixed", "train", stored=False, draw=draw)


def test_workers_augment_the_same_in_every_epoch(ramp):
    draw = Draw(("spectrogram-psd",), augmentation=ALL)
    epochs = []
    for workers in (0, 1):
        data = ImageDataset(ramp.url, "m", None, size=32, stored=False, draw=draw, mask=MaskOut(), seed=9)
        batches = loader(data, 5, workers=workers, seed=3)
        found = []
        for epoch in (0, 1):
            batches.sampler.set_epoch(epoch)
            found.append([batch["image"] for batch in batches])
        epochs.append(found)
    for here, there in zip(*epochs, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))
    first, second = (torch.cat(epoch).long().sum() for epoch in epochs[0])
    assert first != second

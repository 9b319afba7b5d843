"""Black and white by image, by recording, and by the split that one trains on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.errors import UsageError
from biocurate.images import Status, draw, representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.fit import fitted, training_rows
from biocurate.images.making.generate import generate
from biocurate.images.making.ranges import tiles
from biocurate.images.reading.stored import image_rows, read_images
from biocurate.recording import NS, Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

PSD = representation("spectrogram-psd")
BY_RECORDING = PSD.scaled(Scale("recording"))
HALVES = {"method": "hash", "fractions": {"train": 0.5, "test": 0.5}}


def numbers_of(recording, stream_no, channel, windows):
    """Numbers of the representation in some windows, from the samples in memory."""
    stream = recording.streams[stream_no]
    x = np.stack([stream.physical[channel, start : start + count] for start, count in windows]).astype(np.float32)
    return PSD.native(torch.from_numpy(x), stream.rate_hz).numpy()


def test_scaled_by_recording_all_images_of_a_channel_share_percentiles_1_and_99_of_its_windows(
    store, manifest, recordings
):
    generate(store, manifest, BY_RECORDING, ["EEG"], image_set="s")
    rows = image_rows(store, "s").collect()
    assert rows["representation"].unique().to_list() == [BY_RECORDING.id]
    one = rows.filter(recording_id="a/one", channel="Fp2")
    values = numbers_of(recordings["a/one"], 0, 1, [(at, 1000) for at in range(0, 4000, 1000)])
    low, high = np.percentile(values.astype(np.float64), [1, 99])
    np.testing.assert_allclose(one["low"], low, rtol=1e-5)
    np.testing.assert_allclose(one["high"], high, rtol=1e-5)
    start = round(one["t0_ns"][2] * 100 / NS)
    levels = (numbers_of(recordings["a/one"], 0, 1, [(start, 1000)])[0] - low) / (high - low) * 255
    pixels = read_images(store, one[2:3], None)[0][::-1]
    assert np.abs(pixels - np.clip(levels, 0, 255)).max() <= 0.5 + 1e-2


def test_the_range_of_a_recording_is_the_same_whatever_the_manifest(store, build):
    """It is found from the recording alone: an id stands for the same bytes in every set."""
    first, second = build(store), build(store, "n", windows={"length": "10s", "hop": "5s"})
    for manifest in (first, second):
        generate(store, manifest, BY_RECORDING, ["EEG"], image_set=manifest.name)
    sets = [image_rows(store, name).select("image_id", "low", "high").collect() for name in ("m", "n")]
    shared = sets[0].join(sets[1], on="image_id", suffix="_again")
    assert shared.height == sets[0].height
    assert shared["low"].equals(shared["low_again"])
    assert shared["high"].equals(shared["high_again"])


def test_a_range_of_the_train_split_knows_no_test_subject(tmp_path, recordings, build):
    """Recordings of the test split are ten thousand times as strong in another store: the range stays."""
    made = {}
    for name, factor in {"as": 1.0, "loud": 1e4}.items():
        store = create_store(str(tmp_path / name))
        put(store, recordings, {key: key for key in recordings})
        manifest = build(store, split=HALVES)
        tested = set(manifest.split("test")["recording_id"])
        assert 0 < len(tested) < 3
        if factor > 1:
            store = create_store(str(tmp_path / "again"))
            put(
                store,
                {key: louder(each, factor if key in tested else 1) for key, each in recordings.items()},
                {key: key for key in recordings},
            )
            manifest = build(store, split=HALVES)
        made[name] = fitted(store, manifest, PSD, "EEG")
    assert made["as"].scale.bounds == made["loud"].scale.bounds
    assert made["as"].id == made["loud"].id


def louder(recording, factor):
    from dataclasses import replace

    streams = []
    for stream in recording.streams:
        channels = tuple(replace(channel, gain=channel.gain * factor) for channel in stream.channels)
        streams.append(replace(stream, channels=channels))
    return Recording(tuple(streams), recording.annotations)


def test_a_range_of_the_train_split_is_percentiles_1_and_99_of_its_numbers(store, build, recordings):
    manifest = build(store, split=HALVES)
    rows = manifest.split("train")
    drawn = fitted(store, manifest, PSD, "EEG")
    values = [
        numbers_of(
            recordings[recording_id], 0, channel, [(round(t0_ns * stream.rate_hz / NS), round(10 * stream.rate_hz))]
        )
        for recording_id, t0_ns in rows.select("recording_id", "t0_ns").iter_rows()
        for stream in recordings[recording_id].streams[:1]
        for channel in range(len(stream.channels))
    ]
    low, high = np.percentile(np.concatenate([each.ravel() for each in values]).astype(np.float64), [1, 99])
    assert drawn.scale.bounds == pytest.approx((low, high), abs=(high - low) / 1000)
    generate(store, manifest, drawn, ["EEG"], image_set="s")
    found = image_rows(store, "s").filter(status="ok").collect()
    assert found.select("low", "high").unique().row(0) == pytest.approx(drawn.scale.bounds)


def test_the_range_is_part_of_the_id_and_kept_with_the_run(store, build):
    manifest = build(store, split=HALVES)
    drawn = fitted(store, manifest, PSD, "EEG")
    ids = {PSD.id, BY_RECORDING.id, drawn.id, PSD.scaled(Scale("train", -1.0, 1.0)).id}
    assert len(ids) == 4
    assert PSD.scaled(Scale()).id == PSD.id
    generate(store, manifest, drawn, ["EEG"], image_set="s")
    config = store.tables.scan("runs").filter(command="images").collect()["config"][-1]
    assert str(drawn.scale.low) in config
    assert manifest.hash in config


@pytest.mark.parametrize("kind", ["spectrogram-angle", "spectrogram-phase"])
@pytest.mark.parametrize("scope", ["recording", "train"])
def test_angles_keep_their_range_and_are_resized_to_the_nearest(kind, scope):
    drawn = representation(kind, "EEG")
    assert drawn.scaled(Scale(scope, 0.0, 1.0)) is drawn
    assert drawn.resizing == "nearest"


def test_folds_need_the_one_that_is_held_out(manifest):
    with pytest.raises(UsageError, match="each fold trains on other persons") as caught:
        training_rows(manifest)
    assert "--fold fold0" in caught.value.mend
    rows = training_rows(manifest, "fold1")
    assert "fold1" not in rows["split"]
    assert rows.height + manifest.split("fold1").height == manifest.rows.height
    with pytest.raises(UsageError, match="no fold 'fold7'"):
        training_rows(manifest, "fold7")


def test_a_manifest_without_splits_gives_no_range(manifest):
    from dataclasses import replace

    bare = replace(manifest, rows=manifest.rows.drop("split"), splits=())
    with pytest.raises(UsageError, match="no split to train on"):
        training_rows(bare)


def test_windows_alone_cannot_be_scaled_by_recording():
    with pytest.raises(UsageError, match="cannot be drawn from windows alone"):
        draw(torch.randn(2, 1000), 100.0, BY_RECORDING)


def test_a_recording_that_gives_no_range_has_a_reason_and_black_images():
    nothing = torch.full((2,), np.nan)
    drawing = draw(torch.randn(2, 1000), 100.0, BY_RECORDING, (nothing, nothing))
    assert drawing.status.tolist() == [Status.UNSCALED] * 2
    assert not drawing.pixels.any()


def test_tiles_lie_end_to_end_within_stretches_and_are_evenly_spaced():
    first, lengths = np.array([0, 100]), np.array([35, 20])
    assert tiles(first, lengths, 10).tolist() == [0, 10, 20, 100, 110]
    assert tiles(first, lengths, 10, most=2).tolist() == [10, 100]
    assert tiles(first, np.array([9, 9]), 10).tolist() == []


def test_windows_without_anything_to_see_give_no_range(tmp_path, build):
    flat = noise_stream("EEG", 100, [(0, 4000)], ["Cz"], seed=1)
    store = create_store(str(tmp_path / "s"))
    quiet = Recording((silent(flat),), (interval(0, 20, "rest"), interval(20, 20, "task")))
    put(store, {"a/one": quiet, "a/two": quiet}, {"a/one": "1", "a/two": "2"})
    manifest = build(store, split={"method": "kfold", "folds": 2})
    with pytest.raises(UsageError, match="give no range to draw EEG by"):
        fitted(store, manifest, PSD, "EEG", held_out="fold0")
    outcome = generate(store, manifest, BY_RECORDING, ["EEG"], image_set="s")
    assert set(outcome.status) <= {"constant", "unscaled"}


def silent(stream):
    from dataclasses import replace

    from biocurate.recording import ArraySamples

    return replace(stream, samples=ArraySamples(np.zeros((1, 4000), np.int16)))

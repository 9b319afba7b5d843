"""Images that a dataset draws itself: the bytes of the stored ones, whatever batch, thread or worker makes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ModelError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.images.making.scaling import scaled
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo import Augmentation, Draw, ImageDataset, MaskOut, dealt_loader, loader
from zoo.data import images as module
from zoo.data.draw import ORDER

KINDS = ("spectrogram-psd", "spectrogram-angle", "recurrence")


def stored(store, kinds, sensors, scope="image", name="set", manifest="m", held_out=None):
    """Draw a set as the command line does."""
    built = store.manifest(manifest)
    for sensor in sensors:
        for kind in kinds:
            drawing = scaled(store, built, kind, sensor, scope, held_out=held_out)
            generate(store, built, drawing, [sensor], image_set=name)


@pytest.fixture(scope="session")
def real(corpora, tmp_path_factory):
    """A store of real EEG, ECG and EDA, and a set of three representations of each."""
    import edfio
    import wfdb

    eeg = edfio.read_edf(sorted((corpora / "eegmat").glob("*.edf"))[0])
    header = sorted((corpora / "ludb").rglob("*.hea"))[0].with_suffix("")
    ecg = wfdb.rdrecord(str(header)).p_signal.T
    streams = {
        "EEG": (np.array([each.data for each in eeg.signals[:3]])[:, :20_000], 500.0, "uV"),
        "ECG": (ecg[:2], 500.0, "mV"),
    }
    store = create_store(str(tmp_path_factory.mktemp("real") / "s"))
    recordings = {}
    for name, (x, rate, unit) in streams.items():
        for half, part in enumerate(np.array_split(x, 2, axis=1)):
            gain = float(np.abs(part).max()) / 32000
            names = tuple(Channel(f"c{row}", f"c{row}", unit, gain) for row in range(len(part)))
            samples = ArraySamples(np.round(part / gain).astype(np.int16))
            stream = Stream(SensorType(name), rate, names, (Segment(0, part.shape[1]),), samples)
            seconds = part.shape[1] / rate
            labels = (interval(0, seconds / 2, "rest"), interval(seconds / 2, seconds / 2, "task"))
            recordings[f"r/{name}{half}"] = Recording((stream,), labels)
    put(store, recordings, {name: name for name in recordings})
    define(store, windows={"length": "2s", "hop": "1s"})
    stored(store, KINDS, ["EEG", "ECG"])
    return store


def define(store, name="m", **changes):
    fields = {"name": name, "windows": {"length": "10s"}, "label": {"column": "condition"}}
    split = {"method": "kfold", "folds": 2}
    return build_manifest(store, parse_definition({**fields, "split": split, **changes}))


@pytest.fixture
def small(tmp_path):
    """A store of two sensor types, several channels, gaps, and one window that shows nothing."""
    store = create_store(str(tmp_path / "s"))
    labels = (interval(0, 20, "rest"), interval(20, 20, "task"))
    flat = np.random.default_rng(1).integers(-99, 99, (1, 160)).astype(np.int16)
    flat[:, :40] = 5
    gsr = Stream(SensorType.GSR, 4.0, (Channel("GSR", "GSR", "uS", 0.01),), (Segment(0, 160),), ArraySamples(flat))
    put(
        store,
        {
            "a/one": Recording((noise_stream("EEG", 100, [(0, 4000)], ["Fp1", "Cz"], seed=1), gsr), labels),
            "a/two": Recording((noise_stream("EEG", 100, [(0, 1500), (20.0, 2000)], ["Cz"], seed=2),), labels),
            "a/three": Recording((noise_stream("EEG", 128, [(0, 5120)], ["Cz"], seed=3),), labels),
        },
        {"a/one": "1", "a/two": "2", "a/three": "3"},
    )
    define(store)
    return store


def pair(store, draw, **options):
    """The stored set and the images drawn here."""
    fields = {"size": 48, **options}
    return (
        ImageDataset(store.url, "m", None, "set", **fields),
        ImageDataset(store.url, "m", None, stored=False, draw=draw, **fields),
    )


def test_items_are_those_of_the_set_several_channels_representations_and_sensor_types_included(small):
    stored(small, KINDS[:2], ["EEG", "GSR"])
    read, drawn = pair(small, Draw(KINDS[:2]))
    assert len(read) == len(drawn)
    assert read.left_out == drawn.left_out > 0
    for name in ("window_row", "stream_no", "channel", "representation"):
        assert read.images[name].to_list() == drawn.images[name].to_list()
    everything = list(range(len(read)))
    a, b = read.__getitems__(everything), drawn.__getitems__(everything)
    assert set(a) == set(b) == {"image", "label", "row"}
    for name in a:
        assert torch.equal(a[name], b[name])


def test_a_set_is_drawn_again_as_it_was_item_by_item(small):
    """Other parameters for each sensor type, one channel only, and an image that shows nothing."""
    built = small.manifest("m")
    for sensor, segment in (("EEG", 64), ("GSR", 16)):
        for scope in ("image", "recording"):
            drawing = scaled(small, built, representation("spectrogram-psd", sensor, segment=segment), sensor, scope)
            generate(small, built, drawing, [sensor], channels=["Cz"] if sensor == "EEG" else [], image_set="set")
    read = ImageDataset(small.url, "m", None, "set", size=48)
    again = ImageDataset(small.url, "m", None, "set", size=48, stored=False, draw=Draw())
    assert again.left_out == read.left_out > 0
    assert again.images.select(*ORDER).equals(read.images.select(*ORDER))
    assert len(again.drawn) == 4
    at = np.random.default_rng(0).permutation(len(read)).tolist()
    for name, mine in again.__getitems__(at).items():
        assert torch.equal(mine, read.__getitems__(at)[name])


def test_a_set_that_was_stored_at_another_size_is_not_drawn_again(small):
    built = small.manifest("m")
    generate(small, built, representation("spectrogram-psd", "EEG"), ["EEG"], image_set="set", size=64)
    assert len(ImageDataset(small.url, "m", None, "set", size=64, stored=False, draw=Draw()))
    with pytest.raises(UsageError, match="stored at 64 pixels"):
        ImageDataset(small.url, "m", None, "set", size=32, stored=False, draw=Draw())


def test_what_is_judged_is_neither_augmented_nor_masked(small):
    plain = ImageDataset(small.url, "m", None, size=32, stored=False, draw=Draw(KINDS[:1]))
    draw = Draw(KINDS[:1], augmentation=Augmentation(probability=1, noise=1))
    changed = ImageDataset(small.url, "m", None, size=32, stored=False, draw=draw, mask=MaskOut(probability=1))
    at = list(range(len(plain)))
    assert not torch.equal(changed.__getitems__(at)["image"], plain.__getitems__(at)["image"])
    assert torch.equal(changed.unchanged(at)["image"], plain.__getitems__(at)["image"])


@pytest.mark.parametrize("scope", ["recording", "train"])
def test_other_scales_give_the_stored_bytes_too(small, scope):
    held_out = "fold0" if scope == "train" else None
    stored(small, KINDS[:2], ["EEG"], scope, held_out=held_out)
    read, drawn = pair(small, Draw(KINDS[:2], scale=scope, held_out=held_out), sensors=["EEG"])
    at = list(range(len(read)))[::-1]
    assert len(read) == len(drawn)
    assert torch.equal(read.__getitems__(at)["image"], drawn.__getitems__(at)["image"])


@pytest.fixture(scope="session")
def of_real(real):
    return pair(real, Draw(KINDS))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), threads=st.sampled_from([1, 2, 3]))
def test_bytes_of_real_windows_equal_the_stored_ones_whatever_the_batch_and_the_threads(of_real, data, threads):
    read, drawn = of_real
    at = data.draw(st.lists(st.integers(0, len(read) - 1), min_size=1, max_size=70))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        live = drawn.__getitems__(at)
    finally:
        torch.set_num_threads(before)
    kept = read.__getitems__(at)
    for name in kept:
        assert torch.equal(live[name], kept[name])


def test_workers_draw_the_same_batches(small):
    _, drawn = (None, ImageDataset(small.url, "m", None, size=32, stored=False, draw=Draw(KINDS[:1])))
    here, there = (list(loader(drawn, 5, workers=workers, seed=3)) for workers in (0, 1))
    assert len(here) == len(there) == -(-len(drawn) // 5)
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_without_a_survey_nothing_is_left_out_and_each_batch_says_what_shows_something(small):
    surveyed = ImageDataset(small.url, "m", None, size=32, stored=False, draw=Draw(KINDS[:1]))
    whole = ImageDataset(small.url, "m", None, size=32, stored=False, draw=Draw(KINDS[:1], survey=False))
    batch = whole.__getitems__(list(range(len(whole))))
    assert int((~batch["shown"]).sum()) == surveyed.left_out == len(whole) - len(surveyed)
    assert not batch["image"][~batch["shown"]].any()
    assert torch.equal(batch["image"][batch["shown"]], surveyed.__getitems__(list(range(len(surveyed))))["image"])


@pytest.mark.parametrize("kept", [True, False])
def test_colours_and_sizes_are_made_later_where_one_trains(small, monkeypatch, kept):
    from biocurate.images import colour

    if not kept:
        monkeypatch.setattr(module, "HELD_BYTES", 0)
    stored(small, KINDS[:2], ["EEG"])
    at = [3, 0, 7]
    for now, later, grey in zip(
        pair(small, Draw(KINDS[:2]), sensors=["EEG"], colour="viridis"),
        pair(small, Draw(KINDS[:2]), sensors=["EEG"], colour="viridis", later=True),
        pair(small, Draw(KINDS[:2]), sensors=["EEG"]),
        strict=True,
    ):
        finished = later.__getitems__(at)["image"].images("cpu")
        assert finished.shape == (3, 3, 48, 48)
        assert torch.equal(finished, now.__getitems__(at)["image"])
        assert torch.equal(finished, colour(grey.__getitems__(at)["image"][:, 0], "viridis"))


def test_a_mask_blackens_stored_images_anew_each_epoch(small):
    stored(small, KINDS[:1], ["EEG"])
    plain = ImageDataset(small.url, "m", None, "set", size=32)
    masked = ImageDataset(small.url, "m", None, "set", size=32, mask=MaskOut(probability=1), seed=4)
    at = list(range(len(plain)))
    before = plain.__getitems__(at)["image"]
    epochs = []
    for epoch in (0, 1):
        masked.set_epoch(epoch)
        epochs.append(masked.__getitems__(at)["image"])
        touched = epochs[-1] != before
        assert touched.any()
        assert not epochs[-1][touched].any()
    assert not torch.equal(*epochs)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stored": False}, "images that are not stored are drawn"),
        ({"stored": False, "draw": Draw(("spectrogram-psd",)), "image_set": "set"}, "drawn as the set's are"),
        ({"draw": Draw(("spectrogram-psd",)), "image_set": "set"}, "stored images come from a set"),
        ({}, "stored images come from a set"),
        ({"stored": False, "draw": Draw(())}, "no representation is named"),
        ({"stored": False, "draw": Draw(("spectrogram",))}, "no representation 'spectrogram'"),
        ({"stored": False, "draw": Draw(("spectrogram-psd",), channels=("Oz",))}, "no stream has a channel Oz"),
        ({"stored": False, "draw": Draw(("spectrogram-psd",)), "sensors": ["ECG"]}, "no window has ECG"),
        ({"stored": False, "draw": Draw(("spectrogram-psd",), scale="train")}, "each fold trains on other persons"),
        ({"stored": False, "draw": Draw(("spectrogram-psd",), held_out="fold0")}, "no fold is held out"),
    ],
)
def test_what_makes_no_sense_is_refused(small, options, told):
    with pytest.raises(UsageError, match=told):
        ImageDataset(small.url, "m", None, **options)


def test_windows_that_show_nothing_at_all_are_refused(tmp_path):
    store = create_store(str(tmp_path / "s"))
    nothing = ArraySamples(np.zeros((1, 160), np.int16))
    gsr = Stream(SensorType.GSR, 4.0, (Channel("GSR", "GSR", "uS", 0.01),), (Segment(0, 160),), nothing)
    labels = (interval(0, 20, "rest"), interval(20, 20, "task"))
    put(store, {"a/one": Recording((gsr,), labels), "a/two": Recording((gsr,), labels)}, {"a/one": "1", "a/two": "2"})
    define(store)
    with pytest.raises(ModelError, match="gives an image that shows something"):
        ImageDataset(store.url, "m", None, stored=False, draw=Draw(("spectrogram-psd",)))


def test_a_representation_may_come_with_its_parameters(small):
    drawing = representation("spectrogram-psd", segment=64)
    drawn = ImageDataset(small.url, "m", None, stored=False, sensors=["EEG"], draw=Draw((drawing,)))
    assert drawn.images["representation"].unique().to_list() == [drawing.id]


def test_dealt_by_window_each_is_read_once_whatever_number_of_images_it_gives(small):
    drawn = ImageDataset(small.url, "m", None, size=32, sensors=["EEG"], stored=False, draw=Draw(KINDS[:2]))
    windows = len(np.unique(drawn.block))
    assert len(drawn) == 2 * (windows + 4)  # two representations; one recording has two channels
    drawn._live.read, drawn._live.kept_bytes = 0, 2 * 3 * drawn.block_bytes
    seen = [batch["row"] for batch in dealt_loader(drawn, 4, seed=1, buffer_bytes=3 * drawn.block_bytes)]
    assert len(torch.cat(seen)) == len(drawn)
    assert drawn._live.read == windows


def test_windows_of_two_lengths_from_one_sample_are_not_taken_for_each_other(small):
    from biocurate.images.reading.live import Live, items

    manifest = small.manifest("m")
    halves = manifest.rows.with_columns(duration_ns=manifest.rows["duration_ns"] // 2)
    both = manifest.rows.vstack(halves)
    dataset = ImageDataset(small.url, "m", None, size=32, stored=False, draw=Draw(KINDS[:1]))
    found = items(dataset._reader, both, ["EEG"])
    live = Live(dataset._reader, found.with_columns(drawn=0), dataset.drawn)
    lengths = {
        piece.x.shape[1] for piece in live.pieces(np.arange(found.height)) + live.pieces(np.arange(found.height))
    }
    assert lengths == {500, 1000, 640, 1280}

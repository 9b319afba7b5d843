"""Several representations and manifests in one command: samples read once, few commits, bounded plans."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from biocurate.errors import StoreError, UsageError
from biocurate.images import resize
from biocurate.images.drawing.picture import Picture
from biocurate.images.drawing.registry import representation
from biocurate.images.making.expected import expected
from biocurate.images.making.generate import generate, generate_sets
from biocurate.images.making.ordering import orders, pictures
from biocurate.images.making.plan import Order, Plan
from biocurate.images.reading.stored import image_rows, image_sets, read_images

WAYS = ("spectrogram-psd", "waveform", "recurrence")
PLACE = ["part", "row", "part_digest"]
NOTHING = np.empty(0, np.int64)


def rows_of(store, name):
    return image_rows(store, name).sort("image_id").collect()


@pytest.fixture
def drawn():
    return pictures(WAYS, ["EEG", "EDA"], {})


@pytest.fixture
def small_parts(monkeypatch):
    """Several tasks, although there are few images."""
    monkeypatch.setattr("biocurate.images.making.plan.PART_IMAGES", 6)


def test_several_representations_are_the_images_that_each_makes_alone(store, manifest, drawn, small_parts):
    (outcome,) = generate_sets(store, orders([manifest], drawn))
    assert (outcome.image_set, outcome.drawn) == ("m", 3 * 32)
    together = rows_of(store, "m")
    for kind in WAYS:
        generate_sets(store, orders([manifest], pictures([kind], ["EEG", "EDA"], {}), image_set=kind))
        alone = rows_of(store, kind)
        mine = together.join(alone.select("image_id"), on="image_id", how="semi", maintain_order="left")
        assert mine.drop(PLACE).equals(alone.drop(PLACE))
        np.testing.assert_array_equal(read_images(store, mine, 32), read_images(store, alone, 32))
    assert together["image_id"].n_unique() == together.height == 3 * 32


def test_samples_are_read_once_for_all_representations(store, manifest, drawn, monkeypatch):
    from biocurate.images.making import part

    read, windows = part.read_windows, []
    monkeypatch.setattr(part, "read_windows", lambda *a, **k: windows.append(a[1].height) or read(*a, **k))
    generate_sets(store, orders([manifest], drawn))
    # Twelve windows with EEG, eight of them with GSR, too.
    assert sum(windows) == 12 + 8


def test_each_manifest_has_a_set_of_its_own(store, manifest, build, drawn):
    other = build(store, "other", windows={"length": "20s"})
    outcomes = generate_sets(store, orders([manifest, other], drawn))
    assert {outcome.image_set: outcome.drawn for outcome in outcomes} == {"m": 96, "other": 3 * 16}
    assert set(rows_of(store, "other")["manifest"]) == {"other"}
    assert store.snapshots.collect().height == outcomes[0].snapshot_id
    again = generate_sets(store, orders([manifest, other], drawn))
    assert [(outcome.drawn, outcome.there_before) for outcome in again] == [(0, 96), (0, 48)]
    with pytest.raises(UsageError, match="a set is of one manifest"):
        orders([manifest, other], drawn, image_set="s")


def test_a_sensor_type_that_one_of_two_manifests_lacks_is_no_fault(store, manifest, build, drawn):
    eeg_only = build(store, "eeg", windows={"length": "10s", "require": ["EEG"]}, where="recording_id = 'a/two'",
                     split={"fractions": {"train": 1.0}})  # fmt: skip
    outcomes = generate_sets(store, orders([manifest, eeg_only], drawn))
    assert outcomes[1].drawn == 3 * 8
    gsr = {"GSR": drawn["GSR"]}
    with pytest.raises(UsageError, match="no window of manifest 'eeg' has GSR"):
        generate_sets(store, orders([manifest, eeg_only], gsr))


def test_only_what_is_lacking_is_drawn_whatever_it_is(store, manifest, drawn, small_parts):
    generate_sets(store, orders([manifest], drawn), pool=None)
    table, rows = "images/m", rows_of(store, "m")
    kept = rows.sample(fraction=0.4, seed=3, shuffle=True)
    store.tables.write(table, kept.to_arrow().cast(rows.to_arrow().schema))
    (outcome,) = generate_sets(store, orders([manifest], drawn))
    assert outcome.drawn == rows.height - kept.height
    assert rows_of(store, "m").drop(PLACE).equals(rows.drop(PLACE))


def test_plans_of_single_windows_come_to_the_same_images(store, manifest, drawn, monkeypatch):
    def planned():
        found = list(Plan(store, Order("m", manifest, drawn), NOTHING).tasks(96, workers=1))
        return sum(task.images for task in found), Plan(store, Order("m", manifest, drawn), NOTHING).survey()

    whole = planned()
    monkeypatch.setattr("biocurate.images.making.plan.WINDOWS", 1)
    assert planned() == whole
    assert whole[0] == whole[1].lacking == 96


def test_rows_of_many_parts_are_published_in_few_commits(store, manifest, drawn, small_parts, monkeypatch):
    generate_sets(store, orders([manifest], drawn))
    assert rows_of(store, "m")["part"].n_unique() > 12
    assert store.tables.version("images/m") == 0
    monkeypatch.setattr("biocurate.images.making.commits.ROWS", 1)
    generate_sets(store, orders([manifest], drawn, image_set="other"))
    assert store.tables.version("images/other") > 4


def test_rendered_images_are_those_that_are_resized_on_load_under_another_id(store, manifest):
    generate(store, manifest, representation("spectrogram-psd"), ["GSR"], image_set="native")
    generate(store, manifest, representation("spectrogram-psd"), ["GSR"], image_set="rendered", size=64)
    native, rendered = rows_of(store, "native"), rows_of(store, "rendered")
    assert not set(native["image_id"]) & set(rendered["image_id"])
    assert not set(native["representation"]) & set(rendered["representation"])
    order = ["recording_id", "t0_ns", "channel"]
    for size in (64, None):
        np.testing.assert_array_equal(
            read_images(store, native.sort(order), 64), read_images(store, rendered.sort(order), size)
        )


def test_nearest_neighbours_stay_nearest_when_they_are_rendered():
    angle = representation("spectrogram-angle")
    x = torch.randn(3, 400)
    small = Picture(angle).draw(x, 100.0).pixels
    assert torch.equal(Picture(angle, 96).draw(x, 100.0).pixels, resize(small, 96, "nearest"))


@pytest.mark.parametrize("size", [0, 8, 5000])
def test_a_size_that_no_image_has_is_refused(size):
    with pytest.raises(UsageError, match="cannot be stored"):
        Picture(representation("waveform"), size)


@pytest.mark.parametrize(
    ("device", "said"), [("cuda", "sees no CUDA device"), ("tpu", "no device"), ("meta", "not drawn")]
)
def test_a_device_that_is_not_there_is_refused_before_anything_is_drawn(store, manifest, device, said):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UsageError, match=said):
        generate(store, manifest, representation("waveform"), ["GSR"], device=device)
    assert image_sets(store) == []


def test_parameters_go_to_the_representations_that_have_them():
    kinds = ("spectrogram-psd", "spectrogram-angle", "waveform")
    found = pictures(kinds, ["ECG"], {"segment": "64", "waveform.width": "48"})
    psd, angle, trace = (picture.representation for picture in found["ECG"])
    assert (psd.segment, angle.segment, trace.width, trace.height) == (64, 64, 48, 128)
    with pytest.raises(UsageError, match="no representation that is drawn has the parameter 'points'"):
        pictures(("spectrogram-psd",), ["ECG"], {"points": "32"})
    with pytest.raises(UsageError, match=r"no representation 'spectrogram-spd'"):
        pictures(("spectrogram-spd",), ["ECG"], {})


def test_an_estimate_writes_nothing_and_counts_what_is_lacking(store, manifest, drawn):
    before = {entry.key for entry in store.objects.list("")}
    found = expected(store, orders([manifest], drawn))
    assert {entry.key for entry in store.objects.list("")} == before
    assert (found.images, found.fits) == (96, True)
    assert found.stored_bytes > 0 < found.seconds
    generate(store, manifest, representation("waveform"), ["EEG"], image_set="m")
    assert expected(store, orders([manifest], drawn)).images == 96 - 24
    assert expected(store, orders([manifest], drawn), overwrite=True).images == 96


def test_a_disk_that_is_too_small_is_refused_unless_it_is_forced(store, manifest, drawn, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10_000))
    assert not expected(store, orders([manifest], drawn)).fits
    with pytest.raises(StoreError, match="of images would be stored"):
        generate_sets(store, orders([manifest], drawn))
    assert image_sets(store) == []
    assert generate_sets(store, orders([manifest], drawn), force=True)[0].drawn == 96

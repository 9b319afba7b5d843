"""Generation: the same bytes as on the fly, resumable, idempotent, and in step with the manifest."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
import zarr

from biocurate.engine import InProcess
from biocurate.errors import DamageError, LeaseError, StaleError, StoreError, UsageError
from biocurate.images import represent, representation
from biocurate.images.drawing.picture import Picture
from biocurate.images.making.generate import generate
from biocurate.images.making.part import make_part
from biocurate.images.making.plan import Order, Plan
from biocurate.images.reading.stored import image_rows, image_sets, read_images
from biocurate.recording import NS, Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

PSD = representation("spectrogram-psd")
PLACE = ["part", "row", "part_digest"]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Several parts, chunks and blocks, although there are few images."""
    monkeypatch.setattr("biocurate.images.making.plan.PART_IMAGES", 6)
    monkeypatch.setattr("biocurate.images.making.part.CHUNK_BYTES", 3 * 129 * 10)
    monkeypatch.setattr("biocurate.images.making.part.BLOCK", 2500)


def rows_of(store, name="m-spectrogram-psd"):
    return image_rows(store, name).sort("image_id").collect()


def samples_of(recordings, row):
    """Cut the samples of an image out of the recording in memory."""
    stream = recordings[row["recording_id"]].streams[row["stream_no"]]
    channel = [each.name for each in stream.channels].index(row["channel"])
    start = round((row["t0_ns"] - stream.t0_ns) * stream.rate_hz / NS)
    count = round(row["duration_ns"] * stream.rate_hz / NS)
    return stream.physical[channel, start : start + count].astype(np.float32), stream.rate_hz


@pytest.mark.parametrize("size", [None, 64])
def test_stored_bytes_are_those_drawn_on_the_fly(store, manifest, recordings, size):
    generate(store, manifest, PSD, ["EEG", "EDA"])
    rows = rows_of(store).sample(fraction=1, shuffle=True, seed=1)
    assert rows.height == (3 + 2 + 1 + 1 + 1) * 4
    for (_, _), alike in rows.group_by("recording_id", "stream_no"):
        stored = read_images(store, alike, size)
        for row, image in zip(alike.iter_rows(named=True), stored, strict=True):
            x, rate = samples_of(recordings, row)
            np.testing.assert_array_equal(image, represent(x[None], rate, size=size)[0])


def test_a_row_tells_what_its_image_shows(store, manifest):
    outcome = generate(store, manifest, PSD, ["GSR"], image_set="eda")
    rows = rows_of(store, "eda")
    assert rows["image_id"].n_unique() == rows.height == outcome.drawn == 8
    assert outcome.windows_without == 4
    assert outcome.status == {"ok": 8}
    assert set(rows["representation"]) == {PSD.id}
    assert set(rows["manifest"]) == {"m"}
    windows = manifest.rows.select("window_id", "recording_id", "revision", "t0_ns", "duration_ns")
    assert rows.join(windows, on=windows.columns, how="semi").height == 8
    assert (rows["high"] > rows["low"]).all()


def test_a_part_holds_images_of_one_size_and_zarr_reads_it(store, manifest):
    generate(store, manifest, PSD, ["EEG", "GSR"])
    rows = rows_of(store)
    shapes = set()
    for (part,), mine in rows.group_by("part"):
        array = zarr.open_array(f"{store.objects.folder}/images/{part}.zarr", mode="r")
        assert array.shape[0] == mine.height
        shapes.add(array.shape[1:])
        np.testing.assert_array_equal(array[:][mine["row"].to_numpy()], read_images(store, mine, None))
    # 10 s of EEG at 100 and 128 Hz, of GSR at 4 and 8 Hz; the two GSR grids have the same frequencies.
    assert shapes == {PSD.grid(1000, 100), PSD.grid(1280, 128), PSD.grid(40, 4), PSD.grid(80, 8)}
    assert rows["part"].n_unique() > 4


def test_images_come_in_the_order_asked_for_and_in_colour(store, manifest):
    generate(store, manifest, PSD, ["EEG", "GSR"])
    rows = rows_of(store)
    pixels = read_images(store, rows, 32)
    backwards = read_images(store, rows.reverse(), 32)
    np.testing.assert_array_equal(backwards[::-1], pixels)
    assert read_images(store, rows, 32, "viridis").shape == (rows.height, 3, 32, 32)
    with pytest.raises(UsageError, match="cannot make one array"):
        read_images(store, rows, None)
    with pytest.raises(UsageError, match="no image to read"):
        read_images(store, rows.clear())


def test_a_second_run_does_nothing(store, manifest):
    generate(store, manifest, PSD, ["EEG"])
    before, version = rows_of(store), store.tables.version("images/m-spectrogram-psd")
    objects = {entry.key for entry in store.objects.list("images")}
    again = generate(store, manifest, PSD, ["EEG"])
    assert (again.drawn, again.there_before) == (0, before.height)
    assert store.tables.version("images/m-spectrogram-psd") == version
    assert {entry.key for entry in store.objects.list("images")} == objects


class Dies(InProcess):
    """A pool whose process is gone after some tasks, the last one's part written and not published."""

    def __init__(self, after):
        self.after = after

    def map(self, function, tasks):
        for number, (task, result) in enumerate(super().map(function, tasks)):
            if number == self.after:
                raise KeyboardInterrupt
            yield task, result


def test_a_run_that_died_goes_on_to_the_same_images(store, manifest, tmp_path, recordings, build):
    for after in (0, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            generate(store, manifest, PSD, ["EEG", "GSR"], pool=Dies(after))
    there = store.tables.scan("images/m-spectrogram-psd").select(pl.len()).collect().item()
    assert 0 < there < 32
    rest = generate(store, manifest, PSD, ["EEG", "GSR"])
    assert rest.drawn == 32 - there
    other = create_store(str(tmp_path / "other"))
    put(other, recordings)
    generate(other, build(other), PSD, ["EEG", "GSR"])
    resumed, straight = rows_of(store), rows_of(other)
    assert resumed.drop(PLACE).equals(straight.drop(PLACE))
    np.testing.assert_array_equal(read_images(store, resumed, 64), read_images(other, straight, 64))


def test_a_task_gives_the_same_rows_in_another_process(store, manifest):
    plan = Plan(store, Order("s", manifest, {"EEG": (Picture(PSD),)}), np.empty(0, np.int64))
    for task in plan.tasks(24, workers=1):
        here, there = make_part(task), make_part(pickle.loads(pickle.dumps(task)))
        apart = [pl.DataFrame(pl.from_arrow(each.rows)).drop("part") for each in (here, there)]
        # The part's name is all that differs: also its list of objects has the same digest.
        assert apart[0].equals(apart[1])


def test_representations_sensors_and_channels_join_in_one_set(store, manifest):
    first = generate(store, manifest, PSD, ["EEG"], channels=["Cz"], image_set="s")
    rest = generate(store, manifest, PSD, ["EEG"], image_set="s")
    coarse = generate(store, manifest, representation("spectrogram-psd", segment=32), ["EEG", "GSR"], image_set="s")
    assert (first.drawn, rest.drawn, rest.there_before, coarse.drawn) == (12, 12, 12, 32)
    rows = rows_of(store, "s")
    assert rows.height == 56
    assert rows["image_id"].n_unique() == 56
    assert rows["representation"].n_unique() == 2


def test_windows_without_valid_or_changing_samples_are_rows_with_a_reason(tmp_path, build):
    store = create_store(str(tmp_path / "faulty"))
    stream = noise_stream("ECG", 100, [(0, 4000)], ["I", "II"], seed=1, invalid=-32768)
    samples = stream.samples.array
    samples[0, 1500] = -32768
    samples[1, 2000:3000] = 7
    put(store, {"a/one": Recording((stream,), (interval(0, 40, "rest"),))})
    outcome = generate(store, build(store, split={"fractions": {"train": 1.0}}), PSD, ["ECG"], image_set="s")
    assert outcome.status == {"ok": 6, "missing": 1, "constant": 1}
    bad = rows_of(store, "s").filter(pl.col("status") != "ok").sort("channel")
    assert bad.select("channel", "t0_ns", "status", "low", "high").rows() == [
        ("I", 10 * NS, "missing", None, None),
        ("II", 20 * NS, "constant", None, None),
    ]
    assert not read_images(store, bad, 32).any()


def test_images_follow_a_manifest_that_is_built_again_over_more_recordings(store, manifest, recordings, build):
    generate(store, manifest, PSD, ["EEG"])
    before = rows_of(store)
    # A recording that sorts first moves the number of every window.
    new = Recording((noise_stream("EEG", 100, [(0, 4000)], ["Cz"], seed=9),), (interval(0, 40, "rest"),))
    put(store, {"a/early": new})
    grown = build(store)
    assert generate(store, grown, PSD, ["EEG"]).drawn == 4
    after = rows_of(store)
    assert after.filter(pl.col("recording_id") != "a/early").drop("window_id").equals(before.drop("window_id"))
    key = ["window_id", "recording_id", "revision", "t0_ns"]
    assert after.join(grown.rows.select(key), on=key, how="semi").height == before.height + 4


def test_images_of_windows_that_the_manifest_no_longer_has_leave_the_set(store, manifest, build):
    generate(store, manifest, PSD, ["EEG"])
    fewer = build(store, where="corpus = 'b'", split={"fractions": {"train": 1.0}})
    outcome = generate(store, fewer, PSD, ["EEG"])
    assert (outcome.drawn, outcome.there_before) == (0, 4)
    assert rows_of(store)["recording_id"].unique().to_list() == ["b/three"]


def test_images_of_a_replaced_recording_are_stale_until_they_are_drawn_again(store, manifest, build):
    generate(store, manifest, PSD, ["EEG"])
    other = Recording((noise_stream("EEG", 128, [(0, 5120)], ["Cz"], seed=77),), (interval(0, 40, "rest"),))
    put(store, {"b/three": other})
    with pytest.raises(StaleError, match=r"image set .* 1 recordings that have been replaced"):
        image_rows(store, "m-spectrogram-psd")
    with pytest.raises(StaleError, match="manifest 'm'"):
        generate(store, manifest, PSD, ["EEG"])
    assert generate(store, build(store), PSD, ["EEG"]).drawn == 4
    row = rows_of(store).filter(pl.col("recording_id") == "b/three")
    x, rate = samples_of({"b/three": other}, row.row(0, named=True))
    np.testing.assert_array_equal(read_images(store, row[:1], 32)[0], represent(x[None], rate, size=32)[0])


def test_a_set_is_of_one_manifest_unless_it_is_overwritten(store, manifest, build):
    generate(store, manifest, PSD, ["EEG"], image_set="s")
    other = build(store, "other", windows={"length": "20s"})
    with pytest.raises(UsageError, match="image set 's' is of manifest 'm'"):
        generate(store, other, PSD, ["EEG"], image_set="s")
    assert generate(store, other, PSD, ["EEG"], image_set="s", overwrite=True).drawn == 12
    assert set(rows_of(store, "s")["manifest"]) == {"other"}


def test_overwrite_draws_damaged_images_again(store, manifest):
    generate(store, manifest, PSD, ["GSR"], image_set="s")
    rows = rows_of(store, "s")
    flip(store, rows["part"][0])
    assert generate(store, manifest, PSD, ["GSR"], image_set="s", overwrite=True).drawn == 8
    assert len(read_images(store, rows_of(store, "s"), 32)) == 8


def shard(store, part):
    return store.objects.folder / f"images/{part}.zarr/c/0/0/0"


def flip(store, part):
    """Change one bit of a part's first shard."""
    file = shard(store, part)
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)


def test_a_changed_bit_and_a_missing_shard_are_errors_and_never_pixels(store, manifest):
    generate(store, manifest, PSD, ["GSR"])
    first, second, *_ = rows_of(store).partition_by("part")
    flip(store, first["part"][0])
    with pytest.raises(DamageError, match=r"images/m-spectrogram-psd/.*differ.*biocurate images generate"):
        read_images(store, first, 32)
    shard(store, second["part"][0]).unlink()
    with pytest.raises(DamageError, match="missing"):
        read_images(store, second, 32)


class LosesTheLease(InProcess):
    """A pool that sleeps until another process has taken the lease over."""

    def __init__(self, objects):
        self.objects = objects

    def map(self, function, tasks):
        for task, result in super().map(function, tasks):
            self.objects.delete("leases/write.json")
            yield task, result


def test_nothing_is_published_once_the_lease_is_lost(store, manifest):
    with pytest.raises(LeaseError, match="taken over"):
        generate(store, manifest, PSD, ["EEG"], pool=LosesTheLease(store.objects))
    assert not store.tables.exists("images/m-spectrogram-psd")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sensors": ["PPG"]}, "no window of manifest 'm' has PPG. There are: EEG, GSR"),
        ({"sensors": ["EEG"], "channels": ["FP1"]}, "EEG have no channel 'FP1'. Did you mean 'Fp1'"),
        ({"sensors": ["EEG"], "image_set": "../m"}, "is no name for an image set"),
        ({"sensors": []}, "No sensor type"),
    ],
)
def test_what_the_manifest_does_not_have_is_refused(store, manifest, options, said):
    with pytest.raises(UsageError, match=said):
        generate(store, manifest, PSD, **options)
    assert image_sets(store) == []


def test_two_sets_of_one_sql_name_are_refused(store, manifest):
    generate(store, manifest, PSD, ["GSR"], image_set="a-b")
    with pytest.raises(UsageError, match="in SQL"):
        generate(store, manifest, PSD, ["GSR"], image_set="a_b")


def test_an_unknown_set_is_named(store):
    with pytest.raises(StoreError, match="no image set 'x'"):
        image_rows(store, "x")

"""`biocurate images verify`: what is damaged, missing, mixed up or drawn otherwise is found, and nothing else is."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.cli.images import app
from biocurate.errors import StoreError, UsageError
from biocurate.images.checking.check import check_images
from biocurate.images.drawing.registry import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.generate import generate, generate_sets
from biocurate.images.making.ordering import orders, pictures
from biocurate.store.arrays import ArrayReader, receipt_key
from biocurate.store.schema import IMAGES, cast
from biocurate.store.vacuum import vacuum

WAYS = ("spectrogram-psd", "waveform")


@pytest.fixture
def drawn(store, manifest):
    """A set of two representations of two sensor types, in several parts."""
    generate_sets(store, orders([manifest], pictures(WAYS, ["EEG", "GSR"], {})))
    return store


def rows_of(store):
    return store.tables.scan("images/m").collect()


def rewrite(store, rows):
    store.tables.write("images/m", cast(rows.to_arrow(), IMAGES))


def shard(store, part):
    return store.objects.folder / f"images/{part}.zarr/c/0/0/0"


def said(found):
    return " ".join(f"{each['where']} {each['problem']}" for each in found.problems)


def test_a_sound_set_has_no_problems_and_every_image_is_drawn_to_the_same_bytes(drawn):
    found = check_images(drawn, deep=True)
    assert found.problems == []
    table = found.table()
    assert table["images"].sum() == table["redrawn"].sum() == 64
    assert table.select("unused", "differ", "not_redrawn").sum().row(0) == (0, 0, 0)
    assert table["n_bytes"].sum() > 0


@pytest.mark.parametrize("sample", [1, 7, 1000])
def test_a_sample_is_of_so_many_images(drawn, sample):
    assert check_images(drawn, "m", deep=True, sample=sample).table()["redrawn"].sum() == min(sample, 64)


def test_scaled_by_recording_and_rendered_images_are_drawn_anew_as_their_parts_say(store, manifest):
    by_recording = representation("spectrogram-psd", segment=64).scaled(Scale("recording"))
    generate(store, manifest, by_recording, ["EEG"], channels=["Cz"], size=48)
    found = check_images(store, deep=True)
    assert (found.problems, found.table()["redrawn"].sum()) == ([], 12)


def test_a_flipped_bit_and_a_missing_shard_are_found(drawn):
    first, second = rows_of(drawn)["part"].unique().sort()[:2]
    file = shard(drawn, first)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    shard(drawn, second).unlink()
    found = check_images(drawn)
    assert len(found.problems) == 2
    assert "differ from what was written" in said(found)
    assert "missing" in said(found)


def test_rows_that_name_the_same_image_or_none_are_found(drawn):
    rows = rows_of(drawn)
    rewrite(drawn, rows.with_columns(row=pl.lit(0, pl.Int64)))
    assert "rows name the place of another image" in said(check_images(drawn))
    rewrite(drawn, rows.with_columns(row=pl.col("row") + 1))
    assert "and the array has" in said(check_images(drawn))
    rewrite(drawn, pl.concat([rows, rows[:3]]))
    assert "3 images are there twice" in said(check_images(drawn))


def test_images_that_changed_places_are_found_by_drawing_them_anew(drawn):
    rows = rows_of(drawn).sort("part", "row")
    turned = rows.with_columns(row=pl.col("row").reverse().over("part"))
    rewrite(drawn, turned)
    assert check_images(drawn).problems == []
    found = check_images(drawn, deep=True)
    assert "differ from what is drawn now" in said(found)
    assert found.table()["differ"].sum() == (turned["row"] != rows["row"]).sum()


def test_a_reason_and_a_range_that_are_not_the_images_are_found(drawn):
    rewrite(drawn, rows_of(drawn).with_columns(low=pl.col("low") - 1))
    assert "in what their rows say of them" in said(check_images(drawn, deep=True))


def test_images_of_windows_that_left_the_manifest_are_counted_and_no_damage(drawn, build):
    fewer = build(drawn, where="corpus = 'b'", split={"fractions": {"train": 1.0}})
    generate_sets(drawn, orders([fewer], pictures(WAYS, ["EEG", "GSR"], {})))
    found = check_images(drawn, deep=True)
    assert found.problems == []
    assert found.table()["images"].sum() == 16
    # Parts are of one rate, so that those of corpus b have no other images.
    assert found.table()["unused"].sum() == 0


def test_parts_that_do_not_say_how_they_were_drawn_are_of_the_sensor_types_defaults(drawn):
    """Parts of before 2026-11-22 have no attributes."""
    rows = rows_of(drawn)
    for part, digest in rows.select("part", "part_digest").unique().iter_rows():
        rows = rows.with_columns(
            part_digest=pl.when(part=part).then(pl.lit(plain(drawn, part, digest))).otherwise("part_digest")
        )
    rewrite(drawn, rows)
    found = check_images(drawn, deep=True)
    assert (found.problems, found.table()["redrawn"].sum()) == ([], 64)


def plain(store, part, digest):
    """Take the attributes out of a part's metadata, as an older version wrote it; gives its new digest."""
    from hashlib import sha256

    key = f"images/{part}.zarr"
    assert ArrayReader(store.objects, key, digest).attributes["kind"] in WAYS
    metadata = json.loads(store.objects.get(f"{key}/zarr.json")) | {"attributes": {}}
    data = json.dumps(metadata).encode()
    listing = json.loads(store.objects.get(receipt_key(key)))
    for item in listing["objects"]:
        if item["key"] == "zarr.json":
            item |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    store.objects.put(f"{key}/zarr.json", data)
    store.objects.put(receipt_key(key), said_so := json.dumps(listing, sort_keys=True).encode())
    return sha256(said_so).hexdigest()


def test_the_command_tells_by_its_exit_status(drawn):
    def run(*arguments):
        return CliRunner().invoke(app, ["verify", *arguments, "--workers", "0", "--store", drawn.url])

    sound = run("m", "--deep", "--sample", "5", "--json")
    assert sound.exit_code == 0
    told = json.loads(sound.stdout[sound.stdout.index("{") : sound.stdout.rindex("}") + 1])
    assert (sum(row["redrawn"] for row in told["checked"]), told["problems"]) == (5, [])
    assert "sound" in run().output
    shard(drawn, rows_of(drawn)["part"][0]).unlink()
    damaged = run()
    assert damaged.exit_code == 1
    assert "missing" in damaged.output
    assert isinstance(run("none").exception, StoreError)
    assert isinstance(run("--sample", "3").exception, UsageError)


def test_vacuum_takes_parts_that_a_killed_run_left_and_no_others(drawn):
    from datetime import UTC, datetime, timedelta

    live = {entry.key for entry in drawn.objects.list("images")}
    part = rows_of(drawn)["part"][0]
    left = "images/m/spectrogram-psd-0123456789ab-9x9-ba9876543210"
    for key, data in [(f"{left}.zarr/c/0/0/0", b"pixels"), (f"{left}.zarr/c/0/1/.0.1a2b3c4d", b"half")]:
        drawn.objects.put(key, data)
    assert vacuum(drawn, dry_run=False).kept_young == 1
    swept = vacuum(drawn, dry_run=False, now=datetime.now(UTC) + timedelta(hours=25))
    assert swept.parts == [left]
    assert {entry.key for entry in drawn.objects.list("images")} == live
    assert (drawn.objects.folder / f"images/{part}.zarr/zarr.json").exists()
    assert not (drawn.objects.folder / f"{left}.zarr/c/0/1/.0.1a2b3c4d").exists()

"""Our writer and reader of sharded parts, held to zarr-python's own bytes in both directions."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from biocurate.errors import DamageError
from biocurate.store.arrays import ArrayReader, ArrayWriter, Layout, read_items, receipt
from biocurate.store.codecs import codec, codec_of, zarr_metadata
from biocurate.store.objects import Objects
from biocurate.store.spans import read_spans

CODECS = ["pcodec-6", "blosc-lz4-5", "blosc-zstd-3", "zstd-3"]
DTYPES = ["int16", "int32", "float32", "float64"]


def write(folder: Path, array: np.ndarray, layout: Layout, name: str, key: str = "a.zarr") -> ArrayReader:
    objects = Objects(str(folder))
    writer = ArrayWriter(objects, key, layout, array.dtype, name)
    writer.append(array)
    return ArrayReader(objects, key, writer.close())


def by_zarr(folder: Path, key: str = "a.zarr") -> zarr.Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zarr.open_array(folder / key, mode="r")


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_zarr_python_reads_what_we_write(tmp_path, name, dtype):
    array = (np.random.default_rng(0).normal(0, 500, (3, 10_007))).astype(dtype)
    reader = write(tmp_path, array, Layout((3,), 1, 512, 4), name)
    np.testing.assert_array_equal(by_zarr(tmp_path)[:], array)
    np.testing.assert_array_equal(reader.read(0, 10_007), array)


@pytest.mark.parametrize("name", CODECS)
def test_we_read_what_zarr_python_writes(tmp_path, name):
    """The layout is the published one, not only one that we agree on with ourselves."""
    import hashlib
    import json

    array = np.random.default_rng(1).integers(-3000, 3000, (2, 5_000)).astype("int16")
    metadata = zarr_metadata(array.shape, (2, 512), (2, 2048), array.dtype, codec(name, "int16"))
    folder = tmp_path / "z.zarr"
    folder.mkdir()
    (folder / "zarr.json").write_bytes(metadata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.open_array(folder, mode="r+")[:] = array
    listed = [
        {
            "key": str(path.relative_to(folder)),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    listing = json.dumps({"objects": listed}).encode()
    (tmp_path / "z.objects.json").write_bytes(listing)
    reader = ArrayReader(Objects(str(tmp_path)), "z.zarr", hashlib.sha256(listing).hexdigest())
    np.testing.assert_array_equal(reader.read(0, 5_000), array)
    np.testing.assert_array_equal(reader.read(700, 2_100), array[:, 700:2_100])


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("dtype", [*DTYPES, "uint8"])
def test_our_zarr_json_is_the_one_that_zarr_python_writes(name, dtype):
    """Equal byte for byte: no reader can tell who wrote it."""
    from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec
    from zarr.codecs.numcodecs import PCodec
    from zarr.storage import MemoryStore

    if name.startswith("pcodec") and dtype == "uint8":
        pytest.skip("pcodec takes no 8-bit integers")
    chosen = codec(name, dtype)
    compressors = [Crc32cCodec()]
    if chosen.compressor is not None:
        kind = {"blosc": BloscCodec, "zstd": ZstdCodec}[chosen.compressor["name"]]
        compressors.insert(0, kind(**chosen.compressor["configuration"]))
    store = MemoryStore()
    zarr.create_array(
        store,
        shape=(3, 9_999),
        chunks=(3, 512),
        shards=(3, 2048),
        dtype=dtype,
        serializer="auto" if chosen.serializer is None else PCodec(**chosen.serializer["configuration"]),
        compressors=compressors,
        fill_value=0,
    )
    ours = zarr_metadata((3, 9_999), (3, 512), (3, 2048), np.dtype(dtype), chosen)
    assert ours.decode() == store._store_dict["zarr.json"].to_bytes().decode()


@settings(max_examples=40, deadline=None)
@given(
    array=hnp.arrays(np.int16, st.tuples(st.integers(1, 4), st.integers(1, 700))),
    cuts=st.lists(st.integers(1, 200), max_size=6),
    chunk=st.integers(1, 90),
    shard=st.integers(1, 5),
    data=st.data(),
)
def test_any_array_cut_in_any_way_comes_back(tmp_path_factory, array, cuts, chunk, shard, data):
    objects = Objects(str(tmp_path_factory.mktemp("part")))
    writer = ArrayWriter(objects, "a.zarr", Layout((array.shape[0],), 1, chunk, shard), array.dtype, "pcodec-6")
    at = 0
    for cut in cuts:
        assert writer.append(array[:, at : at + cut]) == min(at, array.shape[1])
        at += cut
    writer.append(array[:, at:])
    reader = ArrayReader(objects, "a.zarr", writer.close())
    start = data.draw(st.integers(0, array.shape[1]))
    stop = data.draw(st.integers(start, array.shape[1]))
    np.testing.assert_array_equal(reader.read(start, stop), array[:, start:stop])


@settings(max_examples=30, deadline=None)
@given(starts=st.lists(st.integers(0, 4_000), min_size=1, max_size=40), length=st.integers(1, 900))
def test_batched_spans_equal_one_slice_after_the_other(tmp_path_factory, starts, length):
    array = np.random.default_rng(2).integers(-99, 99, (2, 5_000)).astype("int16")
    reader = write(tmp_path_factory.mktemp("part"), array, Layout((2,), 1, 300, 3), "pcodec-6")
    at = np.array(starts)
    expected = np.stack([array[:, start : start + length] for start in starts])
    np.testing.assert_array_equal(read_spans(reader, at, length), expected)


def test_items_come_in_the_order_asked_for(tmp_path):
    images = np.random.default_rng(3).integers(0, 255, (50, 5, 7)).astype("uint8")
    reader = write(tmp_path, images, Layout((5, 7), 0, 8, 3), "zstd-3")
    rows = np.array([49, 0, 7, 8, 8, 31])
    np.testing.assert_array_equal(read_items(reader, rows), images[rows])
    np.testing.assert_array_equal(by_zarr(tmp_path)[:], images)


def test_each_stream_starts_on_a_chunk_boundary(tmp_path):
    objects = Objects(str(tmp_path))
    writer = ArrayWriter(objects, "a.zarr", Layout((1,), 1, 100, 4), np.dtype("int16"), "pcodec-6")
    writer.append(np.ones((1, 130), "int16"))
    assert writer.align() == 200
    assert writer.append(np.full((1, 50), 2, "int16")) == 200
    reader = ArrayReader(objects, "a.zarr", writer.close())
    assert reader.shape == (1, 250)
    np.testing.assert_array_equal(reader.read(200, 250), np.full((1, 50), 2))


@pytest.mark.parametrize("name", CODECS)
def test_no_flipped_bit_is_read_as_samples(tmp_path, name):
    """Every bit of the shard is flipped in turn at random places: reading raises, or gives the true samples."""
    array = np.random.default_rng(4).normal(0, 200, (2, 3_000)).astype("int16")
    write(tmp_path, array, Layout((2,), 1, 500, 3), name)
    shard = tmp_path / "a.zarr" / "c" / "0" / "1"
    whole = shard.read_bytes()
    digest = _digest(tmp_path)
    caught = 0
    for bit in np.random.default_rng(5).choice(len(whole) * 8, 200, replace=False):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << (bit % 8)
        shard.write_bytes(bytes(broken))
        with pytest.raises(DamageError, match=r"a\.zarr"):
            ArrayReader(Objects(str(tmp_path)), "a.zarr", digest).read(1_500, 3_000)
        caught += 1
    assert caught == 200


def test_a_deleted_shard_is_an_error_and_never_zeros(tmp_path):
    """zarr-python reads a missing shard as the fill value."""
    array = np.full((2, 3_000), 7, "int16")
    write(tmp_path, array, Layout((2,), 1, 500, 3), "pcodec-6")
    (tmp_path / "a.zarr" / "c" / "0" / "1").unlink()
    assert (by_zarr(tmp_path)[:, 1_500:] == 0).all(), "the trap that this test is about"
    with pytest.raises(DamageError, match="missing"):
        ArrayReader(Objects(str(tmp_path)), "a.zarr", _digest(tmp_path)).read(1_500, 1_600)


def test_changed_metadata_is_an_error(tmp_path):
    write(tmp_path, np.ones((2, 3_000), "int16"), Layout((2,), 1, 500, 3), "pcodec-6")
    path = tmp_path / "a.zarr" / "zarr.json"
    path.write_text(path.read_text().replace("3000", "2999"))
    with pytest.raises(DamageError, match="metadata"):
        ArrayReader(Objects(str(tmp_path)), "a.zarr", _digest(tmp_path))


def test_a_changed_list_of_objects_is_an_error(tmp_path):
    write(tmp_path, np.ones((2, 3_000), "int16"), Layout((2,), 1, 500, 3), "pcodec-6")
    digest = _digest(tmp_path)
    path = tmp_path / "a.objects.json"
    path.write_text(path.read_text().replace("c/0/1", "c/0/0"))
    receipt.cache_clear()
    with pytest.raises(DamageError, match="list of objects"):
        ArrayReader(Objects(str(tmp_path)), "a.zarr", digest)


def test_the_codec_is_read_from_the_arrays_own_metadata():
    import json

    for name in CODECS:
        metadata = json.loads(zarr_metadata((1, 10), (1, 5), (1, 10), np.dtype("int16"), codec(name, "int16")))
        sharding = metadata["codecs"][0]["configuration"]
        assert codec_of({**sharding, "data_type": "int16"}).name == name


def _digest(folder: Path) -> str:
    import hashlib

    return hashlib.sha256((folder / "a.objects.json").read_bytes()).hexdigest()

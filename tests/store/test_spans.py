"""Batched reading against the slow way: zarr-python's own slice of each span, and each recording's own read."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate import read_windows
from biocurate.curate.windows.build import build_windows
from biocurate.errors import DamageError, StaleError
from biocurate.recording import NS, Recording
from biocurate.store import arrays
from biocurate.store.arrays import ArrayReader, ArrayWriter, Layout
from biocurate.store.objects import Objects
from biocurate.store.signal_reader import SignalReader
from biocurate.store.spans import Target, put_spans, read_spans
from biocurate.testing.memory import noise_stream, put

CHUNK, SAMPLES = 300, 30_000


@pytest.fixture(scope="module", params=["pcodec-5", "blosc-lz4-5"])
def part(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("part")
    array = np.random.default_rng(2).integers(-999, 999, (5, SAMPLES)).astype("int16")
    writer = ArrayWriter(Objects(str(folder)), "a.zarr", Layout((5,), 1, CHUNK, 3), array.dtype, request.param)
    writer.append(array)
    reader = ArrayReader(writer.objects, "a.zarr", writer.close())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reader, zarr.open_array(folder / "a.zarr", mode="r")


SPANS = st.lists(st.tuples(st.integers(0, SAMPLES - 2_000), st.integers(0, 2)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(starts=SPANS, length=st.integers(1, 2_000), run=st.integers(1, 40))
def test_spans_are_what_zarr_python_reads(part, starts, length, run):
    """Of any length, in any order, few or many of them to a chunk, over any number of chunks decoded at once."""
    reader, by_zarr = part
    at = np.array([start for start, _ in starts])
    expected = np.stack([by_zarr[:, start : start + length] for start in at])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "RUN_CHUNKS", run)
        np.testing.assert_array_equal(read_spans(reader, at, length), expected)


@settings(max_examples=60, deadline=None)
@given(starts=SPANS, length=st.integers(1, 2_000), seed=st.integers(0, 9))
def test_each_span_is_turned_by_its_own_scale_and_goes_to_its_own_row(part, starts, length, seed):
    reader, by_zarr = part
    at, kinds = (np.array(each) for each in zip(*starts, strict=True))
    rows = np.random.default_rng(seed).permutation(at.size + 3)[: at.size]
    picked = np.array([3, 0])
    out = np.full((at.size + 3, 2, length), np.nan, np.float32)

    def turn(stored, kind, out):
        out[...] = stored * (kind + 2.0)

    put_spans(reader, at, rows, kinds, Target(out, turn, picked))
    for start, kind, row in zip(at, kinds, rows, strict=True):
        np.testing.assert_array_equal(out[row], by_zarr[:, start : start + length][picked] * (kind + 2.0))
    assert np.isnan(np.delete(out, rows, axis=0)).all()


def test_a_chunk_is_decoded_once(part, monkeypatch):
    """Also where a batch needs more chunks than are decoded together."""
    reader, _ = part
    decoded = []
    each = ArrayReader.each_chunk
    monkeypatch.setattr(ArrayReader, "each_chunk", lambda self, numbers: decoded.extend(numbers) or each(self, numbers))
    read_spans(reader, np.arange(0, SAMPLES - 700, 50), 700)
    assert sorted(decoded) == list(range(SAMPLES // CHUNK))


def test_a_missing_shard_is_damage_in_every_batch(tmp_path):
    array = np.zeros((2, 5_000), np.int16)
    writer = ArrayWriter(Objects(str(tmp_path)), "a.zarr", Layout((2,), 1, 300, 3), array.dtype, "pcodec-5")
    writer.append(array)
    reader = ArrayReader(writer.objects, "a.zarr", writer.close())
    (tmp_path / "a.zarr/c/0/2").unlink()
    assert not read_spans(reader, np.array([0, 1_000]), 200).any()
    with pytest.raises(DamageError):
        read_spans(reader, np.array([0, 2_000, 1_000]), 200)


RECORDINGS = {
    f"{corpus}/r{number}": Recording(
        (
            noise_stream("GSR", 4, [(0, 400)], seed=number),
            noise_stream(
                "ECG",
                100,
                [(0, 3_000), (33.33, 4_000)],
                ["I", "II", "V1"],
                seed=number,
                gain=0.1 + number / 7,
                offset=float(number % 2),
                invalid=number,
            ),
        )
    )
    for corpus in ("a", "b")
    for number in range(3)
}


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    from biocurate.store.store import create_store

    store = create_store(str(tmp_path_factory.mktemp("windows") / "store"))
    put(store, RECORDINGS)
    build_windows(store, "w", length_s=3, hop_s=2.77, require=["ECG"])
    rows = store.windows("w").collect()
    read = {name: store.recording(name).read for name in RECORDINGS}
    slow = []
    for row in rows.iter_rows(named=True):
        begin = row["t0_ns"] / NS
        slow.append(read[row["recording_id"]]("ECG", begin, begin + row["duration_ns"] / NS))
    return store, rows, np.stack(slow)


BATCHES = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_windows_are_what_each_recording_reads(windows, data):
    """A kept reader, batches of any size, windows twice: the samples, scales and invalid codes of `Stored.read`."""
    store, rows, slow = windows
    reader = SignalReader(store)
    for batch in data.draw(st.lists(BATCHES, min_size=1, max_size=3)):
        some = np.array(batch) % rows.height
        np.testing.assert_array_equal(read_windows(store, rows[some], "ECG", reader=reader), slow[some])


def test_a_window_of_another_revision_is_stale_in_any_place_of_a_batch(windows):
    store, rows, _ = windows
    reader = SignalReader(store)
    for place in (0, 5, rows.height - 1):
        moved = rows.with_columns(revision=pl.when(pl.row_index() == place).then(pl.lit("x")).otherwise("revision"))
        with pytest.raises(StaleError, match=rows["recording_id"][place]):
            read_windows(store, moved, "ECG", reader=reader)

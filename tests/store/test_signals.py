"""Streams of many recordings in few parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from biocurate.recording import ArraySamples, Channel, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.arrays import open_array
from biocurate.store.objects import Objects
from biocurate.store.signals import SignalWriter, part_key, signal_layout, stream_digest


def stream(array: np.ndarray, rate: float = 100.0, sensor: SensorType = SensorType.ECG) -> Stream:
    channels = tuple(Channel(f"c{n}", f"c{n}", "mV") for n in range(array.shape[0]))
    return Stream(sensor, rate, channels, (Segment(0, array.shape[1]),), ArraySamples(array))


streams = st.lists(
    hnp.arrays(
        st.sampled_from([np.int16, np.int32, np.float64, np.uint8]),
        st.tuples(st.integers(1, 3), st.integers(0, 500)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(arrays=streams)
def test_every_sample_of_every_stream_survives(tmp_path_factory, arrays):
    objects = Objects(str(tmp_path_factory.mktemp("store")))
    writer = SignalWriter(objects, "c")
    placed = [writer.write(stream(array)) for array in arrays]
    digests = writer.close()
    for array, place in zip(arrays, placed, strict=True):
        reader = open_array(objects, part_key(place.part), digests[place.part])
        back = reader.read(place.start, place.start + array.shape[1])
        np.testing.assert_array_equal(back, array)
        assert stream_digest(back) == place.digest == stream_digest(array)


def test_streams_share_a_part_only_when_they_are_alike(tmp_path):
    writer = SignalWriter(Objects(str(tmp_path)), "c")
    one = np.zeros((2, 10), "int16")
    parts = [
        writer.write(stream(one)).part,
        writer.write(stream(one)).part,
        writer.write(stream(one, rate=50)).part,
        writer.write(stream(one, sensor=SensorType.EEG)).part,
        writer.write(stream(one[:1])).part,
        writer.write(stream(one.astype("int32"))).part,
    ]
    assert parts[0] == parts[1]
    assert len(set(parts)) == 5


def test_the_digest_tells_type_order_and_shape_apart():
    base = np.arange(12, dtype="int16").reshape(2, 6)
    others = [base.astype("int32"), base[::-1], base.reshape(3, 4), base[:, :5], base + np.int16(1)]
    assert len({stream_digest(array) for array in [base, *others]}) == 6


def test_the_digest_does_not_depend_on_packing_or_codec(tmp_path):
    array = np.random.default_rng(0).integers(-500, 500, (3, 40_000)).astype("int16")
    digests = set()
    for number, codec in enumerate(["pcodec-6", "blosc-lz4-5"]):
        writer = SignalWriter(Objects(str(tmp_path / str(number))), "c", codec)
        for _ in range(number):
            writer.write(stream(array[:, :77]))
        digests.add(writer.write(stream(array)).digest)
    assert len(digests) == 1


def test_a_long_stream_is_read_in_bounded_blocks(tmp_path):
    """No read asks for more than a shard, however long the recording."""
    asked = []

    class Counted:
        shape, dtype = (2, 30_000_000), np.dtype("int16")

        def read(self, start, stop):
            asked.append(stop - start)
            return np.broadcast_to(np.int16(3), (2, stop - start))

    channels = (Channel("a", "a", "mV"), Channel("b", "b", "mV"))
    long = Stream(SensorType.ECG, 1000.0, channels, (Segment(0, 30_000_000),), Counted())
    SignalWriter(Objects(str(tmp_path)), "c", "blosc-lz4-5").write(long)
    assert sum(asked) == 30_000_000
    assert max(asked) * 2 * 2 <= 16 * 1024 * 1024


def test_a_chunk_holds_all_channels_and_64_to_256_kib():
    for channels, itemsize in [(1, 2), (1, 8), (12, 2), (20, 2), (64, 4), (256, 2)]:
        layout = signal_layout(channels, itemsize)
        assert 64 * 1024 <= layout.chunk * channels * itemsize <= 256 * 1024

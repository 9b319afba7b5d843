"""A chunk is decoded into memory that is there: all of it, or an error; never the rest of the chunk before."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.errors import DamageError
from biocurate.store.arrays import ArrayReader, ArrayWriter, Layout
from biocurate.store.codecs import codec
from biocurate.store.objects import Objects

NAMES = ["pcodec-5", "blosc-lz4-5", "zstd-3"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_of_another_size_is_refused(name):
    values = np.arange(600, dtype=np.int16)
    made = codec(name, "int16")
    encoded = made.encode(values)
    out = np.full((2, 300), -1, np.int16)
    made.decode(encoded, out)
    np.testing.assert_array_equal(out.reshape(-1), values)
    for size in (599, 601, 300):
        with pytest.raises(ValueError):
            made.decode(encoded, np.full(size, -1, np.int16))


@pytest.mark.parametrize("name", NAMES)
def test_a_part_whose_chunks_are_of_another_size_is_damage(tmp_path, name):
    """Whoever wrote it: every checksum is right, and the chunks are not those of the metadata."""
    array = np.arange(3_000, dtype=np.int16).reshape(2, 1_500)
    writer = ArrayWriter(Objects(str(tmp_path)), "a.zarr", Layout((2,), 1, 300, 5), array.dtype, name)
    encode = writer._encode
    writer._encode = lambda block: encode(np.ascontiguousarray(block[:, :-1]))
    writer.append(array)
    reader = ArrayReader(writer.objects, "a.zarr", writer.close())
    with pytest.raises(DamageError, match="no chunk of this array"):
        reader.read(0, 10)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_read_before_stays_as_it_was(tmp_path, name):
    """Chunks share memory while they are walked through, and what `read` returns does not."""
    array = np.random.default_rng(1).integers(-99, 99, (2, 1_500)).astype(np.int16)
    writer = ArrayWriter(Objects(str(tmp_path)), "a.zarr", Layout((2,), 1, 300, 2), array.dtype, name)
    writer.append(array)
    reader = ArrayReader(writer.objects, "a.zarr", writer.close())
    pieces = [reader.read(at, at + 50) for at in range(0, 1_450, 50)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), array[:, :1_450])

"""Found by mutating files (HDF5 2.0.0, h5py 3.16): a hang, endless memory, a crash; each was the end of the whole run.

Now another process meets such a file first, and chunks are unpacked without the library (`hdf5.guard`, `hdf5.chunks`).
"""

from __future__ import annotations

import struct

import h5py
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.hdf5 import guard

HDF5 = reader("hdf5")


def change(path, find, offset, form, *values):
    raw = bytearray(path.read_bytes())
    struct.pack_into(form, raw, raw.index(find) + offset, *values)
    path.write_bytes(raw)


def read(source, path, **others):
    options = HDF5.Options(signals=[{"path": path, "rate_hz": 1, **others}])
    return [stream.digital.tolist() for stream in HDF5.read(source, options).streams]


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE_S", 4.0)
    with h5py.File(tmp_path / "a.h5", "w", libver="earliest") as file:
        file["g/x"] = np.arange(4.0)
        file.create_dataset("name", data=["ECG"], dtype=h5py.string_dtype())
        file.create_dataset("y", data=np.arange(100), chunks=(50,), fletcher32=True)
    found = Source(tmp_path, "a.h5")
    assert read(found, "g/x", labels={"from": "name"}) == [[[0, 1, 2, 3]]]
    return found


def test_free_space_of_no_length_in_a_global_heap_is_a_hang(source):
    """Format, level 1E: an object of index 0 is free space; one of 0 bytes is gone over for ever."""
    change(source.local(), b"GCOL", 16, "<H6xQ", 0, 0)
    with pytest.raises(SourceError, match="to a halt"):
        read(source, "g/x", labels={"from": "name"})
    assert read(source, "g/x") == [[[0, 1, 2, 3]]]  # the next file, or what of this one is sound, goes in


def test_a_text_that_says_it_has_gigabytes_asks_for_them(source):
    """Format, IV.B: a text of variable length begins with its length, in 32 bits."""
    raw = source.local().read_bytes()
    heap = raw.index(b"GCOL")
    change(source.local(), struct.pack("<IQI", 3, heap, 1), 0, "<I", 0xF0000003)
    with pytest.raises(SourceError):
        read(source, "g/x", labels={"from": "name"})


def test_a_free_list_that_leads_to_itself_fills_the_memory(source):
    """Format, level 1D: free blocks of a local heap are a list; nothing holds that it ends."""
    raw = bytearray(source.local().read_bytes())
    for at in (at for at in range(len(raw)) if raw[at : at + 4] == b"HEAP"):
        size, _, segment = struct.unpack_from("<3Q", raw, at + 8)
        struct.pack_into("<Q", raw, at + 16, size - 16)
        struct.pack_into("<2Q", raw, segment + size - 16, size - 16, 16)
    source.local().write_bytes(raw)
    with pytest.raises(SourceError):
        read(source, "g/x")


def test_a_chunk_shorter_than_its_checksum_is_a_crash(source):
    """Filter 3: the checksum is the last four bytes of a chunk, of which the file says that it has three."""
    change(source.local(), struct.pack("<2I2Q", 404, 0, 0, 0), 0, "<I", 3)
    with pytest.raises(SourceError):
        read(source, "y")

"""One byte made the filter pipeline of an array an unknown message, which the library skips: packed bytes were samples.

A packed chunk is shorter than its samples, and the library gave what lay behind it for the rest. And a file longer than
its superblock says was read in silence, though bytes that were put into it had moved every sample behind them. Found by
fuzzing.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

HDF5 = reader("hdf5")
OPTIONS = HDF5.Options(signals=[{"path": "val", "rate_hz": 100}])
SAMPLES = (np.arange(4000) * 37 % 251).astype(np.int16)


def written(path, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset("val", data=SAMPLES, **how)
    return bytearray(path.read_bytes())


def read(folder, raw):
    (folder / "x.h5").write_bytes(raw)
    return HDF5.read(Source(folder, "x.h5"), OPTIONS)


def test_packed_chunks_without_their_filters_are_refused(tmp_path):
    raw = written(tmp_path / "x.h5", chunks=(1000,), compression="gzip")
    # format, IV.A.2: type 0x000b, then the message's size and flags, version 1 and one filter
    [at] = [at for at in range(len(raw) - 10) if raw[at : at + 2] == b"\x0b\0" and raw[at + 8 : at + 10] == b"\x01\x01"]
    raw[at + 1] = 0x2E
    with h5py.File(_put(tmp_path / "shown.h5", raw)) as file:
        assert not np.array_equal(file["val"][:], SAMPLES)  # as the library reads it
    with pytest.raises(SourceError, match=r"x\.h5: has chunks that are packed, and does not say how"):
        read(tmp_path, raw)


def test_chunks_without_filters_are_read(tmp_path):
    recording = read(tmp_path, written(tmp_path / "x.h5", chunks=(1000,)))
    np.testing.assert_array_equal(recording.streams[0].digital[0], SAMPLES)
    assert recording.warnings == ()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_file_longer_than_it_says_is_told(tmp_path, libver):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["val"] = SAMPLES
    raw = path.read_bytes()
    at = raw.find(SAMPLES.tobytes()) + 10
    recording = read(tmp_path, raw[:at] + b"abc" + raw[at:])
    assert recording.warnings == ("The file has 3 bytes more than it states; it may be damaged.",)
    assert read(tmp_path, raw).warnings == ()


def _put(path, raw):
    path.write_bytes(raw)
    return path

"""Damaged MATLAB and HDF5 files: an error that says so, or samples as they were; never a crash or a hang."""

from __future__ import annotations

import random
import resource
import struct
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest
import scipy.io

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats import Source, reader
from biocurate.testing.mat73 import StructArray, write_mat73

X = np.arange(600, dtype=np.int16).reshape(200, 3) * 7
SAID = {
    "signals": [
        {"path": "x", "axes": ["time", "channel"], "labels": {"from": "names"}, "rate_hz": {"from": "s/fs"}},
        {"path": "s/y", "rate_hz": 10},
    ],
    "annotations": [{"kind": "e", "value": {"from": "c/1"}, "optional": True}],
}


def _level4(path):
    scipy.io.savemat(path, {"x": X, "fs": 250.0, "names": np.array(["one", "two", "six"])}, format="4")


def _level5(path, packed=False):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = "one", "two"
    names = np.array(["one", "two", "six"], dtype=object)
    inner = {"fs": 250.0, "y": np.arange(50.0), "deep": {"z": cells}}
    scipy.io.savemat(path, {"x": X, "names": names, "s": inner, "c": cells}, do_compression=packed)


def _mat73(path):
    inner = {"fs": 250.0, "y": np.arange(50.0)}
    rest = {"c": ["one", "two"], "many": StructArray([{"a": np.arange(3.0)}, {"a": np.arange(4.0)}])}
    write_mat73(path, {"x": X, "names": ["one", "two", "six"], "s": inner, **rest})


def _hdf5(path, libver="earliest"):
    with h5py.File(path, "w", libver=libver) as file:
        file.create_dataset("x", data=X, chunks=(20, 3), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("names", data=["one", "two", "six"], dtype=h5py.string_dtype())
        file["s/fs"] = 250.0
        file["s/y"] = np.arange(50.0)


FILES = {
    "mat4": ("mat", _level4),
    "mat5": ("mat", _level5),
    "mat5 packed": ("mat", lambda path: _level5(path, packed=True)),
    "mat73": ("mat", _mat73),
    "hdf5 earliest": ("hdf5", _hdf5),
    "hdf5 latest": ("hdf5", lambda path: _hdf5(path, "latest")),
}


def said(kind):
    flat = {"signals": [{**SAID["signals"][0], "rate_hz": {"from": "fs"}}]}
    return reader(FILES[kind][0]).Options.model_validate(flat if kind == "mat4" else SAID)


def look(kind, source):
    """Read everything; the digital samples, or None where the file is refused."""
    made, options = reader(FILES[kind][0]), said(kind)
    try:
        header = made.read_header(source, options)
        if sum(each.n_samples for each in header.signals) > 10**6:
            return [stream.samples.read(0, 1000) for stream in made.read(source, options).streams]
        return [stream.digital for stream in made.read(source, options).streams]
    except SourceError as error:
        assert source.path in error.where
        return None


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_cut_off_anywhere_is_refused_or_whole(tmp_path, kind):
    FILES[kind][1](tmp_path / "whole")
    raw = (tmp_path / "whole").read_bytes()
    whole = look(kind, Source(tmp_path, "whole"))
    assert [each.tolist() for each in whole][:1] == [X.T.tolist()]
    stops = sorted({*range(0, 300, 7), *range(0, len(raw), max(1, len(raw) // 60)), *range(len(raw) - 20, len(raw))})
    for stop in stops:
        (tmp_path / "cut").write_bytes(raw[:stop])
        found = look(kind, Source(tmp_path, "cut"))
        # a level 5 file that ends where a variable does is a whole file without the last one
        assert found is None or [each.tolist() for each in found] == [each.tolist() for each in whole]


def mutate(kind, folder, n_mutations, seed):
    """Change bytes at random, where there are some; those that hold no samples make the structure."""
    folder.mkdir(exist_ok=True)
    FILES[kind][1](folder / "whole")
    raw = (folder / "whole").read_bytes()
    live = [place for place, byte in enumerate(raw) if byte]
    chance = random.Random(seed)
    counts = {"refused": 0, "as it was": 0, "other samples": 0}
    whole = look(kind, Source(folder, "whole"))
    for _ in range(n_mutations):
        changed = bytearray(raw)
        for _ in range(chance.choice([1, 1, 2, 4])):
            place = min(max(chance.choice(live) + chance.choice([0, 0, 0, 1, -1, 4]), 0), len(raw) - 1)
            changed[place] = chance.choice([0, 1, 255, chance.randrange(256)])
        (folder / "changed").write_bytes(changed)
        found = look(kind, Source(folder, "changed"))
        same = found is not None and [each.tolist() for each in found] == [each.tolist() for each in whole]
        counts["refused" if found is None else "as it was" if same else "other samples"] += 1
    return counts


MUTATE = """
import faulthandler, importlib.util, pathlib, resource, sys
from biocurate.formats.hdf5 import guard
faulthandler.dump_traceback_later(560, exit=True)
guard.PATIENCE_S = 3.0
spec = importlib.util.spec_from_file_location("damage", sys.argv[1])
damage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(damage)
counts = damage.mutate(sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
# A process that is forked keeps its parent's peak in `ru_maxrss`; the kernel's own counter begins with the program.
status = pathlib.Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak = [line.split()[1] for line in lines if line.startswith("VmHWM")]
print(counts, (int(peak[0]) if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)
"""


def run(kind, folder, n_mutations, seed):
    """In a process of its own: what ends it, or fills its memory, is seen."""
    asked = [sys.executable, "-c", MUTATE, __file__, kind, str(folder), str(n_mutations), str(seed)]
    limit = 3 * 2**30
    found = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert found.returncode == 0, found.stderr[-2000:]
    counts, megabytes = found.stdout.rsplit(" ", 1)
    print(kind, counts, megabytes.strip(), "MB")
    assert int(megabytes) < 400
    return counts


@pytest.mark.parametrize("kind", FILES)
def test_some_changed_bytes(tmp_path, kind):
    run(kind, tmp_path, 60, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", FILES)
def test_thousands_of_changed_bytes(tmp_path, kind, seed):
    run(kind, tmp_path, 2500, seed)


def test_packed_samples_carry_a_checksum(tmp_path):
    """zlib's Adler-32 in level 5, fletcher32 in HDF5: other samples are never taken for the file's."""
    counts = mutate("mat5 packed", tmp_path / "a", 200, 3)
    assert counts["other samples"] == 0


def level5(*elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"".join(elements)


def matrix(cls, shape, name, rest=b""):
    body = struct.pack("<2I2I", 6, 8, cls, 0) + struct.pack(f"<2I{len(shape)}i", 5, 4 * len(shape), *shape)
    body += b"" if len(shape) % 2 == 0 else bytes(4)
    body += struct.pack("<HH4s", 1, len(name), name) + rest
    return struct.pack("<2I", 14, len(body)) + body


def packed(content, size=None):
    squeezed = zlib.compress(content, 9)
    return struct.pack("<2I", 15, len(squeezed)) + squeezed


BOMB = matrix(6, (1, 2**26), b"x", struct.pack("<2I", 9, 2**29))
FIELDS = struct.pack("<2HI", 5, 4, 8) + struct.pack("<2I8s", 1, 8, b"a")


@pytest.mark.parametrize(
    "content",
    [
        level5(matrix(6, (2**31 - 1, 2**31 - 1), b"x", struct.pack("<2Id", 9, 8, 1.0))),
        level5(matrix(6, (-5, 3), b"x")),
        level5(matrix(6, (3,), b"x")),
        level5(matrix(1, (2**31 - 1, 2**20), b"x")),
        level5(matrix(2, (2**31 - 1, 1), b"x", FIELDS)),
        level5(matrix(2, (1, 1), b"x", struct.pack("<2HI", 5, 4, 0))),
        level5(matrix(4, (1, 9), b"x", struct.pack("<2I8s", 16, 2**31, b"abc"))),
        level5(matrix(5, (9, 9), b"x")),
        level5(matrix(6, (1, 1), b"x", struct.pack("<2Id", 77, 8, 1.0))),
        level5(matrix(10, (1, 1), b"x", struct.pack("<2Id", 9, 8, 1e9))),
        level5(packed(struct.pack("<2I", 14, 2**29 + 200) + BOMB[8:] + bytes(2**27))),
        level5(packed(matrix(6, (1, 10**6), b"x", struct.pack("<2Id", 9, 8, 1.0)))),
        level5(struct.pack("<2I", 15, 4) + b"\x78\x9c\xff\xff"),
        level5(matrix(6, (1, 1), b"x", struct.pack("<2Id", 9, 8, 1.0)) * 2),
        level5(b"\x0e\0\0"),
        struct.pack("<5i", 0, 2**30, 2**30, 0, 2) + b"x\0",
        struct.pack("<5i", 0, -1, 1, 0, 2) + b"x\0",
        struct.pack("<5i", 2, 1, 1, 0, 2) + b"x\0" + bytes(8),
        b"nothing of the kind" * 20,
    ],
)
def test_hostile_mat_files(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    made = reader("mat")
    for path in ("x", "x/a", "x/0"):
        options = made.Options(signals=[{"path": path, "rate_hz": 1}])
        with pytest.raises(SourceError):
            made.read(Source(tmp_path, "a.mat"), options).streams[0].samples.read(0, 10)


def test_references_that_lead_to_nothing_or_to_themselves(tmp_path):
    path = tmp_path / "a.mat"
    write_mat73(path, {"c": [np.arange(3.0), np.arange(4.0)]})
    with h5py.File(path, "r+") as file:
        file["c"][0, 0] = h5py.Reference()
        file["c"][0, 1] = file["c"].ref
    made = reader("mat")
    for where in ("c/0", "c/1", "c/1/1/1"):
        with pytest.raises(SourceError):
            made.read(Source(tmp_path, "a.mat"), made.Options(signals=[{"path": where, "rate_hz": 1}]))


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_still_being_copied_is_incomplete_and_not_failed(tmp_path, kind):
    FILES[kind][1](tmp_path / "whole")
    raw = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(raw[: len(raw) - 9])
    made = reader(FILES[kind][0])
    with pytest.raises(IncompleteError, match="ends early"):
        made.read(Source(tmp_path, "cut"), said(kind))

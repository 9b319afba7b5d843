"""HDF5: arrays by path, many recordings in a file, and nothing outside of it."""

from __future__ import annotations

import hashlib
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from biocurate.errors import SourceError
from biocurate.formats import Source, members, reader, source
from biocurate.verify.arrays import hdf5_signals

HDF5 = reader("hdf5")
FUNCTION_SCOPE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
LEADS = ["I", "II", "III"]
TYPES = ["<f8", ">f8", "<f4", "<f2", "i1", "u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", "<u8", "?"]
PACKED = [{}, {"chunks": True, "compression": "gzip", "shuffle": True}, {"chunks": True, "compression": "lzf"}]


def options(*signals, **others):
    return HDF5.Options(signals=signals, **others)


def signal(path, axes=("time",), rate_hz=100, **others):
    return {"path": path, "axes": axes, "rate_hz": rate_hz, **others}


@pytest.fixture
def made(tmp_path):
    """A file that the test fills."""

    def open_file(name="a.h5"):
        return h5py.File(tmp_path / name, "w")

    open_file.source = Source(tmp_path, "a.h5")
    return open_file


@FUNCTION_SCOPE
@given(
    st.sampled_from(TYPES).flatmap(lambda kind: arrays.arrays(kind, st.tuples(st.integers(1, 30), st.integers(1, 4)))),
    st.sampled_from(PACKED),
)
def test_every_type_and_byte_order_comes_back_to_the_last_bit(made, array, packed):
    with made() as file:
        file.create_dataset("g/x", data=array, **packed)
    said = options(signal("g/x", ("time", "channel"), labels=[f"trace {i}" for i in range(array.shape[1])]))
    [stream] = HDF5.read(made.source, said).streams
    native = array.astype(np.uint8 if array.dtype == bool else array.dtype.newbyteorder("="))
    assert stream.samples.dtype == native.dtype
    assert stream.digital.tobytes() == np.ascontiguousarray(native.T).tobytes()
    assert stream.samples.read(1, 3).tobytes() == np.ascontiguousarray(native.T[:, 1:3]).tobytes()


@pytest.fixture
def code15(made):
    """CODE-15's layout: tracings (n, 4096, 12) and exam_id (n,), here of fewer samples and leads."""
    traces = np.random.default_rng(2).normal(size=(6, 50, 3)).astype("f4")
    with made() as file:
        file.create_dataset("tracings", data=traces, chunks=(2, 50, 3), compression="gzip")
        file["exam_id"] = np.arange(590673, 590679)
        file["age"] = np.arange(40, 46)
        file["text"] = [f"row {i}" for i in range(6)]
    said = options(
        signal("tracings", ("record", "time", "channel"), 400, labels=LEADS, unit="mV"),
        records={"id": {"from": "exam_id"}},
        age={"from": "age", "per": "record"},
        annotations=[{"kind": "note", "value": {"from": "text", "per": "record"}}],
    )
    return made.source, said, traces


def test_one_file_holds_many_recordings(code15):
    whole, said, traces = code15
    found = members("hdf5", whole, said)
    assert [(each.record.name, each.record.place, each.record.count) for each in found] == [
        (str(590673 + place), place, 6) for place in range(6)
    ]
    for each in found:
        recording = HDF5.read(each, said)
        np.testing.assert_array_equal(recording.stream("ECG").digital, traces[each.record.place].T)
        assert recording.age == 40 + each.record.place
        assert [made.value for made in recording.annotations] == [f"row {each.record.place}"]
        header = HDF5.read_header(each, said)
        assert [(s.label, s.n_samples) for s in header.signals] == [(lead, 50) for lead in LEADS]
        assert header.n_bytes == -(-whole.size // 6)
        second = hdf5_signals(each, said)
        assert [second[lead][0].tolist() for lead in LEADS] == traces[each.record.place].T.tolist()
    with pytest.raises(SourceError, match="holds many recordings"):
        HDF5.read(whole, said)


class Counting:
    """A stream that counts the bytes that are read of it."""

    def __init__(self, stream):
        self.stream, self.n_bytes = stream, 0

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def readinto(self, buffer):
        self.n_bytes += len(buffer)
        return self.stream.readinto(buffer)


def test_a_recording_reads_its_own_rows_only(made, monkeypatch):
    with made() as file:
        file.create_dataset("x", data=np.zeros((50, 10_000)), chunks=(1, 10_000))
    said = options(signal("x", ("record", "time")), records={})
    streams = []
    inner = source.Source.open
    monkeypatch.setattr(source.Source, "open", lambda self: streams.append(Counting(inner(self))) or streams[-1])
    found = members("hdf5", made.source, said)
    recording = HDF5.read(found[40], said)
    before = streams[0].n_bytes
    assert before < 20_000  # no samples: 4 MB of them lie in the file
    assert recording.streams[0].digital.shape == (1, 10_000)
    assert 80_000 <= streams[0].n_bytes - before < 82_000
    assert len(streams) == 1


def test_the_file_of_many_recordings_is_hashed_once(code15, monkeypatch):
    whole, said, _ = code15
    opened = []
    inner = source.Source.open
    monkeypatch.setattr(source.Source, "open", lambda self: (opened.append(self), inner(self))[1])
    hashes = {each.sha256() for each in members("hdf5", whole, said)}
    assert hashes == {hashlib.sha256(whole.local().read_bytes()).hexdigest()}
    assert len(opened) <= 2  # once to read, once to hash


def test_groups_are_recordings_and_give_their_names(made):
    with made() as file:
        for name in ("b", "a"):
            file[f"cohort/{name}/ecg"] = np.full(5, ord(name), np.int16)
            file[f"cohort/{name}"].attrs["fs"] = 250.0
            file[f"cohort/{name}"].attrs["sex"] = "male"
    said = options(
        signal("cohort/*/ecg", rate_hz={"from": "cohort/*", "attribute": "fs"}),
        records={},
        sex={"from": "cohort/*", "attribute": "sex"},
    )
    found = members("hdf5", made.source, said)
    assert [each.record.name for each in found] == ["a", "b"]
    recording = HDF5.read(found[1], said)
    assert (recording.streams[0].rate_hz, recording.sex) == (250.0, "M")
    assert recording.streams[0].digital.tolist() == [[98] * 5]
    assert hdf5_signals(found[1], said)["ecg"][0].tolist() == [98] * 5


@pytest.mark.parametrize("kind", [h5py.string_dtype(), h5py.string_dtype("ascii", 8), "S8"])
def test_labels_of_every_kind_of_text(made, kind):
    with made() as file:
        file["x"] = np.arange(6).reshape(2, 3)
        file.create_dataset(
            "names", data=["ECG", "Füße"] if kind == h5py.string_dtype() else [b"ECG", b"PPG"], dtype=kind
        )
        file["x"].attrs.create("units", ["mV", "uV"], dtype=h5py.string_dtype())
    said = signal("x", ("channel", "time"), labels={"from": "names"}, unit={"from": "x", "attribute": "units"})
    channels = [channel for stream in HDF5.read(made.source, options(said)).streams for channel in stream.channels]
    assert [channel.label for channel in channels] in (["ECG", "PPG"], ["ECG", "Füße"])
    assert [channel.unit for channel in channels] == ["mV", "uV"]


def test_a_soft_link_within_the_file_is_followed_and_a_circle_is_not(made):
    with made() as file:
        file["g/x"] = np.arange(5)
        file["abs"] = h5py.SoftLink("/g/x")
        file["g/rel"] = h5py.SoftLink("x")
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
        file["away"] = h5py.SoftLink("/nowhere")
    for path in ("abs", "g/rel", "/g/x"):
        assert HDF5.read(made.source, options(signal(path))).streams[0].digital.tolist() == [[0, 1, 2, 3, 4]]
    with pytest.raises(SourceError, match="circle"):
        HDF5.read(made.source, options(signal("a")))
    with pytest.raises(SourceError, match="not in the file"):
        HDF5.read(made.source, options(signal("away")))


def test_nothing_outside_of_the_file_is_read(made, tmp_path):
    """Hostile: external links, external storage and virtual datasets lead to other files."""
    with made("other.h5") as file:
        file["x"] = np.arange(5)
    (tmp_path / "secret.bin").write_bytes(b"12345678")
    with made() as file:
        file["link"] = h5py.ExternalLink("other.h5", "/x")
        file["soft"] = h5py.SoftLink("/link")
        file.create_dataset("stored", (1,), "f8", external=[(str(tmp_path / "secret.bin"), 0, 8)])
        layout = h5py.VirtualLayout((5,), "i8")
        layout[:] = h5py.VirtualSource("other.h5", "x", (5,))
        file.create_virtual_dataset("virtual", layout)
    for path in ("link", "soft"):
        with pytest.raises(SourceError, match="link to another file"):
            HDF5.read(made.source, options(signal(path)))
    for path in ("stored", "virtual"):
        with pytest.raises(SourceError, match="put together from other files"):
            HDF5.read(made.source, options(signal(path)))


def test_what_was_never_written_is_no_zeros(made):
    """Hostile or half written: terabytes that are declared, and chunks that are not there."""
    with made() as file:
        file.create_dataset("huge", (10**9, 4096, 12), "f4", chunks=(1, 4096, 12))
        file.create_dataset("flat", (10**9,), "f8")
        part = file.create_dataset("part", (100,), "i2", chunks=(10,))
        part[:50] = 7
        file.create_dataset("wide", (2, 2**27), "f4", chunks=(1, 2**27), compression="gzip")
        file["names"] = "x"
    for path, axes in (("huge", ("record", "time", "channel")), ("flat", ("time",)), ("part", ("time",))):
        labels = {"labels": [str(i) for i in range(12)]} if "channel" in axes else {}
        records = {"records": {}} if "record" in axes else {}
        with pytest.raises(SourceError, match="never written"):
            said = options(signal(path, axes, **labels), **records)
            HDF5.read(members("hdf5", made.source, said)[0], said)
    with pytest.raises(SourceError, match="too large to be held"):
        HDF5.read(made.source, options(signal("wide", ("channel", "time"), labels=["a", "b"])))


def test_tables_objects_and_texts_are_no_signals(made):
    with made() as file:
        file["table"] = np.zeros(3, [("a", "f8"), ("b", "i4")])
        file["complex"] = np.zeros(3, "c16")
        file["names"] = ["a", "b"]
        file["nothing"] = h5py.Empty("f8")
        file["type"] = np.dtype("f8")
        file["long"] = np.zeros(3, np.longdouble)
        file.create_group("group")
    for path in ("table", "complex", "names", "nothing", "type", "long", "group", "absent", "names/x"):
        with pytest.raises(SourceError):
            HDF5.read(made.source, options(signal(path)))


def test_a_file_that_is_replaced_is_opened_again(made):
    for value in (1, 2):
        with made() as file:
            file["x"] = np.full(3 * value, value)
        [stream] = HDF5.read(made.source, options(signal("x"))).streams
        assert stream.digital.tolist() == [[value] * 3 * value]
    with made() as file:
        file["x"] = np.zeros(2)
    with pytest.raises(SourceError, match="was changed while it was read"):
        stream.digital  # noqa: B018 - reads


def test_others_may_write_while_it_is_kept_open(made):
    with made() as file:
        file["x"] = np.arange(3)
    HDF5.read(made.source, options(signal("x"))).streams[0].digital  # noqa: B018 - reads
    with h5py.File(made.source.local(), "a") as file:
        file["y"] = np.arange(4)
    assert HDF5.read(made.source, options(signal("y"))).streams[0].n_samples == 4


def test_an_archive_and_a_pickled_stream(made, tmp_path):
    with made() as file:
        file.create_dataset("x", data=np.arange(5000.0), chunks=(100,), compression="gzip")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.write(tmp_path / "a.h5", "a.h5")
    for each in (made.source, Source(tmp_path, "a.zip", "a.h5")):
        [stream] = HDF5.read(each, options(signal("x"))).streams
        packed = pickle.dumps(stream)
        assert len(packed) < 3000
        assert pickle.loads(packed).samples.read(150, 152).tolist() == [[150.0, 151.0]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5 library"),
        (bytes(4096), "HDF5 library"),
    ],
)
def test_impostors(tmp_path, content, words):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(SourceError, match=words):
        HDF5.read(Source(tmp_path, "a.h5"), options(signal("x")))

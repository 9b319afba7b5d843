"""Pickles of numpy arrays: read as Python reads them, and whatever asks for more is refused before it does anything."""

from __future__ import annotations

import pickle
import struct
import subprocess
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from biocurate.errors import SourceError
from biocurate.formats import reader
from biocurate.formats.pickle.reader import open_pickle
from biocurate.formats.pickle.steps import load
from biocurate.formats.pickle.values import Array, NotPlain
from biocurate.formats.source import Source

PICKLE = reader("pickle")
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def options(*signals, **more):
    return PICKLE.Options.model_validate({"signals": list(signals), **more})


ONE = {"path": "x", "rate_hz": 100, "unit": "mV", "labels": ["ECG"], "axes": ["time"]}


@pytest.fixture
def source(tmp_path):
    def write(content):
        (tmp_path / "a.pkl").write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
        return Source(tmp_path, "a.pkl")

    return write


KINDS = ["<f8", "<f4", ">f8", "<i2", ">i2", "i1", "u1", "<i4", "<u2", "<i8"]
SHAPES = st.lists(st.integers(0, 5), min_size=0, max_size=3).map(tuple)


@given(
    array=st.sampled_from(KINDS).flatmap(lambda kind: arrays(kind, SHAPES)),
    column_major=st.booleans(),
    protocol=st.integers(0, 5),
)
def test_every_array_of_every_protocol_is_as_python_reads_it(array, column_major, protocol):
    array = np.asfortranarray(array) if column_major else array
    found = load(pickle.dumps({"x": array, "same": array}, protocol))
    for name in ("x", "same"):
        got = found[name].numbers()
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got, array)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4) | st.tuples(inner)
    ),
    max_leaves=10,
)


@given(value=PLAIN, protocol=st.integers(0, 5))
def test_plain_values_are_as_python_reads_them(value, protocol):
    content = pickle.dumps(value, protocol)
    assert load(content) == pickle.loads(content)


@pytest.mark.parametrize("protocol", range(6))
def test_numpy_before_2_named_its_core_otherwise(protocol):
    """numpy 2.0 renamed numpy.core to numpy._core; files of both are about."""
    content = pickle.dumps(np.arange(3.0), protocol).replace(b"numpy._core", b"numpy.core")
    if protocol >= 4:
        content = content.replace(b"\x8c\x16numpy.core", b"\x8c\x15numpy.core").replace(
            b"\x8c\x13numpy.core", b"\x8c\x12numpy.core"
        )
    np.testing.assert_array_equal(load(content).numbers(), [0, 1, 2])


def test_a_recording_of_arrays_at_two_rates(source):
    file = source(
        {"chest": {"ECG": np.arange(20.0)[:, None]}, "wrist": [np.arange(8, dtype="i2")], "age": 27, "sex": "male"}
    )
    said = options(
        {"path": "chest/ECG", "axes": ["time", "channel"], "rate_hz": 10, "unit": "mV", "labels": ["ECG"]},
        {"path": "wrist/0", "rate_hz": 4, "unit": "NU", "labels": ["BVP"]},
        age={"from": "age"},
        sex={"from": "sex"},
    )
    recording = PICKLE.read(file, said)
    assert [(s.rate_hz, s.samples.dtype.str, s.n_samples) for s in recording.streams] == [
        (10, "<f8", 20),
        (4, "<i2", 8),
    ]
    assert (recording.age, recording.sex) == (27, "M")
    assert [signal.n_samples for signal in PICKLE.read_header(file, said).signals] == [20, 8]


@given(
    runs=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=8),
    rate=st.sampled_from([700.0, 62.4725]),
)
@SAME_FOLDER
def test_values_at_a_rate_are_one_interval_a_stretch(source, runs, rate):
    labels = np.repeat([value for value, _ in runs], [count for _, count in runs])
    file = source({"x": np.zeros(len(labels)), "label": labels})
    said = options({**ONE, "rate_hz": rate}, annotations=[{"kind": "c", "rate_hz": rate, "value": {"from": "label"}}])
    made = PICKLE.read(file, said).annotations
    expected = [value for place, value in enumerate(labels) if place == 0 or value != labels[place - 1]]
    assert [each.value for each in made] == [str(value) for value in expected]
    assert made[0].onset_ns == 0
    assert all(a.onset_ns + a.duration_ns == b.onset_ns for a, b in pairwise(made))
    assert made[-1].onset_ns + made[-1].duration_ns == round(len(labels) * 1e9 / rate)


def test_samples_stay_in_the_file_until_they_are_asked_for(source):
    file = source({"x": np.arange(4_000_000.0)})
    tracemalloc.start()
    try:
        recording = PICKLE.read(file, options(ONE))
        part = recording.streams[0].samples.read(3_999_990, 4_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(part, [np.arange(3_999_990.0, 4_000_000.0)])
    assert peak < 2_000_000  # of 32 million bytes


class Runs:
    """What unpickling would run."""

    def __init__(self, called, *arguments):
        self.reduced = called, arguments

    def __reduce__(self):
        return self.reduced


def hostile(marker: Path):
    def asked(module, name, *arguments):
        body = b"".join(b"X" + struct.pack("<I", len(text)) + text.encode() for text in arguments)
        return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + body + b"tR."

    touch = f"touch {marker}"
    return {
        "os.system": asked("os", "system", touch),
        "posix.system": asked("posix", "system", touch),
        "builtins.eval": asked("builtins", "eval", f"open({str(marker)!r}, 'w')"),
        "builtins.exec": asked("__builtin__", "execfile", str(marker)),
        "numpy.load": asked("numpy", "load", str(marker)),
        "numpy.memmap": asked("numpy", "memmap", str(marker)),
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0atesting.os\x93.",
        "subprocess in an array's state": pickle.dumps(
            {"x": np.arange(3.0), "y": Runs(subprocess.call, ["touch", str(marker)])}
        ),
        "nested": pickle.dumps([[{"a": Runs(eval, f"open({str(marker)!r}, 'w')")}]], 0),
        "an object array with one in it": pickle.dumps(np.array([Runs(eval, "1")], object)),
        "newobj": b"\x80\x02cnumpy\nndarray\n)\x81.",
        "inst": b"(inumpy\nndarray\n.",
        "obj": b"(cnumpy\nndarray\no.",
        "persistent id": b"Pabc\n.",
        "extension": b"\x80\x02\x82\x01.",
        "numpy's class called": b"\x80\x02cnumpy\nndarray\n(J\x00\xe1\xf5\x05tR.",
        "a call of a text": b"\x80\x02X\x02\x00\x00\x00ab)R.",
        "a state for a dict": b"\x80\x02}}b.",
        "bytes by the billion": b"\x80\x02c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R.",
    }


@pytest.mark.parametrize("name", sorted(hostile(Path("/nowhere"))))
def test_what_asks_for_more_than_arrays_is_refused_and_not_run(name, tmp_path, source):
    marker = tmp_path / "it-ran"
    content = hostile(marker)[name]
    with pytest.raises(SourceError, match="not read") as caught:
        open_pickle(source(content))
    assert not marker.exists()
    assert caught.value.mend
    assert str(marker) not in str(caught.value)  # arguments are the file's own text


def bombs():
    huge = struct.pack("<I", 2**32 - 1)
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(K\x00tU\x01b\x87R"
    shape = b"(" + b"J\xff\xff\xff\x7f" * 3 + b"t"
    kind = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return {
        "a place in the memo that is far out": b"\x80\x02Nr" + huge + b"j" + huge + b".",
        "an array of more than its bytes": b"}U\x01x"
        + array
        + b"(K\x01"
        + shape
        + kind
        + b"K\x00U\x08"
        + bytes(8)
        + b"tbs.",
        "an array of two for one": b"}U\x01x" + array + b"(K\x01K\x02\x85" + kind + b"K\x00U\x08" + bytes(8) + b"tbs.",
        "an array of one for two": b"}U\x01x" + array + b"(K\x01K\x01\x85" + kind + b"K\x00U\x10" + bytes(16) + b"tbs.",
        "a text of four gigabytes": b"\x80\x02X" + huge + b"abc.",
        "a negative length": b"\x80\x02T\xff\xff\xff\xffabc.",
        "a number of a million digits": b"L" + b"9" * 1_000_000 + b"L\n.",
        "a long of a million bytes": b"\x80\x02\x8b" + struct.pack("<i", 1_000_000) + bytes(1_000_000) + b".",
        "the same text encoded over and over": (
            b"\x80\x02X"
            + struct.pack("<I", 500_000)
            + b"a" * 500_000
            + b"q\x00U\x06latin1q\x010"
            + b"c_codecs\nencode\nq\x02"
            + b"h\x02h\x00h\x01\x86R" * 60_000
            + b"."
        ),
        "itself in itself": b"\x80\x02]q\x00h\x00ah\x00a.",
        "nothing on the stack": b"\x80\x02.",
        "below a mark": b"\x80\x02N(0.",
        "no mark": b"\x80\x02t.",
        "from an empty memo": b"\x80\x02h\x07.",
        "cut off": pickle.dumps({"x": np.arange(100.0)})[:-20],
        "a later protocol": b"\x80\x09N.",
        "text": b"subject,age\n1,27\n",
    }


def test_the_array_of_the_bombs_is_read_where_it_is_right(source):
    array = bombs()["an array of two for one"].replace(b"K\x01K\x02\x85", b"K\x01K\x01\x85")
    assert PICKLE.read(source(array), options(ONE)).streams[0].digital.tolist() == [[0.0]]


@pytest.mark.parametrize("name", sorted(bombs()))
def test_what_would_exhaust_the_reader_or_contradicts_itself_is_a_source_error(name, source):
    tracemalloc.start()
    try:
        with pytest.raises(SourceError):
            PICKLE.read(source(bombs()[name]), options(ONE))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.parametrize("steps", [b"N0" * 300_000, b"]" * 300_000 + b"a" * 299_999, b"(" * 600_000])
def test_steps_are_counted(source, steps):
    with pytest.raises(SourceError, match="more steps"):
        open_pickle(source(b"\x80\x02" + steps + b"."))


def test_a_deep_nest_is_no_recursion(source):
    assert open_pickle(source(b"]" * 100_000 + b"a" * 99_999 + b".")).n_elements == 1


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_wrong_bytes_ends_in_values_or_in_a_refusal(data):
    content = bytearray(
        pickle.dumps({"x": np.arange(6.0), "y": {"z": np.arange(4, dtype="i2")}}, data.draw(st.integers(0, 5)))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = load(bytes(content))
    except NotPlain:
        return
    for value in found.values() if isinstance(found, dict) else ():
        if isinstance(value, Array) and value.dtype is not None:
            assert value.numbers().shape == value.shape

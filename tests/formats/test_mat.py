"""MATLAB files: MAT-File Format, levels 4 and 5, and 7.3 in the layout of MATLAB's own; scipy wrote the first two."""

from __future__ import annotations

import io
import pickle
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import ValidationError

from biocurate.errors import SourceError
from biocurate.formats import Source, members, reader
from biocurate.recording import NS
from biocurate.testing.mat73 import StructArray, write_mat73
from biocurate.verify.arrays import mat_signals

MAT = reader("mat")
FUNCTION_SCOPE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
VERSIONS = ("5", "5 packed", "7.3")
TYPES = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def options(*signals, **others):
    return MAT.Options(signals=signals, **others)


def signal(path, axes=("time",), rate_hz=100, **others):
    return {"path": path, "axes": axes, "rate_hz": rate_hz, **others}


def write(path, variables, version):
    """Write variables as a version does; lists are cell arrays, mappings structs."""
    if version == "7.3":
        write_mat73(path, variables)
    elif version == "4":
        scipy.io.savemat(path, variables, format="4")
    else:
        scipy.io.savemat(
            path, {name: _plain(value) for name, value in variables.items()}, do_compression="p" in version
        )


def _plain(value):
    if isinstance(value, StructArray):
        made = np.empty((1, len(value)), [(field, object) for field in value[0]])
        for place, one in enumerate(value):
            made[0, place] = tuple(_plain(each) for each in one.values())
        return made
    if isinstance(value, dict):
        return {field: _plain(each) for field, each in value.items()}
    if isinstance(value, list):
        cells = np.empty((len(value), 1), object)
        for place, each in enumerate(value):
            cells[place, 0] = _plain(each)
        return cells
    return value


@pytest.fixture
def make(tmp_path):
    def made(variables, version):
        write(tmp_path / "a.mat", variables, version)
        return Source(tmp_path, "a.mat")

    return made


NUMBERS = st.sampled_from(TYPES).flatmap(
    lambda kind: arrays.arrays(kind, st.tuples(st.integers(1, 40), st.integers(1, 5)))
)


@FUNCTION_SCOPE
@given(NUMBERS, st.sampled_from(VERSIONS), st.sampled_from([("time", "channel"), ("channel", "time")]))
def test_every_class_of_number_comes_back_to_the_last_bit(make, array, version, axes):
    source = make({"x": array}, version)
    rows = array.T if axes[0] == "time" else array
    said = options(signal("x", axes, labels=[f"trace {i}" for i in range(len(rows))]))
    [stream] = MAT.read(source, said).streams
    assert stream.samples.dtype == array.dtype
    assert stream.digital.tobytes() == np.ascontiguousarray(rows).tobytes()
    half = rows.shape[1] // 2
    assert stream.samples.read(half, half + 3).tobytes() == np.ascontiguousarray(rows[:, half : half + 3]).tobytes()
    [shape] = {each.n_samples for each in MAT.read_header(source, said).signals}
    assert shape == rows.shape[1]


@FUNCTION_SCOPE
@given(
    st.sampled_from(["f8", "f4", "i4", "i2", "u2", "u1"]).flatmap(
        lambda kind: arrays.arrays(kind, st.tuples(st.integers(1, 20), st.integers(1, 4)))
    )
)
def test_level_4_matrices_of_every_type(make, array):
    source = make({"before": np.arange(3.0), "x": array, "after": "text"}, "4")
    said = options(signal("x", ("time", "channel"), labels=[f"trace {i}" for i in range(array.shape[1])]))
    [stream] = MAT.read(source, said).streams
    # scipy has no single in its level 4: what it wrote is asked of scipy
    assert stream.samples.dtype == scipy.io.loadmat(source.local())["x"].dtype
    np.testing.assert_array_equal(stream.digital, array.T)


def test_level_4_big_endian_as_the_format_describes_it(tmp_path):
    """Level 4, MOPT: M = 1 is IEEE big endian, P = 3 is int16."""
    values = np.array([[1, -2], [300, 4], [5, -30000]], ">i2")
    head = struct.pack(">5i", 1030, 3, 2, 0, 4) + b"val\0"
    (tmp_path / "a.mat").write_bytes(head + values.tobytes(order="F"))
    [stream] = MAT.read(
        Source(tmp_path, "a.mat"), options(signal("val", ("time", "channel"), labels=["a", "b"]))
    ).streams
    assert stream.digital.tolist() == values.T.tolist()


def test_level_5_big_endian_as_the_format_describes_it(tmp_path):
    """Level 5: the endian indicator MI read as IM means that bytes are swapped; a double may be stored as int16."""
    body = struct.pack(">2I2I", 6, 8, 6, 0) + struct.pack(">2I2i", 5, 8, 1, 3)
    body += struct.pack(">HH4s", 1, 1, b"x\0\0\0") + struct.pack(">2I3h2x", 3, 6, 1, -2, 300)
    content = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + struct.pack(">2I", 14, len(body)) + body
    assert scipy.io.loadmat(io.BytesIO(content))["x"].tolist() == [[1, -2, 300]]
    (tmp_path / "a.mat").write_bytes(content)
    [stream] = MAT.read(Source(tmp_path, "a.mat"), options(signal("x"))).streams
    assert (stream.samples.dtype, stream.digital.tolist()) == (np.float64, [[1.0, -2.0, 300.0]])


@pytest.mark.parametrize("version", VERSIONS)
def test_labels_rates_units_and_gains_from_variables(make, version):
    x = np.arange(12, dtype=np.int16).reshape(6, 2)
    source = make({"d": {"x": x, "names": ["ECG", "PPG "], "fs": 250.0, "u": "mV", "g": np.array([0.5, 2.0])}}, version)
    said = options(
        signal(
            "d/x",
            ("time", "channel"),
            {"from": "d/fs"},
            labels={"from": "d/names"},
            unit={"from": "d/u"},
            gain={"from": "d/g"},
            offset=1,
            invalid=1,
        )
    )
    recording = MAT.read(source, said)
    assert [(str(s.sensor_type), s.rate_hz, s.channels[0].label) for s in recording.streams] == [
        ("ECG", 250, "ECG"),
        ("PPG", 250, "PPG"),
    ]
    np.testing.assert_array_equal(recording.stream("ECG").physical, [x[:, 0] * 0.5 + 1])
    np.testing.assert_array_equal(recording.stream("PPG").physical[0][1:], x[1:, 1] * 2.0 + 1)
    channel = recording.stream("PPG").channels[0]
    assert (channel.unit, channel.gain, channel.offset, channel.invalid) == ("mV", 2.0, 1.0, 1)
    assert np.isnan(recording.stream("PPG").physical[0, 0])


@pytest.mark.parametrize("version", VERSIONS)
def test_blocks_follow_one_another_and_any_range_is_read(make, version):
    """ISRUC as it is published in .mat: a variable a channel, epochs of 30 s by samples of an epoch."""
    epochs = np.random.default_rng(1).normal(size=(7, 60))
    source = make({"C3_A2": epochs, "X2": epochs + 1, "Y": epochs.T}, version)
    said = options(
        signal(["C3_A2", "X2", "absent"], ("block", "time"), 2, optional=True), signal("Y", ("time", "block"), 2)
    )
    recording = MAT.read(source, said)
    assert [s.channels[0].label for s in recording.streams] == ["C3_A2", "X2", "Y"]
    first, second, turned = recording.streams
    flat = epochs.reshape(-1)
    for start, stop in [(0, 420), (5, 9), (55, 65), (60, 120), (59, 301), (419, 420), (7, 7), (0, 10**9)]:
        np.testing.assert_array_equal(first.samples.read(start, stop)[0], flat[start:stop])
        np.testing.assert_array_equal(second.samples.read(start, stop)[0], flat[start:stop] + 1)
        np.testing.assert_array_equal(turned.samples.read(start, stop)[0], flat[start:stop])
    assert recording.duration_ns == 210 * NS


@pytest.mark.parametrize("version", VERSIONS)
def test_structs_of_an_array_are_recordings(make, version):
    """PulseDB: Subj_Wins, one struct a segment, with its own age and beats."""
    segments = StructArray(
        {"ECG_Raw": np.arange(5.0) + 10 * k, "Age": 50.0 + k, "Gender": "MF"[k % 2], "Peaks": np.array([1.0, 4.0])}
        for k in range(3)
    )
    source = make({"Subj_Wins": segments}, version)
    said = options(
        signal("Subj_Wins/*/ECG_Raw", rate_hz=125, labels=["ECG"], unit="mV"),
        records={},
        age={"from": "Subj_Wins/*/Age"},
        sex={"from": "Subj_Wins/*/Gender"},
        annotations=[
            {"kind": "beat", "value": "R", "onset": {"from": "Subj_Wins/*/Peaks", "unit": "samples", "base": 1}}
        ],
    )
    found = members("mat", source, said)
    assert [each.record.name for each in found] == ["0", "1", "2"]
    for k, each in enumerate(found):
        recording = MAT.read(each, said)
        assert recording.stream("ECG").digital.tolist() == [[10.0 * k + i for i in range(5)]]
        assert (recording.age, recording.sex) == (50.0 + k, "MF"[k % 2])
        assert [made.onset_ns for made in recording.annotations] == [0, 3 * NS // 125]
        assert mat_signals(each, said)["ECG"][0].tolist() == recording.stream("ECG").digital[0].tolist()
    [one] = members("mat", make({"Subj_Wins": StructArray(segments[:1])}, version), said)
    assert MAT.read(one, said).age == 50.0


@pytest.mark.parametrize("version", VERSIONS)
def test_cells_of_structs_by_number_and_as_recordings(make, version):
    """BNCI's motor imagery files: data{1..9}, each a struct with X and fs."""
    runs = [{"X": np.full((4, 2), k, np.int16), "fs": 250.0} for k in range(3)]
    source = make({"data": runs}, version)
    [stream] = MAT.read(source, options(signal("data/1/X", ("time", "channel"), labels=["a", "b"]))).streams
    assert stream.digital.tolist() == [[1] * 4] * 2
    each_run = signal("data/*/X", ("time", "channel"), {"from": "data/*/fs"}, labels=["a", "b"])
    with pytest.raises(SourceError, match="3 recordings and 1 different names"):
        members("mat", source, options(each_run, records={"id": {"from": "data/*/fs"}}))
    said = options(each_run, records={})
    assert [MAT.read(each, said).streams[0].digital[0, 0] for each in members("mat", source, said)] == [0, 1, 2]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_axis_of_one_recording_is_dropped_by_matlab(make, version):
    said = options(signal("x", ("time", "channel", "record"), labels=["a", "b"]), records={})
    many = make({"x": np.arange(24).reshape(4, 2, 3)}, version)
    assert [MAT.read(each, said).streams[0].digital[1, 3] for each in members("mat", many, said)] == [21, 22, 23]
    one = make({"x": np.arange(8).reshape(4, 2)}, version)
    [each] = members("mat", one, said)
    assert MAT.read(each, said).streams[0].digital.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("array", "axes", "labels"),
    [
        (np.zeros((6, 2)), ("channel", "time"), ["a", "b"]),
        (np.zeros((6, 2)), ("time",), None),
        (np.zeros((1, 6, 1)), ("time", "channel"), ["a"]),
        (np.zeros((2, 3, 4)), ("time", "channel"), ["a", "b", "c"]),
        (np.zeros((6, 2)), ("time", "channel"), ["a", "b", "c"]),
        (np.zeros((0, 2)), ("time", "channel"), ["a", "b"]),
        (np.zeros(4) + 1j, ("time",), None),
        ("text", ("time",), None),
        ([np.zeros(2), np.zeros(2)], ("time",), None),
    ],
)
def test_a_shape_that_is_not_the_declared_one_is_refused_and_never_turned(make, version, array, axes, labels):
    if version == "7.3" and np.iscomplexobj(array):
        pytest.skip("the writer has no complex numbers")
    with pytest.raises(SourceError, match="x"):
        MAT.read(make({"x": array}, version), options(signal("x", axes, labels=labels)))


@pytest.mark.parametrize("version", VERSIONS)
def test_hypnograms_events_and_labels_of_the_whole(make, version):
    source = make(
        {
            "x": np.zeros(1000),
            "stages": np.array([0, 0, 5]),
            "on": np.array([0.5, np.nan, 2.25]),
            "len": np.array([1.0, 1.0, 0.0]),
            "what": ["arousal", "b", "apnea"],
            "dx": "AF",
        },
        version,
    )
    said = options(
        signal("x"),
        annotations=[
            {"kind": "stage", "every_s": 3, "value": {"from": "stages"}},
            {
                "kind": "event",
                "onset": {"from": "on", "unit": "s"},
                "duration": {"from": "len"},
                "value": {"from": "what"},
                "number": {"from": "stages"},
                "channel": "x",
            },
            {"kind": "dx", "value": {"from": "dx"}},
            {"kind": "none", "value": {"from": "absent"}, "optional": True},
        ],
    )
    recording = MAT.read(source, said)
    seen = [(a.kind, a.value, a.onset_ns / NS, a.duration_ns / NS, a.number) for a in recording.annotations]
    assert seen == [
        ("stage", "0", 0, 3, None),
        ("stage", "0", 3, 3, None),
        ("stage", "5", 6, 3, None),
        ("event", "arousal", 0.5, 1, 0),
        ("event", "apnea", 2.25, 0, 5),
        ("dx", "AF", 0, 10, None),
    ]
    assert recording.warnings == ("event: 1 of 3 annotations have no time and are left out",)


def test_a_sample_index_is_counted_from_the_base_that_is_stated(make):
    source = make({"x": np.zeros(100), "i": np.array([1, 100], np.int32), "y": np.zeros(50)}, "5")
    for base, expected in ((1, [0, 990_000_000]), (0, [10_000_000, NS])):
        mark = {"kind": "e", "value": "e", "onset": {"from": "i", "unit": "samples", "base": base}}
        found = MAT.read(source, options(signal("x"), annotations=[mark])).annotations
        assert [each.onset_ns for each in found] == expected
    with pytest.raises(SourceError, match="several rates"):
        MAT.read(source, options(signal("x"), signal("y", rate_hz=50), annotations=[mark]))
    mark["onset"]["rate_hz"] = 50
    [first, _] = MAT.read(source, options(signal("x"), signal("y", rate_hz=50), annotations=[mark])).annotations
    assert first.onset_ns == NS // 50
    zero = make({"x": np.zeros(100), "i": np.array([0, 4])}, "5")
    mark = {"kind": "e", "value": "e", "onset": {"from": "i", "unit": "samples", "base": 1}}
    with pytest.raises(SourceError, match="begin before the recording"):
        MAT.read(zero, options(signal("x"), annotations=[mark]))


@pytest.mark.parametrize(
    "said",
    [
        {"signals": []},
        {"signals": [signal("x", ("channel",), labels=["a"])]},
        {"signals": [signal("x", ("time", "time"))]},
        {"signals": [signal("x", ("time", "channel"))]},
        {"signals": [signal("x", labels=["a", "b"])]},
        {"signals": [signal("x/*/y")]},
        {"signals": [signal("x", ("record", "time"))]},
        {"signals": [signal("x/*/y", ("record", "time"))], "records": {}},
        {"signals": [signal("x")], "records": {}},
        {"signals": [signal("x", gain=0)]},
        {"signals": [signal("x", gain=float("inf"))]},
        {"signals": [signal("x", rate_hz=0)]},
        {"signals": [signal("x")], "age": {"from": "a", "per": "record"}},
        {"signals": [signal("x")], "annotations": [{"kind": "a", "value": "b"}]},
        {
            "signals": [signal("x")],
            "annotations": [{"kind": "a", "value": "b", "onset": {"from": "o", "unit": "samples"}}],
        },
        {
            "signals": [signal("x")],
            "annotations": [{"kind": "a", "value": "b", "onset": {"from": "o", "unit": "s", "base": 1}}],
        },
        {"signals": [signal("x", rate=1)]},
    ],
)
def test_options_that_contradict_themselves_are_refused(said):
    with pytest.raises(ValidationError):
        MAT.Options.model_validate(said)


@pytest.mark.parametrize("version", VERSIONS)
def test_sex_by_map_and_an_age_that_is_none(make, version):
    source = make({"x": np.zeros(3), "sex": 2.0, "age": "unknown"}, version)
    said = options(signal("x"), sex={"from": "sex", "map": {1: "M", 2: "F"}}, age={"from": "age"})
    recording = MAT.read(source, said)
    assert (recording.age, recording.sex) == (None, "F")
    assert recording.warnings == ("the age in the file is no number of years; it is left out",)
    assert MAT.read(source, options(signal("x"), sex={"from": "sex"})).sex is None


@pytest.mark.parametrize("version", ("4", *VERSIONS))
def test_a_member_of_an_archive_and_a_pickled_stream_read_alike(tmp_path, version):
    x = np.arange(3000.0)
    write(tmp_path / "a.mat", {"x": x}, version)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(tmp_path / "a.mat", "in/a.mat")
    [stream] = MAT.read(Source(tmp_path, "a.zip", "in/a.mat"), options(signal("x"))).streams
    assert pickle.loads(pickle.dumps(stream)).samples.read(7, 9).tolist() == [[7.0, 8.0]]
    assert len(pickle.dumps(stream)) < 3000
    np.testing.assert_array_equal(stream.digital[0], x)


def test_real_files_of_level_4_equal_scipys(corpora):
    files = sorted(corpora.glob("c*-12lead/*.mat"))[::5]
    assert files
    for path in files:
        source = Source(corpora, path.relative_to(corpora).as_posix())
        leads = [f"lead {i}" for i in range(12)]
        [stream] = MAT.read(source, options(signal("val", ("channel", "time"), 500, labels=leads))).streams
        expected = scipy.io.loadmat(path)["val"]
        assert stream.samples.dtype == expected.dtype
        np.testing.assert_array_equal(stream.digital, expected)


def test_the_recipes_of_the_documentation_are_valid():
    text = (Path(__file__).parents[2] / "docs/arrays.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert len(blocks) >= 3
    for block in blocks:
        files = block.get("files", block)
        assert reader(files.get("reader", "mat")).Options.model_validate(files["options"]).signals

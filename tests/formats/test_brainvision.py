"""BrainVision against its core data format 1.0: files are written here byte by byte from it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.brainvision.reader import NO_MARKERS, OTHER_MARKERS
from biocurate.formats.brainvision.text import MISCODED
from biocurate.recording import NS, Annotation, Recording, Segment

READER = reader("brainvision")
OPTIONS = READER.Options()
START = "20200302102030123456"
KINDS = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}


@dataclass
class Triplet:
    """A recording to be: samples of shape (channels, samples) and the text around them."""

    samples: np.ndarray
    binary_format: str = "INT_16"
    orientation: str = "MULTIPLEXED"
    interval: str = "2000"
    channels: list[str] | None = None
    common: list[str] = field(default_factory=list)
    binary: list[str] = field(default_factory=list)
    markers: list[str] | None = field(default_factory=lambda: [f"New Segment,,1,1,0,{START}"])
    codepage: str = "Codepage=UTF-8"
    encoding: str = "utf-8"
    name: str = "rec"
    data_name: str = "rec.eeg"
    marker_name: str = "rec.vmrk"
    n_channels: int | None = None
    big_endian: bool = False

    def header(self) -> str:
        n_channels = len(self.samples) if self.n_channels is None else self.n_channels
        entries = self.channels or [f"C{i + 1},,0.5,µV" for i in range(len(self.samples))]
        lines = [
            "Brain Vision Data Exchange Header File Version 1.0", "; made for a test", "", "[Common Infos]",
            self.codepage, f"DataFile={self.data_name}",
            *([f"MarkerFile={self.marker_name}"] if self.marker_name else []), "DataFormat=BINARY",
            f"DataOrientation={self.orientation}", f"NumberOfChannels={n_channels}",
            f"SamplingInterval={self.interval}", *self.common, "", "[Binary Infos]",
            f"BinaryFormat={self.binary_format}", *self.binary, "", "[Channel Infos]",
            *(f"Ch{i + 1}={entry}" for i, entry in enumerate(entries)), "", "[Comment]", "free = text [of] any kind",
        ]  # fmt: skip
        return "\r\n".join(lines) + "\r\n"

    def write(self, folder: Path) -> Source:
        kind = KINDS.get(self.binary_format, "<i2").replace("<", ">" if self.big_endian else "<")
        flat = self.samples if self.orientation == "VECTORIZED" else self.samples.T
        (folder / "rec.eeg").write_bytes(np.ascontiguousarray(flat, dtype=kind).tobytes())
        (folder / f"{self.name}.vhdr").write_bytes(self.header().encode(self.encoding))
        if self.markers is not None:
            lines = ["Brain Vision Data Exchange Marker File, Version 1.0", "", "[Common Infos]", self.codepage]
            lines += ["DataFile=rec.eeg", "", "[Marker Infos]", "; Each entry: Mk<number>=<Type>,..."]
            lines += [f"Mk{i + 1}={entry}" for i, entry in enumerate(self.markers)]
            (folder / "rec.vmrk").write_bytes("\r\n".join(lines).encode(self.encoding))
        return Source(folder, f"{self.name}.vhdr")

    def read(self, folder: Path, **options: str) -> Recording:
        return READER.read(self.write(folder), READER.Options(**options))


def ramp(n_channels: int = 2, n_samples: int = 10) -> np.ndarray:
    return np.arange(n_channels * n_samples).reshape(n_channels, n_samples) - 7


def with_markers(*markers: str, samples: np.ndarray | None = None) -> Triplet:
    return Triplet(ramp() if samples is None else samples, markers=[f"New Segment,,1,1,0,{START}", *markers])


# what is read


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_every_number_comes_back_as_the_file_holds_it(tmp_path, data):
    """[Common Infos] DataOrientation, [Binary Infos] BinaryFormat and UseBigEndianOrder."""
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    shape = (data.draw(st.integers(1, 5)), data.draw(st.integers(1, 40)))
    raw = data.draw(st.binary(min_size=4 * shape[0] * shape[1], max_size=4 * shape[0] * shape[1]))
    samples = np.frombuffer(raw, "<i4").reshape(shape)
    samples = samples.view("<f4") if kind == "IEEE_FLOAT_32" else samples.astype(KINDS[kind])
    big = data.draw(st.booleans())
    labels = data.draw(st.lists(st.sampled_from(["C3", "ECG", "EOG", "odd"]), min_size=shape[0], max_size=shape[0]))
    recording = Triplet(
        samples,
        binary_format=kind,
        orientation=data.draw(st.sampled_from(["MULTIPLEXED", "VECTORIZED"])),
        channels=[f"{label},,0.1,µV" for label in labels],
        binary=["UseBigEndianOrder=YES"] if big else [],
        big_endian=big,
    ).read(tmp_path)
    rows = {label: [row for row, each in enumerate(labels) if each == label] for label in labels}
    start, stop = sorted(data.draw(st.tuples(st.integers(0, shape[1]), st.integers(0, shape[1]))))
    for stream in recording.streams:
        wanted = samples[[rows[channel.label].pop(0) for channel in stream.channels]]
        assert stream.samples.dtype == wanted.dtype.newbyteorder("=")
        assert stream.digital.tobytes() == np.ascontiguousarray(wanted).tobytes()
        assert stream.samples.read(start, stop).tobytes() == np.ascontiguousarray(wanted[:, start:stop]).tobytes()
    assert not any(rows.values())


def test_channel_infos_give_name_reference_resolution_and_unit(tmp_path):
    r"""[Channel Infos]: ``Ch<n>=<name>,<reference>,<resolution>,<unit>``; no unit is µV, a comma is ``\1``."""
    entries = ["Cz,TP9,0.1,nV", "O1,,,", "A\\1B,,2", "Pulse,,0.5,ARU", "T7,,1e1,mV,more"]
    recording = Triplet(ramp(5), channels=entries).read(tmp_path)
    channels = {channel.label: channel for stream in recording.streams for channel in stream.channels}
    told = {
        label: (channel.reference, channel.gain, channel.unit, channel.unit_status)
        for label, channel in channels.items()
    }
    assert told == {
        "Cz": ("TP9", 0.1, "nV", "declared"),
        "O1": (None, 1.0, "µV", "declared"),
        "A,B": (None, 2.0, "µV", "declared"),
        "Pulse": (None, 0.5, "ARU", "unknown"),
        "T7": (None, 10.0, "mV", "declared"),
    }


@pytest.mark.parametrize(("interval", "rate"), [("2000", 500.0), ("3906.25", 256.0), ("16006.87", 1e6 / 16006.87)])
def test_the_rate_is_the_exact_ratio_of_the_sampling_interval(tmp_path, interval, rate):
    """[Common Infos] SamplingInterval, in microseconds."""
    assert Triplet(ramp(), interval=interval).read(tmp_path).streams[0].rate_hz == rate


def test_header_tells_what_read_gives(tmp_path):
    source = Triplet(ramp(3, 50)).write(tmp_path)
    header, recording = READER.read_header(source, OPTIONS), READER.read(source, OPTIONS)
    assert [(signal.label, signal.rate_hz, signal.n_samples) for signal in header.signals] == [
        ("C1", 500.0, 50), ("C2", 500.0, 50), ("C3", 500.0, 50)
    ]  # fmt: skip
    assert header.duration_ns == recording.duration_ns == 100_000_000
    assert header.start_unix_ns == recording.start_unix_ns == 1_583_144_430_123_456_000
    assert header.n_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_samples_cross_a_process_boundary_and_are_read_again(tmp_path):
    samples = Triplet(ramp()).read(tmp_path).streams[0].samples
    samples.read(0, 1)
    assert len(again := pickle.dumps(samples)) < 2000
    assert np.array_equal(pickle.loads(again).read(2, 9), ramp()[:, 2:9])


# markers


def test_markers_are_events_from_sample_1_on(tmp_path):
    r"""[Marker Infos]: ``<type>,<description>,<position>,<points>,<channel>``; a comma in a text is ``\1``."""
    recording = with_markers(
        "Stimulus,S  1,1,1,0", "Response,R\\1 2,4,5,0", "Event,,10,0,2", "Comment,is noisy,3,1,1"
    ).read(tmp_path)
    assert recording.annotations == (
        Annotation(0, 0, "event", "Stimulus/S  1"),
        Annotation(4_000_000, 0, "event", "Comment/is noisy", channel="C1"),
        Annotation(6_000_000, 10_000_000, "event", "Response/R, 2"),
        Annotation(18_000_000, 0, "event", "Event", channel="C2"),
    )


def test_a_new_segment_begins_at_its_date(tmp_path):
    """[Marker Infos], type New Segment: recording began again at this sample, at this date."""
    recording = with_markers("Stimulus,S 1,8,1,0", "New Segment,,6,1,0,20200302102032123456").read(tmp_path)
    assert recording.streams[0].segments == (Segment(0, 5), Segment(2 * NS, 5))
    assert recording.annotations[0].onset_ns == 2 * NS + 4_000_000
    assert np.array_equal(recording.streams[0].digital, ramp())
    assert recording.warnings == ("Recording was paused, or the data were cut (gaps: 1); each part is a segment.",)


@pytest.mark.parametrize("date", ["", "0", "00000000000000000000", "20201302102032123456"])
def test_a_new_segment_without_a_date_is_laid_close_and_said_so(tmp_path, date):
    recording = with_markers(f"New Segment,,6,1,0,{date}").read(tmp_path)
    assert recording.streams[0].segments == (Segment(0, 5), Segment(10_000_000, 5))
    assert any("how long its gaps last (gaps: 1)" in warning for warning in recording.warnings)


def test_a_date_that_runs_backwards_makes_no_overlap(tmp_path):
    recording = with_markers("New Segment,,6,1,0,20200302102029123456").read(tmp_path)
    assert recording.streams[0].segments == (Segment(0, 5), Segment(10_000_000, 5))
    assert any("before the one before it has ended (parts: 1)" in warning for warning in recording.warnings)


def test_segments_of_one_length_are_parted(tmp_path):
    """[Common Infos] SegmentationType and SegmentDataPoints."""
    triplet = Triplet(ramp(), common=["DataPoints=10", "SegmentationType=MARKERBASED", "SegmentDataPoints=4"])
    assert [segment.n_samples for segment in triplet.read(tmp_path).streams[0].segments] == [4, 4, 2]


def test_markers_that_are_none_are_counted(tmp_path):
    recording = with_markers("Stimulus", "Stimulus,S 1,x,1,0", "Stimulus,S 1,0,1,0", "Stimulus,S 1,2,1,0").read(
        tmp_path
    )
    assert len(recording.annotations) == 1
    assert recording.warnings == ("3 of its markers do not follow the format and are left out.",)


def test_markers_behind_the_last_sample_say_that_the_data_may_be_cut_off(tmp_path):
    recording = with_markers("Stimulus,S 1,400,1,0").read(tmp_path)
    assert recording.warnings == ("1 of its markers lie behind its last sample; the data file may be cut off.",)


# files


def test_companions_are_header_data_and_markers(tmp_path):
    source = Triplet(ramp()).write(tmp_path)
    assert [file.path for file in READER.companions(source, OPTIONS)] == ["rec.vhdr", "rec.eeg", "rec.vmrk"]


def test_dollar_b_stands_for_the_headers_own_name(tmp_path):
    recording = Triplet(ramp(), data_name="$b.eeg", marker_name="$b.vmrk").read(tmp_path)
    assert not recording.warnings


def test_a_renamed_triplet_is_found_under_its_own_name_and_said_so(tmp_path):
    triplet = Triplet(ramp(), data_name="Jane Doe.eeg", marker_name="Jane Doe.vmrk")
    recording = triplet.read(tmp_path)
    assert np.array_equal(recording.streams[0].digital, ramp())
    assert len(recording.warnings) == 2
    assert not any("Jane" in warning for warning in recording.warnings)


def test_a_header_that_names_the_data_of_another_recording_is_followed_and_said_so(tmp_path):
    source = Triplet(ramp(), name="copy").write(tmp_path)
    (tmp_path / "copy.eeg").write_bytes(b"\x00" * 40)
    recording = READER.read(source, OPTIONS)
    assert np.array_equal(recording.streams[0].digital, ramp())
    assert "another data file than the one that bears its own name" in recording.warnings[0]


def test_markers_of_another_data_file_are_said_to_be(tmp_path):
    source = Triplet(ramp()).write(tmp_path)
    markers = tmp_path / "rec.vmrk"
    markers.write_bytes(markers.read_bytes().replace(b"DataFile=rec", b"DataFile=other"))
    assert OTHER_MARKERS in READER.read(source, OPTIONS).warnings


@pytest.mark.parametrize("name", ["../../x.eeg", "..\\x.eeg", "/etc/hostname", "sub/../../x.eeg", "a\x01b", "x" * 2000])
@pytest.mark.parametrize("field", ["data_name", "marker_name"])
def test_a_name_that_leads_out_of_the_root_is_refused(tmp_path, name, field):
    source = Triplet(ramp(), **{field: name}).write(tmp_path)
    with pytest.raises(SourceError, match=r"outside the folder|no file name"):
        READER.companions(source, OPTIONS)


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    source = Triplet(ramp()).write(root)
    (root / "rec.eeg").rename(tmp_path / "far.eeg")
    (root / "rec.eeg").symlink_to(tmp_path / "far.eeg")
    with pytest.raises(SourceError, match="link out of the folder"):
        READER.read(source, OPTIONS)


def test_a_recording_without_markers_says_that_its_pauses_are_unknown(tmp_path):
    recording = Triplet(ramp(), marker_name="", markers=None).read(tmp_path)
    assert recording.warnings == (NO_MARKERS,)


# damage


def test_missing_markers_are_refused_unless_they_are_optional(tmp_path):
    triplet = Triplet(ramp(), markers=None)
    with pytest.raises(SourceError, match="names a marker file that is not there"):
        triplet.read(tmp_path)
    assert triplet.read(tmp_path, markers="optional").warnings == (NO_MARKERS,)


def test_missing_data_is_refused(tmp_path):
    source = Triplet(ramp()).write(tmp_path)
    (tmp_path / "rec.eeg").unlink()
    with pytest.raises(SourceError, match="names a data file that is not there"):
        READER.read(source, OPTIONS)


@pytest.mark.parametrize("common", [[], ["DataPoints=10"]])
def test_a_data_file_that_ends_inside_a_sample_is_refused_or_its_whole_samples_kept(tmp_path, common):
    source = Triplet(ramp(3), common=common).write(tmp_path)
    data = tmp_path / "rec.eeg"
    data.write_bytes(data.read_bytes()[:-8])
    with pytest.raises(SourceError, match="52 bytes found"):
        READER.read_header(source, OPTIONS)
    recording = READER.read(source, READER.Options(size="as-file"))
    assert np.array_equal(recording.streams[0].digital, ramp(3)[:, :8])
    assert len(recording.warnings) == 1


def test_a_data_file_with_more_samples_than_stated_is_refused(tmp_path):
    source = Triplet(ramp(2, 10), common=["DataPoints=9"]).write(tmp_path)
    with pytest.raises(SourceError, match="36 bytes expected, 40 bytes found"):
        READER.read(source, OPTIONS)


def test_a_vectorized_file_of_another_length_is_refused_whatever_the_options(tmp_path):
    """Every channel but the first would begin at the wrong byte."""
    triplet = Triplet(ramp(2, 10), orientation="VECTORIZED", common=["DataPoints=9"])
    with pytest.raises(SourceError, match="not as long"):
        triplet.read(tmp_path, size="as-file")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"binary_format": "INT_17"}, "'binaryformat' is unknown"),
        ({"orientation": "SIDEWAYS"}, "'dataorientation' is unknown"),
        ({"n_channels": 3}, "describes 2 channels .* 3"),
        ({"n_channels": 1}, "describes 2 channels .* 1"),
        ({"n_channels": 0}, "'numberofchannels'"),
        ({"interval": "0"}, "'samplinginterval'"),
        ({"interval": "1e999"}, "'samplinginterval'"),
        ({"interval": "fast"}, "'samplinginterval'"),
        ({"common": ["DataType=FREQUENCYDOMAIN"]}, "spectra"),
        ({"common": ["DataFormat=ASCII"]}, "samples as text"),
        ({"common": ["DataPoints=-3"]}, "'datapoints'"),
        ({"binary": ["DataOffset=512"]}, "'dataoffset'"),
        ({"codepage": "Codepage=KLINGON"}, "code page"),
        ({"samples": np.zeros((2, 0))}, "is empty"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_followed_is_refused(tmp_path, changes, message):
    with pytest.raises(SourceError, match=message):
        Triplet(**{"samples": ramp()} | changes).read(tmp_path)


def test_a_header_that_states_utf_8_and_is_not_is_read_as_windows_1252_and_said_so(tmp_path):
    recording = Triplet(ramp(), encoding="latin-1").read(tmp_path)
    assert {channel.unit for channel in recording.streams[0].channels} == {"µV"}
    assert MISCODED in recording.warnings


@pytest.mark.parametrize("codepage", ["", "Codepage=ANSI"])
def test_the_code_page_of_old_headers_is_that_of_windows(tmp_path, codepage):
    """[Common Infos] Codepage: ANSI where it is not stated."""
    recording = Triplet(ramp(), encoding="cp1252", codepage=codepage).read(tmp_path)
    assert {channel.unit for channel in recording.streams[0].channels} == {"µV"}
    assert not recording.warnings


@pytest.mark.parametrize("text", [b"", b"<html><body>Log in</body></html>", b"0       X X X", b"\xff\xfe\x00" * 500])
def test_what_is_no_header_is_refused(tmp_path, text):
    source = Triplet(ramp()).write(tmp_path)
    (tmp_path / "rec.vhdr").write_bytes(text)
    with pytest.raises(SourceError):
        READER.read_header(source, OPTIONS)


def test_what_is_no_marker_file_is_refused(tmp_path):
    source = Triplet(ramp()).write(tmp_path)
    (tmp_path / "rec.vmrk").write_text("some text")
    with pytest.raises(SourceError, match="no BrainVision marker file"):
        READER.read(source, OPTIONS)


def test_data_that_went_through_a_text_transfer_is_refused(tmp_path):
    samples = np.full((2, 400), 0x0A0A)
    source = Triplet(samples).write(tmp_path)
    data = tmp_path / "rec.eeg"
    data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(SourceError, match="0x0D 0x0A"):
        READER.read(source, OPTIONS)


def test_a_resolution_that_is_no_scale_makes_the_unit_suspect(tmp_path):
    recording = Triplet(ramp(1), channels=["Cz,,0,µV"]).read(tmp_path)
    channel = recording.streams[0].channels[0]
    assert (channel.gain, channel.unit_status) == (1.0, "suspect")
    assert recording.warnings == ("Cz: its resolution is no scale; its values are as digitised.",)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_recording_is_read_or_refused(tmp_path, data):
    """Any byte of any of the three files may be wrong: no other error than ours, ever."""
    source = with_markers("Stimulus,S 1,3,1,0", "New Segment,,6,1,0,20200302102032123456").write(tmp_path)
    path = tmp_path / data.draw(st.sampled_from(["rec.vhdr", "rec.vmrk", "rec.eeg"]))
    raw = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=6)):
        raw[place] = data.draw(st.sampled_from(list(b"\x00\n\r,=[]09-.A\xff$\\")))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    try:
        READER.read_header(source, OPTIONS)
        recording = READER.read(source, OPTIONS)
    except SourceError:
        return
    for stream in recording.streams:
        assert stream.digital.shape == stream.samples.shape
        assert sum(segment.n_samples for segment in stream.segments) == stream.n_samples
        ends = [segment.t0_ns + round(segment.n_samples * NS / stream.rate_hz) for segment in stream.segments]
        assert all(end <= later.t0_ns for end, later in zip(ends, stream.segments[1:], strict=False))

"""EDF (Kemp et al. 1992), EDF+ (Kemp & Olivan 2003) and BDF (BioSemi): clause by clause."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from datetime import UTC, datetime

import edfio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.recording import NS, Annotation, Segment

EDF = reader("edf")
OPTIONS = EDF.Options()
AS_FILE = EDF.Options(size="as-file")
FUNCTION_SCOPE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def ramp(n_records: int, per_record: int) -> np.ndarray:
    return np.arange(n_records * per_record).reshape(n_records, per_record) - 3


def read(source: Source, options=OPTIONS):
    return EDF.read(source, options)


@st.composite
def signals(draw):
    n_records = draw(st.integers(1, 4))
    per_record = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    wide = draw(st.booleans())
    least, most = (-(2**23), 2**23 - 1) if wide else (-(2**15), 2**15 - 1)
    count = n_records * sum(per_record)
    values = draw(st.lists(st.integers(least, most), min_size=count, max_size=count))
    parts = np.split(np.array(values), np.cumsum([n_records * length for length in per_record])[:-1])
    return wide, [part.reshape(n_records, -1) for part in parts]


@FUNCTION_SCOPE
@given(signals(), st.data())
def test_edf_data_records_every_integer_of_every_signal_at_its_own_rate(put, edf_file, written, data):
    """EDF "data records"; BDF's samples have 24 bits. Any cut of a stream gives the same integers as the whole."""
    wide, samples = written
    labels = [f"EEG C{i % 6 + 1}" for i in range(len(samples))]
    recording = read(put(edf_file(samples, labels=labels, wide=wide, record_s="2").encode()))
    expected = {}
    for each in samples:
        expected.setdefault(each.shape[1], []).append(each.reshape(-1))
    assert [stream.rate_hz for stream in recording.streams] == [length / 2 for length in expected]
    for stream, rows in zip(recording.streams, expected.values(), strict=True):
        assert stream.samples.dtype == stream.digital.dtype == (np.int32 if wide else np.int16)
        np.testing.assert_array_equal(stream.digital, rows)
        start = data.draw(st.integers(0, stream.n_samples))
        stop = data.draw(st.integers(start, stream.n_samples + 2))
        np.testing.assert_array_equal(stream.samples.read(start, stop), np.array(rows)[:, start:stop])


def test_edf_header_signals_units_filters_and_calibration(put, edf_file):
    """EDF "header record": physical = (digital - digital minimum) * (physical range / digital range) + minimum."""
    source = put(
        edf_file([ramp(2, 4)], physical=("-10", "30"), digital=("-100", "300"), labels=["EEG Fp1-REF"]).encode()
    )
    channel = read(source).streams[0].channels[0]
    assert (channel.label, channel.name, channel.reference, channel.unit) == ("EEG Fp1-REF", "Fp1", "REF", "uV")
    assert (channel.prefilter, channel.unit_status, channel.invalid) == ("HP:0.1Hz LP:75Hz", "declared", None)
    assert (channel.gain, channel.offset) == (0.1, 0.0)
    np.testing.assert_allclose(read(source).streams[0].physical[0], (ramp(2, 4).reshape(-1) + 100) * 0.1 - 10)


def test_edf_header_is_read_without_its_samples(put, edf_file):
    """A plan reads thousands of headers: nothing after them is opened, and counts come from the header."""
    source = put(edf_file([ramp(3, 10), ramp(3, 1)], labels=["EEG Cz", "Temp rectal"], units=["uV", "degC"]).encode())
    header = EDF.read_header(source, OPTIONS)
    assert [(s.label, s.unit, s.rate_hz, s.n_samples) for s in header.signals] == [
        ("EEG Cz", "uV", 10.0, 30),
        ("Temp rectal", "degC", 1.0, 3),
    ]
    assert (header.duration_ns, header.n_bytes) == (3 * NS, source.size)


def test_edf_streams_part_by_rate_and_sensor_type(put, edf_file):
    """A stream's channels share sensor type and rate, wherever they stand in the file."""
    labels = ["EEG Fp1", "ECG", "EEG Fp2", "Temp rectal", "whatever"]
    units = ["uV", "mV", "uV", "DegC", "furlong"]
    samples = [ramp(2, 4) + 10 * i for i in range(3)] + [ramp(2, 1), ramp(2, 4)]
    recording = read(put(edf_file(samples, labels=labels, units=units).encode()))
    assert [(str(s.sensor_type), s.rate_hz, [c.name for c in s.channels]) for s in recording.streams] == [
        ("EEG", 4.0, ["Fp1", "Fp2"]),
        ("ECG", 4.0, ["ECG"]),
        ("TEMP", 1.0, ["rectal"]),
        ("MISC", 4.0, ["whatever"]),
    ]
    np.testing.assert_array_equal(recording.streams[0].digital[1], ramp(2, 4).reshape(-1) + 20)
    assert recording.streams[3].channels[0].unit_status == "unknown"


@pytest.mark.parametrize(("record_s", "rate"), [("0.1", 30.0), ("9.59375", 3 / 9.59375), ("1e-1", 30.0), ("0,1", 30.0)])
def test_edf_header_duration_of_a_data_record_may_be_a_fraction(put, edf_file, record_s, rate):
    recording = read(put(edf_file([ramp(2, 3)], record_s=record_s).encode()))
    assert recording.streams[0].rate_hz == rate


@pytest.mark.parametrize(
    ("date", "start"),
    [
        ("02.03.20", "2020-03-02"),
        ("31.12.85", "1985-12-31"),
        ("01.01.84", "2084-01-01"),
        ("42.00.00", None),
        ("X", None),
    ],
)
def test_edf_header_startdate_with_1985_as_the_clipping_year(put, edf_file, date, start):
    """EDF+ 2.1.3 (2); a date that cannot be is a warning, and the recording has no start."""
    recording = read(put(edf_file([ramp(1, 3)], date=date, recording="").encode()))
    expected = start and int(datetime.fromisoformat(f"{start}T10:20:30+00:00").timestamp()) * NS
    assert recording.start_unix_ns == expected
    assert bool(recording.warnings) is (start is None)


def test_edf_plus_2_1_3_startdate_subfield_wins_and_x_withholds_it(put, edf_file):
    given_date = edf_file([ramp(1, 3)], reserved="EDF+C", recording="Startdate 05-JUL-1951 X X X")
    assert (
        read(put(given_date.encode())).start_unix_ns
        == int(datetime(1951, 7, 5, 10, 20, 30, tzinfo=UTC).timestamp()) * NS
    )
    lists = [[b"+0\x14\x14\x00"]]
    withheld = read(put(edf_file([ramp(1, 3)], reserved="EDF+C", recording="Startdate X X X X", lists=lists).encode()))
    assert (withheld.start_unix_ns, withheld.warnings) == (None, ())


@pytest.mark.parametrize(
    ("patient", "reserved", "sex", "age"),
    [
        ("P7 F 03-MAR-1980 Haagse_Harry", "EDF+C", "F", 39.0),
        ("P7 M 02-MAR-1980 X", "EDF+C", "M", 40.0),
        ("P7 X X X", "EDF+C", None, None),
        ("P7 F 03-MAR-1980 X", "", None, None),
        ("P7 F 03-MAR-2080 X", "EDF+C", "F", None),
    ],
)
def test_edf_plus_2_1_3_patient_subfields_sex_and_age(put, edf_file, patient, reserved, sex, age):
    """Subfields exist only in EDF+; plain EDF's field is free text."""
    source = put(edf_file([ramp(1, 3)], patient=patient, reserved=reserved).encode())
    assert (read(source).sex, read(source).age) == (sex, age)
    assert (EDF.read_header(source, OPTIONS).sex, EDF.read_header(source, OPTIONS).age) == (sex, age)


def test_edf_plus_2_2_2_and_2_2_3_annotations_with_durations_and_several_texts(put, edf_file):
    """A list: onset, duration after byte 21, texts between bytes 20, byte 0; times are exact decimals."""
    first = b"+0\x14\x14\x00+0.1\x1525.5\x14Apnea\x14Hypopnea\x14\x00-0.065\x14Pre-stimulus\x14\x00"
    second = "+1\x14\x14\x00+1.123456789\x14Öffnen\x14\x00+1.5\x14Limb movement@@EMG RAT\x14\x00".encode()
    recording = read(put(edf_file([ramp(2, 3)], reserved="EDF+C", lists=[[first, second]]).encode()))
    assert recording.annotations == (
        Annotation(-65_000_000, 0, "event", "Pre-stimulus"),
        Annotation(100_000_000, 25_500_000_000, "event", "Apnea"),
        Annotation(100_000_000, 25_500_000_000, "event", "Hypopnea"),
        Annotation(1_123_456_789, 0, "event", "Öffnen"),
        Annotation(1_500_000_000, 0, "event", "Limb movement", channel="RAT"),
    )
    assert [
        s.label
        for s in EDF.read_header(put(edf_file([ramp(1, 3)], lists=[[b"+0\x14\x14\x00"]]).encode()), OPTIONS).signals
    ] == ["EEG C1"]


def test_edf_plus_2_2_1_only_the_first_annotation_signal_keeps_time(put, edf_file):
    lists = [[b"+0\x14\x14\x00", b"+1\x14\x14\x00"], [b"+0.5\x14light off\x14\x00", b""]]
    recording = read(put(edf_file([ramp(2, 3)], reserved="EDF+C", lists=lists).encode()))
    assert [a.value for a in recording.annotations] == ["light off"]
    assert recording.streams[0].segments == (Segment(0, 6),)


def test_edf_plus_2_2_4_a_recording_may_start_a_fraction_after_the_full_second(put, edf_file):
    """The first record's onset X is added to the start time; annotations count from the first sample."""
    lists = [[b"+0.394531\x14\x14\x00+0.5\x14here\x14\x00", b"+1.394531\x14\x14\x00"]]
    source = put(edf_file([ramp(2, 3)], reserved="EDF+C", lists=lists).encode())
    recording = read(source)
    start = int(datetime(2020, 3, 2, 10, 20, 30, tzinfo=UTC).timestamp()) * NS
    assert recording.start_unix_ns == start + 394_531_000
    assert EDF.read_header(source, OPTIONS).start_unix_ns == recording.start_unix_ns
    assert recording.annotations[0].onset_ns == 105_469_000
    assert recording.streams[0].segments == (Segment(0, 6),)


@FUNCTION_SCOPE
@given(
    st.one_of(
        st.decimals(-5, 10**9, places=6).map(lambda onset: f"{onset:+f}".encode() + b"\x14\x14\x00"),
        st.binary(max_size=24),
        st.sampled_from([b"+0\x14\x14", b"+3\x14said\x14\x00+4\x14\x14\x00", b"+" + b"9" * 21 + b"\x14\x14", b""]),
    ),
    st.booleans(),
    st.booleans(),
)
def test_edf_plus_2_2_4_header_and_recording_agree_on_the_start(put, edf_file, first, wide, withheld):
    """A plan orders recordings by their headers' start: that of the first sample, as `read` gives it."""
    who = "Startdate X X X X" if withheld else "Startdate 02-MAR-2020 X X X"
    lists = [[first, b"+1\x14\x14\x00"], [b"+7\x14\x14\x00", b""]]
    content = edf_file([ramp(2, 3)], reserved="EDF+C", lists=lists, recording=who, wide=wide).encode()
    source = put(content.replace(b"EDF+C", b"BDF+C") if wide else content)
    assert EDF.read_header(source, OPTIONS).start_unix_ns == read(source).start_unix_ns


def test_edf_plus_2_2_4_onset_of_a_discontinuous_record_opens_a_new_segment(put, edf_file):
    """In EDF+D, the time-keeping list of each record gives its start."""
    lists = [[f"+{start}\x14\x14\x00".encode() for start in ("0", "1", "5", "6.25")]]
    source = put(edf_file([ramp(4, 200), ramp(4, 2)], reserved="EDF+D", lists=lists).encode())
    fast, slow = read(source).streams
    assert fast.segments == (Segment(0, 400), Segment(5 * NS, 200), Segment(6_250_000_000, 200))
    assert slow.segments == (Segment(0, 4), Segment(5 * NS, 2), Segment(6_250_000_000, 2))
    assert EDF.read_header(source, OPTIONS).duration_ns is None


def test_edf_plus_2_2_4_a_discontinuous_record_must_not_begin_before_the_last_has_ended(put, edf_file):
    lists = [[f"+{start}\x14\x14\x00".encode() for start in (0, 3, 3.5)]]
    with pytest.raises(SourceError, match=r"record 3 of 3 begins 3.5 s after the start, before record 2 has ended"):
        read(put(edf_file([ramp(3, 200)], reserved="EDF+D", lists=lists).encode()))
    with pytest.raises(SourceError, match="record 2 of 3 does not say when it begins"):
        read(put(edf_file([ramp(3, 200)], reserved="EDF+D", lists=[[lists[0][0], b"", lists[0][2]]]).encode()))
    with pytest.raises(SourceError, match="no annotation signal"):
        read(put(edf_file([ramp(3, 200)], reserved="EDF+D").encode()))


def test_edf_plus_gaps_in_a_file_that_claims_to_have_none_are_kept_and_reported(put, edf_file):
    lists = [[f"+{start}\x14\x14\x00".encode() for start in (0, 1, 9)]]
    recording = read(put(edf_file([ramp(3, 2)], reserved="EDF+C", lists=lists).encode()))
    assert recording.streams[0].segments == (Segment(0, 4), Segment(9 * NS, 2))
    assert "not marked as having gaps" in recording.warnings[0]


def test_edf_plus_2_1_2_a_file_may_hold_annotations_only(put, edf_file):
    """Then a data record lasts 0 seconds."""
    recording = read(
        put(
            edf_file(
                reserved="EDF+C", record_s="0", lists=[[b"+0\x14\x14\x00+30\x1530\x14Sleep stage 2\x14\x00"]]
            ).encode()
        )
    )
    assert recording.streams == ()
    assert recording.annotations == (Annotation(30 * NS, 30 * NS, "event", "Sleep stage 2"),)


def test_edf_header_minus_one_records_means_that_the_size_tells(put, edf_file):
    recording = read(put(edf_file([ramp(3, 5)], n_records="-1").encode()))
    assert recording.streams[0].n_samples == 15
    assert "does not say how many records" in recording.warnings[0]


@pytest.mark.parametrize("limits", [{"digital": ("5", "5")}, {"physical": ("0", "0")}, {"physical": ("", "x")}])
def test_edf_limits_that_give_no_scale_leave_the_digital_values(put, edf_file, limits):
    recording = read(put(edf_file([ramp(1, 5)], **limits).encode()))
    channel = recording.streams[0].channels[0]
    assert (channel.gain, channel.offset, channel.unit_status) == (1.0, 0.0, "suspect")
    assert "no scale" in recording.warnings[0]


def test_edf_a_cut_file_names_the_record_and_the_bytes(put, edf_file):
    whole = edf_file([ramp(5, 100)]).encode()
    with pytest.raises(
        SourceError, match=r"cut.edf: record 4 of 5 ends early: 200 bytes expected, 77 found.*download it again"
    ):
        EDF.read_header(put(whole[: 512 + 3 * 200 + 77], "cut.edf"), OPTIONS)
    kept = read(put(whole[: 512 + 3 * 200 + 77], "cut.edf"), AS_FILE)
    np.testing.assert_array_equal(kept.streams[0].digital, [ramp(5, 100)[:3].reshape(-1)])
    assert "the 3 whole ones" in kept.warnings[0]


def test_edf_a_file_with_more_records_than_its_header_says(put, edf_file):
    source = put(edf_file([ramp(5, 100)], n_records="3").encode())
    with pytest.raises(SourceError, match="has 5 records where its header says 3"):
        read(source)
    assert read(source, AS_FILE).streams[0].n_samples == 500


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><title>Log in</title>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"time,ecg\n1,2\n" * 40, "is no EDF or BDF file"),
        (b"0       " + b" " * 240, "ends inside its header: 256 bytes expected, 248 found"),
    ],
)
def test_edf_what_is_no_edf_file_is_refused(put, content, message):
    with pytest.raises(SourceError, match=f"recording.edf: .*{message}"):
        EDF.read_header(put(content), OPTIONS)


@pytest.mark.parametrize(
    ("at", "field", "message"),
    [
        (236, b"many    ", "number of data records"),
        (244, b"-1      ", "is no duration"),
        (244, b"0       ", "last 0 seconds"),
        (252, b"0   ", "declares no signal"),
        (252, b"900 ", "ends inside its header"),
        (472, b"1.5     ", "samples in a record of signal 1"),
    ],
)
def test_edf_header_fields_that_the_layout_depends_on(put, edf_file, at, field, message):
    content = bytearray(edf_file([ramp(5, 100)]).encode())
    content[at : at + len(field)] = field
    with pytest.raises(SourceError, match=message):
        EDF.read_header(put(bytes(content)), OPTIONS)


def test_edf_a_header_without_data_is_refused(put, edf_file):
    with pytest.raises(SourceError, match="is a header without data"):
        EDF.read_header(put(edf_file([ramp(5, 100)]).encode()[:512]), OPTIONS)


def test_edf_lf_to_crlf_damage_is_told_even_where_the_size_is_right(put, edf_file):
    """As text-mode FTP and git do it, and then cut to the original length."""
    content = edf_file([np.full((4, 100), 10)]).encode()
    damaged = content.replace(b"\n", b"\r\n")
    for broken in (damaged, damaged[: len(content)]):
        with pytest.raises(SourceError, match=r"0x0A of its samples has become 0x0D 0x0A.*binary"):
            read(put(broken))


def test_edf_in_an_archive_and_across_processes(put, edf_file, tmp_path):
    """A member is read without unpacking it to disk; samples travel as a description, not as data."""
    content = edf_file([ramp(2, 4)]).encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/side.edf", content)
    for source in (Source(tmp_path, "a.zip", "in/side.edf"), put(content)):
        stream = read(source).streams[0]
        assert stream.digital.shape == (1, 8)
        sent = pickle.dumps(stream)
        assert len(sent) < 5000
        np.testing.assert_array_equal(pickle.loads(sent).digital, [ramp(2, 4).reshape(-1)])


@pytest.mark.parametrize("wide", [False, True])
def test_a_cut_of_a_file_of_20_gigabytes_is_read_in_bounded_memory(put, edf_file, wide):
    """Written as one record and a hole, which takes no room on disk."""
    one = edf_file([ramp(1, 1000)] * 4, wide=wide, n_records="9999999").encode()
    source = put(one)
    record_bytes = 4 * 1000 * (3 if wide else 2)
    n_records = 20 * 10**9 // record_bytes
    content = one.replace(b"9999999 ", f"{n_records:<8}".encode())
    with source.local().open("r+b") as file:
        file.write(content)
        file.truncate(256 * 5 + n_records * record_bytes)
    tracemalloc.start()
    stream = read(source).streams[0]
    middle = stream.samples.read(stream.n_samples // 2, stream.n_samples // 2 + 5000)
    first = stream.samples.read(0, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.n_samples == n_records * 1000
    assert not middle.any()
    np.testing.assert_array_equal(first, [ramp(1, 1000)[0]] * 4)
    assert peak < 5_000_000


@FUNCTION_SCOPE
@given(st.lists(st.tuples(st.integers(0, 40), st.text("abcÅµ €", min_size=1, max_size=8)), max_size=6))
def test_edf_what_edfio_writes_is_read_alike(put, events):
    signals = [
        edfio.EdfSignal(np.sin(np.arange(40.0)), 4, label="EEG Fp1", physical_dimension="uV"),
        edfio.EdfSignal(np.arange(20.0), 2, label="Resp", physical_dimension="mV"),
    ]
    written = edfio.Edf(signals, annotations=[edfio.EdfAnnotation(at / 4, None, text) for at, text in events])
    buffer = io.BytesIO()
    written.write(buffer)
    recording = read(put(buffer.getvalue()))
    for stream, signal in zip(recording.streams, signals, strict=True):
        np.testing.assert_array_equal(stream.digital[0], signal.digital)
        np.testing.assert_allclose(stream.physical[0], signal.data, atol=1e-12)
    assert sorted((a.onset_ns, a.value) for a in recording.annotations) == sorted(
        (at * 250_000_000, text.strip()) for at, text in events if text.strip()
    )

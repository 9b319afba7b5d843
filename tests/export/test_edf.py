"""EDF+ files as the standard has them: https://www.edfplus.info/specs/edfplus.html."""

from __future__ import annotations

from dataclasses import replace

import edfio
import numpy as np
import pytest

from biocurate.errors import ExportError
from biocurate.export import write_edf
from biocurate.export.clocks import clocks, exact
from biocurate.export.edf_limits import eight, limits
from biocurate.export.edf_records import grid_of, seconds_text
from biocurate.recording import NS, Annotation, ArraySamples, Recording
from biocurate.testing.memory import interval, noise_stream


def digital(path):
    read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
    return {signal.label: signal.digital for signal in read(path).signals}


def test_2_1_3_no_person_and_no_date_is_in_the_header(tmp_path):
    recording = Recording(
        (noise_stream("EEG", 100, [(0, 100)]),),
        age=44.0,
        sex="F",
        start_unix_ns=1_600_000_000 * NS,
        header={"patient": "Q"},
    )
    head = write_edf(recording, tmp_path / "a.edf").files[0].read_bytes()[:256]
    assert head[8:88].strip() == b"X X X X"
    assert head[88:168].strip() == b"Startdate X X X X"
    assert head[168:184] == b"01.01.8500.00.00"


def test_2_1_1_a_gap_makes_it_discontinuous_and_records_say_when_they_begin(tmp_path):
    whole = Recording((noise_stream("EEG", 100, [(0, 300)]),))
    gapped = Recording((noise_stream("EEG", 100, [(0, 200), (7.25, 100)]),))
    first, second = (write_edf(each, tmp_path / f"{n}.edf").files[0] for n, each in enumerate((whole, gapped)))
    assert first.read_bytes()[192:197] == b"EDF+C"
    assert second.read_bytes()[192:197] == b"EDF+D"
    raw = second.read_bytes()
    assert [raw.count(onset) for onset in (b"+0\x14\x14", b"+1\x14\x14", b"+7.25\x14\x14")] == [1, 1, 1]


def test_2_2_2_onset_and_duration_are_exact_and_texts_are_utf_8(tmp_path):
    marks = (Annotation(1, 0, "event", "first"), Annotation(123_456_789_012, 2_000_000_001, "event", "Schläft µ 睡"))
    path = write_edf(Recording((noise_stream("EEG", 100, [(0, 20_000)]),), marks), tmp_path / "a.edf").files[0]
    raw = path.read_bytes()
    assert b"+0.000000001\x14first\x14\x00" in raw
    assert "+123.456789012\x152.000000001\x14Schläft µ 睡\x14\x00".encode() in raw
    found = [(each.onset, each.duration, each.text) for each in edfio.read_edf(path).annotations]
    assert (123.456789012, 2.000000001, "Schläft µ 睡") in found
    assert [seconds_text(each) for each in (-1_500_000_000, 0, 60 * NS)] == [b"-1.5", b"+0", b"+60"]


def test_2_2_4_a_start_of_a_fraction_of_a_second_is_the_first_records_onset(tmp_path):
    late = noise_stream("EEG", 100, [(12.5, 200)])
    path = write_edf(Recording((late,), (interval(13, 1, "task"),)), tmp_path / "a.edf").files[0]
    raw = path.read_bytes()
    assert raw[176:184] == b"00.00.12"
    assert b"+0.5\x14\x14\x00" in raw
    assert b"+1\x151\x14condition:task\x14" in raw


def test_streams_at_several_rates_share_a_file_where_they_begin_and_end_together(tmp_path):
    streams = (
        noise_stream("EEG", 250, [(0, 2500)], ["Cz", "Pz"]),
        noise_stream("RESP", 25, [(0, 250)]),
        noise_stream("TEMP", 0.5, [(0, 5)]),
    )
    [path] = write_edf(Recording(streams), tmp_path / "a.edf").files
    rates = {signal.label: signal.sampling_frequency for signal in edfio.read_edf(path).signals}
    assert rates == {"Cz": 250, "Pz": 250, "RESP": 25, "TEMP": 0.5}
    np.testing.assert_array_equal(digital(path)["RESP"], streams[1].digital[0])


def test_a_stream_that_begins_later_has_a_file_of_its_own_and_no_sample_is_invented(tmp_path):
    streams = (noise_stream("PPG", 64, [(0, 640)]), noise_stream("HR", 1, [(10, 5)]))
    files = write_edf(Recording(streams), tmp_path / "S10.edf").files
    assert [path.name for path in files] == ["S10_1_PPG.edf", "S10_2_HR.edf"]
    assert files[1].read_bytes()[176:184] == b"00.00.10"
    assert len(digital(files[1])["HR"]) == 5


def test_a_stream_that_ends_a_sample_earlier_has_a_file_of_its_own(tmp_path):
    streams = (noise_stream("EEG", 100, [(0, 200)]), noise_stream("RESP", 25, [(0, 49)]))
    files = write_edf(Recording(streams), tmp_path / "r.edf").files
    assert [{label: len(row) for label, row in digital(path).items()} for path in files] == [{"EEG": 200}, {"RESP": 49}]


@pytest.mark.parametrize(("rate", "n_samples"), [(62.4725, 24989), (62.4725, 24989 * 3), (59.94, 2997), (500.0, 10007)])
def test_a_record_gives_back_the_rate_and_divides_the_samples_without_a_rest(rate, n_samples):
    [clock] = clocks([noise_stream("ECG", rate, [(0, n_samples)])])
    grid = grid_of(clock, 2)
    assert grid.rates_hz == (rate,)
    assert grid.n_records * grid.ticks == n_samples
    assert len(grid.duration) <= 8


def test_a_rate_that_eight_characters_cannot_give_is_told(tmp_path):
    """650,000 samples at 360 Hz (mitdb): no divisor of them lasts a decimal number of seconds."""
    made = write_edf(Recording((noise_stream("ECG", 360, [(0, 650_000)]),)), tmp_path / "a.edf")
    mend, note = made.notes
    assert "--pad" in mend
    assert "360.0 Hz reads back as 359.99" in note
    assert len(digital(made.files[0])["ECG"]) == 650_000


def test_rates_are_the_simplest_fractions():
    assert str(exact(62.4725)) == "24989/400"
    assert str(exact(250.0)) == "250"
    assert str(exact(100 / 30)) == "10/3"


def test_24_bits_make_a_bdf_and_more_is_refused_unless_scaled(tmp_path):
    stream = noise_stream("EEG", 100, [(0, 100)], gain=0.01)
    wide = replace(stream, samples=ArraySamples(stream.digital.astype(np.int32) * 4000))
    path = write_edf(Recording((wide,)), tmp_path / "a.edf").files[0]
    assert path.suffix == ".bdf"
    assert path.read_bytes()[:8] == b"\xffBIOSEMI"
    np.testing.assert_array_equal(digital(path)["EEG"], wide.digital[0])
    wider = replace(stream, samples=ArraySamples(stream.digital.astype(np.int32) * 100_000))
    with pytest.raises(ExportError, match=r"24 bits.*--scale"):
        write_edf(Recording((wider,)), tmp_path / "b.edf")
    made = write_edf(Recording((wider,)), tmp_path / "b.edf", scale=True)
    assert "scaled to 24 bits" in made.notes[0]
    signal = edfio.read_bdf(made.files[0]).signals[0]
    np.testing.assert_allclose(signal.data, wider.physical[0], atol=np.ptp(signal.physical_range) / 2**24)


def test_floats_are_refused_unless_scaled_and_the_loss_is_half_a_step(tmp_path):
    values = np.array([[36.125, 36.5, np.nan, 37.75, 36.0]], np.float32)
    stream = replace(noise_stream("TEMP", 4, [(0, 5)], gain=1.0, offset=0.0, unit="degC"), samples=ArraySamples(values))
    with pytest.raises(ExportError, match="floats"):
        write_edf(Recording((stream,)), tmp_path / "a.edf")
    made = write_edf(Recording((stream,)), tmp_path / "a.edf", scale=True)
    assert any("1 that are no number are -32768" in note for note in made.notes)
    signal = edfio.read_edf(made.files[0]).signals[0]
    assert signal.digital[2] == -32768
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(signal.data[kept], values[0, kept], atol=1.75 / 65534 * 0.51)


def test_samples_marked_invalid_are_told_since_edf_has_no_such_mark(tmp_path):
    stream = noise_stream("ECG", 100, [(0, 4)], invalid=-32768)
    samples = np.array([[1, -32768, 3, 4]], np.int16)
    made = write_edf(Recording((replace(stream, samples=ArraySamples(samples)),)), tmp_path / "a.edf")
    assert any("1 samples are -32768" in note for note in made.notes)
    assert digital(made.files[0])["ECG"].tolist() == [1, -32768, 3, 4]


def test_volts_whose_limits_do_not_fit_are_written_in_the_canonical_unit_and_told(tmp_path):
    stream = noise_stream("EEG", 100, [(0, 100)], gain=3e-11, offset=0.0, unit="V")
    made = write_edf(Recording((stream,)), tmp_path / "a.edf")
    assert any("in uV instead of 'V'" in note for note in made.notes)
    signal = edfio.read_edf(made.files[0]).signals[0]
    assert signal.physical_dimension == "uV"
    np.testing.assert_allclose(signal.data, stream.physical[0] * 1e6, rtol=1e-6)


def test_a_scale_of_no_eight_characters_is_refused(tmp_path):
    for gain in (0.0, float("nan"), 1e20):
        stream = noise_stream("MISC", 100, [(0, 100)], gain=gain, unit="")
        with pytest.raises(ExportError, match="eight characters"):
            write_edf(Recording((stream,)), tmp_path / "a.edf")
    assert list(tmp_path.iterdir()) == []


def test_annotations_alone_make_a_file_of_one_record_that_lasts_0_seconds(tmp_path):
    path = write_edf(Recording((), (interval(30, 30, "N2", kind="event"),)), tmp_path / "a.edf").files[0]
    [found] = edfio.read_edf(path).annotations
    assert (found.onset, found.duration, found.text) == (30, 30, "N2")


def test_overlapping_segments_are_refused(tmp_path):
    with pytest.raises(ExportError, match="before the one before it"):
        write_edf(Recording((noise_stream("EEG", 100, [(0, 200), (1, 100)]),)), tmp_path / "a.edf")


def test_labels_and_units_of_other_characters_are_told(tmp_path):
    stream = noise_stream("EEG", 100, [(0, 100)], ["Cz"], unit="µV")
    named = replace(stream, channels=(replace(stream.channels[0], label="ein viel zu langer Name"),))
    made = write_edf(Recording((named,)), tmp_path / "a.edf")
    signal = edfio.read_edf(made.files[0]).signals[0]
    assert (signal.label, signal.physical_dimension) == ("Cz", "uV")
    assert any("'ein viel zu langer Name' is written 'Cz'" in note for note in made.notes)


def test_memory_is_bounded_by_the_block_and_not_by_the_recording(tmp_path, monkeypatch):
    from biocurate.export import edf, survey

    monkeypatch.setattr(edf, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(survey, "BLOCK_SAMPLES", 4096)
    asked = []

    class Watched(ArraySamples):
        def read(self, start, stop):
            asked.append(stop - start)
            return super().read(start, stop)

    stream = noise_stream("EEG", 100, [(0, 100_000)])
    path = write_edf(Recording((replace(stream, samples=Watched(stream.digital)),)), tmp_path / "a.edf").files[0]
    assert max(asked) <= 4096
    np.testing.assert_array_equal(digital(path)["EEG"], stream.digital[0])


@pytest.mark.parametrize(
    ("digital_range", "physical_range"),
    [((-32768, 32767), (-52.3222, 83.47741)), ((-2849, 2731), (34, 40)), ((-100, 1000), (0, 1)),
     ((-8092, 8092), (-8092, 8092)), ((-32768, 32767), (8711, -8711)), ((0, 32767), (0, 12)), ((-2500, 2500), (-5, 5))],
)  # fmt: skip
def test_limits_that_stood_in_a_header_give_the_same_scale_again(digital_range, physical_range):
    gain = (physical_range[1] - physical_range[0]) / (digital_range[1] - digital_range[0])
    offset = physical_range[1] - digital_range[1] * gain
    found = limits(gain, offset, *digital_range, 16)
    assert found.covers
    assert found.gain == pytest.approx(gain, rel=1e-14)
    assert found.offset == pytest.approx(offset, rel=1e-12, abs=1e-12 * gain)


def test_a_number_of_eight_characters_has_no_exponent():
    assert [eight(each) for each in (-52.3222, 83.477411, 1e-5, -1234567.8, 0.1 + 0.2, 12345678, -0.0)] == [
        "-52.3222", "83.47741", "0.00001", "-1234568", "0.3", "12345678", "0",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="characters"):
        eight(-12345678)

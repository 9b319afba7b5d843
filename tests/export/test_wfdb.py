"""WFDB records as header(5), signal(5) and annot(5) have them, read by the wfdb package."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import wfdb

from biocurate.errors import ExportError
from biocurate.export import write_wfdb
from biocurate.recording import Annotation, ArraySamples, Recording
from biocurate.testing.memory import interval, noise_stream


def read(folder, name):
    return wfdb.rdrecord(str(folder / name), physical=False, smooth_frames=False, return_res=32)


def test_integers_gain_baseline_units_and_checksums_are_read_by_wfdb(tmp_path):
    ecg = noise_stream("ECG", 250, [(0, 2500)], ["II", "V5"], gain=1 / 200, offset=-1024 / 200)
    resp = noise_stream("RESP", 125, [(0, 1250)], unit="NU", seed=3, gain=0.25, offset=0.0)
    made = write_wfdb(Recording((ecg, resp)), tmp_path, "r")
    assert (sorted(path.name for path in made.files), made.notes) == (["r.dat", "r.hea"], ())
    record = read(tmp_path, "r")
    assert (record.fs, record.samps_per_frame, record.fmt) == (125, [2, 2, 1], ["16"] * 3)
    assert (record.adc_gain, record.baseline, record.units) == ([200, 200, 4], [1024, 1024, 0], ["mV", "mV", "NU"])
    np.testing.assert_array_equal(record.e_d_signal[1], ecg.digital[1])
    np.testing.assert_array_equal(record.e_d_signal[2], resp.digital[0])
    assert [sum % 65536 for sum in record.checksum] == [int(row.sum()) % 65536 for row in (*ecg.digital, *resp.digital)]
    assert record.init_value == [row[0] for row in (*ecg.digital, *resp.digital)]
    assert (record.base_date, record.base_time) == (None, None)


def test_a_gap_is_a_null_segment(tmp_path):
    stream = noise_stream("ECG", 100, [(0, 200), (5, 100)], ["II"], offset=0.0)
    write_wfdb(Recording((stream,)), tmp_path, "r")
    lines = ["r/4 1 100 600", "r_layout 0", "r_0001 200", "~ 300", "r_0002 100"]
    assert (tmp_path / "r.hea").read_text().splitlines() == lines
    record = wfdb.rdrecord(str(tmp_path / "r"))
    expected = stream.physical[0]
    np.testing.assert_allclose(record.p_signal[:200, 0], expected[:200])
    assert np.isnan(record.p_signal[200:500]).all()
    np.testing.assert_allclose(record.p_signal[500:, 0], expected[200:])


@pytest.mark.parametrize(
    ("values", "fmt"), [([1, -32767], "16"), ([1, -32768], "24"), ([1, 2**23 - 1], "24"), ([1, -(2**23)], "32")]
)
def test_the_format_is_the_least_whose_invalid_code_is_no_sample(tmp_path, values, fmt):
    """signal(5): the least value of a format means 'no sample'; EDF has no such value, and its least is a number."""
    kind = np.int16 if min(values) >= -32768 and max(values) < 32768 else np.int32
    stream = replace(noise_stream("ECG", 100, [(0, 2)]), samples=ArraySamples(np.array([values], kind)))
    write_wfdb(Recording((stream,)), tmp_path, "r")
    record = read(tmp_path, "r")
    assert record.fmt == [fmt]
    assert record.e_d_signal[0].tolist() == values


def test_another_formats_invalid_code_becomes_this_ones(tmp_path):
    stream = noise_stream("ECG", 100, [(0, 3)], invalid=-2048)
    stream = replace(stream, samples=ArraySamples(np.array([[5, -2048, 6]], np.int16)))
    made = write_wfdb(Recording((stream,)), tmp_path, "r")
    assert any("1 samples are -32768 now" in note for note in made.notes)
    assert np.isnan(wfdb.rdrecord(str(tmp_path / "r")).p_signal[1, 0])


def test_an_offset_between_two_steps_is_told(tmp_path):
    made = write_wfdb(Recording((noise_stream("EEG", 100, [(0, 10)], gain=2.0, offset=1.0),)), tmp_path, "r")
    assert any("differ by 0.5 of a step" in note for note in made.notes)


def test_floats_are_scaled_on_request_and_no_number_is_the_invalid_code(tmp_path):
    values = np.array([[0.5, np.nan, 2.25, 1.0]], np.float64)
    stream = noise_stream("GSR", 4, [(0, 4)], gain=1.0, offset=0.0)
    recording = Recording((replace(stream, samples=ArraySamples(values)),))
    with pytest.raises(ExportError, match="floats"):
        write_wfdb(recording, tmp_path, "r")
    write_wfdb(recording, tmp_path, "r", scale=True)
    np.testing.assert_allclose(wfdb.rdrecord(str(tmp_path / "r")).p_signal[:, 0], values[0], atol=1.75 / 65532 * 0.51)


def test_beats_rhythms_and_intervals_have_files_of_their_own(tmp_path, from_wfdb):
    stream = noise_stream("ECG", 250, [(0, 2500)], ["II"], offset=0.0)
    marks = (
        Annotation(400_000_000, 0, "beat", "N"),
        Annotation(1_200_000_000, 0, "beat", "V"),
        Annotation(0, 4_000_000_000, "rhythm", "AFIB"),
        Annotation(4_000_000_000, 6_000_000_000, "rhythm", "N"),
        Annotation(8_000_000, 0, "wave", "p", channel="II"),
        interval(1, 2.5, "rest"),
        Annotation(123_456_000, 0, "note", "moved"),
    )
    made = write_wfdb(Recording((stream,), marks), tmp_path, "r")
    assert sorted(path.suffix for path in made.files) == [
        ".beat",
        ".condition",
        ".dat",
        ".hea",
        ".note",
        ".rhythm",
        ".wave_ii",
    ]
    beats = wfdb.rdann(str(tmp_path / "r"), "beat")
    assert (beats.sample.tolist(), beats.symbol) == ([100, 300], ["N", "V"])
    notes = wfdb.rdann(str(tmp_path / "r"), "condition")
    assert (notes.sample.tolist(), notes.aux_note) == ([250], ["condition:rest [2.5 s]"])
    assert wfdb.rdann(str(tmp_path / "r"), "rhythm").aux_note == ["(AFIB", "(N"]
    assert "# annotator wave_ii: kind wave, channel II" in (tmp_path / "r.hea").read_text()
    annotators = {"beat": {}, "rhythm": {}, "wave_ii": {"kind": "wave", "channel": "II"}, "note": {}}
    back = from_wfdb(tmp_path / "r.hea", **annotators).annotations
    assert sorted(back, key=str) == sorted((each for each in marks if each.kind != "condition"), key=str)


def test_a_record_that_begins_later_says_so_in_its_base_time(tmp_path):
    streams = (noise_stream("PPG", 64, [(0, 640)]), noise_stream("HR", 1, [(10.5, 5)]))
    files = write_wfdb(Recording(streams), tmp_path, "S 10").files
    assert [path.name for path in files if path.suffix == ".hea"] == ["S_10_1_PPG.hea", "S_10_2_HR.hea"]
    text = (tmp_path / "S_10_2_HR.hea").read_text()
    assert text.startswith("S_10_2_HR 1 1 5 00:00:10.500000\n")
    assert "# starts 10.500000000 s after the start of the recording" in text


def test_what_began_before_a_record_begins_with_it_and_is_told(tmp_path):
    streams = (noise_stream("PPG", 64, [(0, 1280)]), noise_stream("HR", 1, [(10, 5)]))
    marks = (interval(0, 12, "rest"), interval(1, 2, "talk"), interval(11, 1, "task"))
    made = write_wfdb(Recording(streams, marks), tmp_path, "r")
    late = wfdb.rdann(str(tmp_path / "r_2_HR"), "condition")
    assert (late.fs, late.sample.tolist()) == (1_000_000, [1, 1_000_000])
    assert late.aux_note == ["condition:rest [2 s]", "condition:task [1 s]"]
    assert "1 condition annotations at the first sample are written 1 us later" in made.notes
    assert "1 annotations that began before the record begin with it" in made.notes
    assert "1 annotations from before the record are left out" in made.notes

"""Real CSV files: E4 exports, tables with and without names and times, and the broken ones."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader, scan

pytestmark = pytest.mark.corpora

CSV = reader("csv")
RING = "heartpy/examples/4_smartring_data/ring_data.csv"


def read(corpora: Path, path: str, **options):
    return CSV.read(Source(corpora, path), CSV.Options(**options))


def columns(source: Source, skip: int, separator: str = ",") -> list[list[float]]:
    """Read by Python's csv module and `float`."""
    text = io.TextIOWrapper(source.open(), encoding="utf-8-sig", newline="")
    rows = [row for row in csv.reader(text, delimiter=separator)][skip:]
    return [[float(row[place]) for row in rows] for place in range(len(rows[0]))]


def test_every_e4_file_in_folders_and_archives_is_pythons_floats(corpora):
    names = {"ACC.csv", "BVP.csv", "EDA.csv", "HR.csv", "TEMP.csv"}
    sources = [s for s in scan(corpora / "stress-predict") if s.name in names and "/S0" in s.virtual][:20]
    assert len(sources) == 20
    assert any(source.member for source in sources)
    for source in sources:
        recording = CSV.read(source, CSV.Options(layout="e4"))
        header = CSV.read_header(source, CSV.Options(layout="e4"))
        (stream,) = recording.streams
        np.testing.assert_array_equal(stream.digital, columns(source, 2))
        first = source.open().readline().decode().split(",")[0]
        assert recording.start_unix_ns == header.start_unix_ns == int(float(first)) * 10**9
        assert {signal.rate_hz for signal in header.signals} == {stream.rate_hz}
        assert recording.warnings == ()


@pytest.mark.parametrize(
    ("path", "rate", "shape", "options"),
    [
        ("bidmc-sample/bidmc_01_Signals.csv", 125.0, 60001, {"time": {"column": "Time [s]"}}),
        ("heartpy/data2.csv", 116.988, 15000, {"time": {"column": "timer", "unit": "ms"}}),
        ("heartpy/data.csv", 100.0, 2483, {"rate_hz": 100, "header_rows": 0, "dtype": "int16"}),
        ("neurokit/bio_resting_5min_100hz.csv", 100.0, 30000, {"rate_hz": 100}),
        ("biosppy/ecg.txt", 1000.0, 15000, {"rate_hz": 1000, "header_rows": 0, "comment": "#", "dtype": "int16"}),
        ("neurokit/eeg.txt", 250.0, 4097, {"rate_hz": 250, "header_rows": 0}),
    ],
)
def test_tables_with_a_declared_or_a_derived_rate(corpora, path, rate, shape, options):
    recording = read(corpora, path, **options)
    for stream in recording.streams:
        assert stream.rate_hz == pytest.approx(rate, abs=5e-4)
        assert stream.n_samples == shape
    assert all(len(stream.segments) == 1 for stream in recording.streams)


def test_cogwears_empatica_has_a_steady_clock_and_its_samsung_runs_backwards(corpora):
    folder = "cogwear/survey_gamification/11/pre/baseline"
    time = {"column": "time", "unit": "unix_s"}
    steady = read(corpora, f"{folder}/empatica_bvp.csv", time=time)
    assert steady.streams[0].rate_hz == 64.0
    assert steady.start_unix_ns == 1669463780_890_625_000
    with pytest.raises(SourceError, match=r"samsung_bvp\.csv: line 183: the clock runs back by 40 ms.*arrival-order"):
        read(corpora, f"{folder}/samsung_bvp.csv", time=time)
    ordered = read(corpora, f"{folder}/samsung_bvp.csv", time=time, rate_hz=25, on_clock="arrival-order")
    assert ordered.streams[0].n_samples == 4607
    assert "rows as they came" in ordered.warnings[0]


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("muse-eeg-ppg/outputF.csv", {"rate_hz": 256}, "line 7 has 11 cells where 8 are expected"),
        ("muse-eeg-ppg/outputPPG.csv", {"rate_hz": 64}, "line 7, column 'ppg_1' is no number"),
        ("flirt/empatica/tags.csv", {"layout": "e4"}, "is empty"),
        ("flirt/empatica/IBI.csv", {"layout": "e4"}, "does not begin with a row of start times"),
        ("heartpy/data.csv", {"rate_hz": 100}, "has numbers where its columns' names should be"),
        (
            "heartpy/data3.csv",
            {"time": {"column": "datetime", "unit": "iso"}},
            r"line \d+: the time is .* ms",
        ),
        ("welltory-ppg/data/subject_01/PPG.csv", {"time": {"column": "time", "unit": "ms"}}, r"line \d+: the time is"),
        (RING, {"rate_hz": 32, "header_rows": 0, "dtype": "int16"}, "line 2311, column 'ring_data' is missing"),
    ],
)
def test_broken_files_are_refused_with_the_line(corpora, path, options, message):
    with pytest.raises(SourceError, match=f"{path}: {message}"):
        read(corpora, path, **options)


def test_every_text_file_reads_or_is_refused_with_its_name(corpora):
    """Whatever the options come to on a file they were not made for, no other error leaves the reader."""
    sources = [s for s in scan(corpora, []) if s.name.endswith((".csv", ".txt", ".tsv")) and s.size < 300_000]
    assert len(sources) > 150
    for source in sources:
        for options in ({"rate_hz": 4}, {"layout": "e4"}, {"time": {"column": 0, "unit": "s"}, "header_rows": 0}):
            try:
                assert CSV.read(source, CSV.Options(**options)).streams
            except SourceError as error:
                assert source.virtual in str(error)

"""Every fault that the corpora's README lists ("Real faults to survive"), through a whole ingest.

What is readable is in the store, with a warning in its row where something is odd; what is not is a failure row with
file, place and mend. Faults that belong to a recipe are held to it elsewhere: the sex in each eegmat header, and
Subject31_1 of 80 s (tests/audit/test_corpora.py); diagnoses in ludb.csv, whose cells have line breaks
(tests/recipes/test_corpora.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
import yaml

from biocurate.engine import InProcess
from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.tables import read_rows
from biocurate.store.store import Store, create_store

pytestmark = pytest.mark.corpora

EVERY = {"licence": "l", "access": "open", "citation": "c", "url": "u"}
EVENTS = {"event": {"from": "annotations", "match": ".*"}}
RECIPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "edf": ("", r"(\S+/)?(?P<folder>EDF\.jl|biopeaks-gpl3|edfReader-gpl3|edfio|crlf_corrupted|edf|pyedflib|"
            r"wfdb-samples)/(?P<subject>[^/]+)\.(?P<ending>[eb]df)",
            {"reader": "edf", "name": "{folder}-{subject}.{ending}"}),
    "wfdb": ("wfdb-samples", r"(multi-segment/(s00001|s25047|p000878)/)?(?P<subject>[\w-]+)\.hea",
             {"reader": "wfdb", "options": {"missing_segments": "refuse"}}),
    "parts": ("wfdb-samples/multi-segment", r"\w+/(?P<subject>[sp]\w+-[\d-]+)\.hea", {"reader": "wfdb"}),
    "ptbxl": ("cinc2021-12lead", r"(?P<subject>HR06000)\.hea", {"reader": "wfdb"}),
    "muse": ("muse-eeg-ppg", r"(?P<subject>outputF)\.csv", {"reader": "csv", "options": {"rate_hz": 256}}),
    "samsung": ("cogwear", r"pilot/(?P<subject>\d)/baseline/samsung_bvp\.csv",
                {"reader": "csv", "options": {"time": {"column": "time", "unit": "unix_s"}}}),
    "e4": ("flirt/empatica", r"(?P<subject>EDA|HR|tags)\.csv", {"reader": "csv", "options": {"layout": "e4"}}),
    "headless": ("heartpy", r"(?P<subject>data)\.csv",
                 {"reader": "csv", "options": {"rate_hz": 100, "header_rows": 0, "dtype": "int16"}}),
    "named": ("heartpy", r"(?P<subject>data)\.csv", {"reader": "csv", "options": {"rate_hz": 100}}),
    "garmin": ("flirt/garmin", r"(?P<subject>acc)\.csv",
               {"reader": "csv", "options": {"separator": ";", "header_rows": 0, "on_clock": "robust-line",
                                             "time": {"column": 0, "unit": "iso"}}}),
    "welltory": ("welltory-ppg", r"data/(?P<subject>subject_01)/PPG\.csv",
                 {"reader": "csv", "options": {"time": {"column": "time", "unit": "ms"}}}),
    "counts": ("biosppy", r"(?P<subject>eda)\.txt",
               {"reader": "csv", "options": {"rate_hz": 1000, "header_rows": 0, "comment": "#", "columns": ["EDA"]}}),
}  # fmt: skip
"""Folder, pattern and reader of each: no recipe of the house, so that nothing but the reader decides."""


@dataclass(frozen=True)
class Faulty:
    """All of them in one store."""

    store: Store

    def recording(self, name: str) -> dict[str, Any]:
        [row] = self.store.recordings.filter(pl.col("recording_id") == name).collect().to_dicts()
        return row

    def streams(self, name: str) -> list[dict[str, Any]]:
        return self.store.streams.filter(pl.col("recording_id") == name).sort("stream_no").collect().to_dicts()

    def channels(self, name: str) -> list[dict[str, Any]]:
        return self.store.channels.filter(pl.col("recording_id") == name).collect().to_dicts()

    def annotations(self, name: str) -> list[dict[str, Any]]:
        return self.store.annotations.filter(pl.col("recording_id") == name).collect().to_dicts()

    def failures(self, corpus: str) -> dict[str, str]:
        """What each failure of a corpus says, by file."""
        rows = self.store.failures.filter(pl.col("corpus") == corpus).collect().to_dicts()
        assert all(row["source"] and row["message"] and row["mend"] for row in rows)
        return {row["source"]: f"{row['message']} {row['mend']}" for row in rows}


@pytest.fixture(scope="module")
def faulty(corpora, tmp_path_factory) -> Faulty:
    folder = tmp_path_factory.mktemp("faulty")
    store = create_store(str(folder / "store"))
    for name, (below, pattern, files) in RECIPES.items():
        path = folder / f"{name}.yaml"
        labels = {"labels": EVENTS} if name == "edf" else {}
        said = {
            "name": name,
            "title": "t",
            **EVERY,
            "files": {"pattern": pattern, "name": "{subject}", **files},
            **labels,
        }
        path.write_text(yaml.safe_dump(said))
        ingest(make_plan(load_recipe(path), corpora / below, store), InProcess(), store)
    return Faulty(store)


class TestEdf:
    def test_lf_to_crlf_damage_is_refused_with_its_cause(self, faulty):
        folder = "eegmmidb/crlf_corrupted"
        assert set(faulty.failures("edf")) == {f"{folder}/S001R01.edf", f"{folder}/S001R03.edf"}
        assert all("0x0D 0x0A" in text and "binary" in text for text in faulty.failures("edf").values())

    def test_gaps_stay_gaps(self, faulty):
        for stream in faulty.streams("edf/edfReader-gpl3-edfPlusD.edf"):
            assert len(stream["segments"]) == 6

    def test_an_impossible_date_is_no_date(self, faulty):
        row = faulty.recording("edf/EDF.jl-test_uneven_samp.edf")
        assert any("start date or time in its header is none that exists" in text for text in row["warnings"])
        assert any("left out (bytes: 1)" in text for text in row["warnings"])
        assert {stream["rate_hz"] for stream in faulty.streams("edf/EDF.jl-test_uneven_samp.edf")} == {100.0, 12.8}

    def test_edf_plus_without_an_annotation_signal_is_read_and_told(self, faulty):
        """EDF+ section 2.2.1 asks for one; pyedflib refuses the file for its labels."""
        for name in ("edf/EDF.jl-bdf_test.edf", "edf/EDF.jl-bdf_test.bdf"):
            assert any("has no annotation signal" in text for text in faulty.recording(name)["warnings"])
            assert [stream["n_samples"] for stream in faulty.streams(name)] == [73 * 250]
        assert {channel["label"] for channel in faulty.channels("edf/EDF.jl-bdf_test.edf")} == {
            f"EEG Channel-{number}" for number in range(1, 9)
        }

    def test_a_record_count_out_of_its_place_is_still_that_number(self, faulty):
        """pyedflib refuses a number that does not begin at its field's first byte."""
        assert {stream["n_samples"] for stream in faulty.streams("edf/edf-test.bdf")} == {2048}
        warnings = faulty.recording("edf/edf-test.bdf")["warnings"]
        assert all("matches no rule of the recipe" in text for text in warnings)

    def test_a_unit_that_is_no_ascii_is_kept_as_written_and_unknown(self, faulty):
        units = {
            channel["unit"]: channel["unit_status"]
            for channel in faulty.channels("edf/wfdb-samples-test_generator_2.edf")
        }
        assert (units["uV"], units["°"]) == ("declared", "unknown")

    def test_annotation_only_files_have_annotations_and_no_stream(self, faulty):
        for name, count in (
            ("edfio-SC4001EC-Hypnogram.edf", 154),
            ("edfio-SC4001EC-Hypnogram.bdf", 154),
            ("wfdb-samples-test_edfann.edf", 856),
        ):
            assert faulty.streams(f"edf/{name}") == []
            assert len(faulty.annotations(f"edf/{name}")) == count

    def test_duplicate_labels_are_channels_of_their_own(self, faulty):
        name = "edf/edf-duplicate_channel_labels.edf"
        assert sorted(each["label"] for each in faulty.channels(name)) == ["EEG F1-Ref", "EEG F1-Ref", "EEG F2-Ref"]
        assert any("the same label: 'EEG F1-Ref'" in text for text in faulty.recording(name)["warnings"])

    def test_one_record_of_9_59375_s(self, faulty):
        assert {(s["rate_hz"], s["n_samples"]) for s in faulty.streams("edf/edf-test_edf_stim_channel.edf")} == {
            (128.0, 1228)
        }

    def test_annotations_in_utf_8(self, faulty):
        assert any(not row["value"].isascii() for row in faulty.annotations("edf/pyedflib-test_utf8.edf"))

    def test_a_physical_minimum_above_the_maximum_turns_the_sign(self, faulty):
        """EDF "header record": that is how reversed amplifiers are told."""
        [channel] = faulty.channels("edf/pyedflib-test_utf8.edf")
        assert channel["gain"] < 0
        assert channel["unit_status"] == "declared"

    def test_many_rates_and_units_in_one_file(self, faulty):
        name = "edf/biopeaks-gpl3-EDFmontage0_first120s.edf"
        assert {stream["rate_hz"] for stream in faulty.streams(name)} == {25.0, 50.0, 100.0, 200.0}
        assert {channel["unit"] for channel in faulty.channels(name)} >= {"uV", "mV", "V", "%", "BPM"}


class TestWfdb:
    def test_headers_without_data_name_the_file_that_is_missing(self, faulty):
        found = faulty.failures("wfdb")
        for name in ("1003", "12726", "drive02", "n16", "wave_4"):
            assert f"{name}.dat" in found[f"{name}.hea"]
            assert "is missing" in found[f"{name}.hea"]

    def test_missing_segments_are_gaps_unless_the_recipe_refuses_them(self, faulty):
        whole = {name for name in faulty.failures("wfdb") if "multi-segment/s00001/s" in name or "p000878/p" in name}
        assert whole == {
            "multi-segment/p000878/p000878-2137-10-26-16-57.hea",
            "multi-segment/s00001/s00001-2896-10-10-00-31.hea",
        }
        for name, n_missing in (("p000878-2137-10-26-16-57", 30), ("s00001-2896-10-10-00-31", 5)):
            warnings = faulty.recording(f"parts/{name}")["warnings"]
            assert sum("is missing" in text and "are a gap" in text for text in warnings) == n_missing
            assert faulty.streams(f"parts/{name}")

    def test_a_layout_of_length_zero_is_no_recording(self, faulty):
        layouts = {name: text for name, text in faulty.failures("wfdb").items() if name.endswith("_layout.hea")}
        assert len(layouts) == 4
        assert all("is a layout" in text and "Read the record that names it" in text for text in layouts.values())
        assert any("no signals" in text for text in faulty.recording("wfdb/s00001-2896-10-09-01-56")["warnings"])

    def test_a_header_without_a_length_has_that_of_its_file(self, faulty):
        for bare, full in (("100-no-len", "100"), ("a103l-no-len", "a103l")):
            lengths = [[s["n_samples"] for s in faulty.streams(f"wfdb/{name}")] for name in (bare, full)]
            assert lengths[0] == lengths[1] != []

    def test_skewed_signals_begin_at_their_own_times(self, faulty):
        assert len({stream["t0_ns"] for stream in faulty.streams("wfdb/100skew")}) == 2
        assert len({stream["t0_ns"] for stream in faulty.streams("wfdb/test01_00s_skew")}) > 1

    def test_the_unit_mv_is_millivolt(self, faulty):
        found = {
            (each["unit"], each["canonical_unit"], each["unit_status"]) for each in faulty.channels("ptbxl/HR06000")
        }
        assert found == {("mv", "mV", "declared")}

    def test_flac(self, faulty):
        lengths = {stream["n_samples"] for stream in faulty.streams("wfdb/flacformats")}
        assert lengths == {499}
        assert faulty.streams("wfdb/flac_3_constant")


class TestCsv:
    def test_sparse_rows_with_fragments_name_the_line(self, faulty):
        assert "line 7 has 11 cells where 8 are expected" in faulty.failures("muse")["outputF.csv"]

    def test_mixed_line_ends_are_told(self, corpora, tmp_path):
        """Of the same file, the columns that can be read."""
        csv = reader("csv")
        lines = (corpora / "muse-eeg-ppg/outputF.csv").read_bytes().splitlines(keepends=True)
        rows = [line for line in lines if line.count(b",") == 7 and b"'" not in line and b'"' not in line]
        (tmp_path / "rows.csv").write_bytes(b"".join(rows[:500]) + rows[500].replace(b"\r\n", b"\n"))
        recording = csv.read(Source(tmp_path, "rows.csv"), csv.Options(rate_hz=256))
        assert any("end in different ways (CR LF 500, LF 1)" in text for text in recording.warnings)

    def test_clocks_that_run_backwards_name_the_line_and_what_can_be_done(self, faulty):
        found = faulty.failures("samsung")
        assert found
        assert all("line " in text and "on_clock" in text for text in found.values())

    def test_leading_zeros_and_an_empty_file_of_an_e4(self, faulty):
        assert "is empty" in faulty.failures("e4")["tags.csv"]
        assert {s["rate_hz"] for s in faulty.streams("e4/EDA")} == {4.0}
        assert faulty.store.recording("e4/EDA").read("EDA")[0, 0] == 0.0

    def test_no_header_row_is_declared_and_never_guessed(self, faulty):
        assert [s["n_samples"] for s in faulty.streams("headless/data")] == [2483]
        assert "has numbers where its columns' names should be" in faulty.failures("named")["data.csv"]

    def test_semicolons_and_time_zones(self, faulty):
        [stream] = faulty.streams("garmin/acc")
        assert stream["rate_hz"] == pytest.approx(25, rel=0.01)
        assert any("jitter" in text for text in faulty.recording("garmin/acc")["warnings"])

    def test_an_irregular_rate_is_refused_without_a_word_from_the_recipe(self, faulty):
        assert "resample" in faulty.failures("welltory")["data/subject_01/PPG.csv"]

    def test_cells_with_line_breaks_are_refused_as_signals_and_read_as_a_table(self, corpora):
        source, csv = Source(corpora, "ludb/ludb.csv"), reader("csv")
        with pytest.raises(SourceError, match="2 columns in its first data row where 12 are named"):
            csv.read(source, csv.Options(rate_hz=1))
        rows = read_rows(source)
        assert len(rows) == 68
        assert any("\n" in cell for cell in rows["Hypertrophies"] if cell)

    def test_a_byte_order_mark_is_no_part_of_a_name(self, corpora):
        assert read_rows(Source(corpora, "cogwear/DataCard/description.csv")).columns[0] == "Data type"

    def test_counts_without_a_unit_have_an_unknown_one(self, faulty):
        assert {(each["unit"], each["unit_status"]) for each in faulty.channels("counts/eda")} == {("", "unknown")}

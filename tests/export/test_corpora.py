"""Real files go through a store into files, in which independent readers find what was in the originals."""

from __future__ import annotations

import warnings
from pathlib import Path

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.export import export
from biocurate.formats import reader
from biocurate.formats.edf.header import stated_filter
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, create_store

pytestmark = pytest.mark.corpora

RECIPE = """
name: {name}
title: Real files
licence: as the corpus
access: open
citation: none
url: https://example.org
files:
  pattern: '{pattern}'
  reader: edf
  options: {options}
annotations:
  - {{kind: '.*', match: '(?s).*'}}
"""
FILES = {
    "eegmmidb": r"(?P<subject>S\d+)R\d+\.edf",
    "edfio": r"(?P<subject>short_psg)\.edf",
    "mne-python": r"edf/(?P<subject>test)\.bdf",
    "edfreader": r"(?P<subject>edfPlusD)\.edf",
    "biopeaks": r"(?P<subject>EDFmontage0_first120s)\.edf",
    "edfreader-c": r"(?P<subject>edfPlusC)\.edf",
}
FOLDERS = {
    "edfreader": "edfReader-gpl3",
    "biopeaks": "biopeaks-gpl3",
    "edfreader-c": "edfReader-gpl3",
}


def filled(tmp_path: Path, name: str, root: Path, pattern: str, options: str = "{}") -> Store:
    recipe = tmp_path / f"{name}.yaml"
    recipe.write_text(RECIPE.format(name=name, pattern=pattern, options=options))
    store = create_store(str(tmp_path / f"store-{root.name}"))
    outcome = ingest(make_plan(load_recipe(recipe), root, store), InProcess(), store)
    assert not outcome.failures
    return store


NOTES = {"biopeaks": ("F7: its unit is suspect, and is written as the raw file has it",)}
"""Of an amplifier test that swings by more than any EEG."""


def raw_file(root: Path, store: Store, recording_id: str) -> Path:
    return root / store.recording(recording_id).row["sources"][0]["path"]


def signals(path: Path) -> list[tuple[object, ...]]:
    """Everything of every signal in the file's order, by edfio."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
        return [
            (
                signal.label,
                signal.physical_dimension,
                signal.sampling_frequency,
                stated_filter(signal.prefiltering),
                signal.digital.tobytes(),
                np.float32(signal.data).tobytes(),
            )
            for signal in read(path).signals
        ]


def annotations(path: Path) -> list[tuple[float, float, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
        return sorted(
            (each.onset, each.duration or 0.0, each.text) for each in read(path).annotations if each.text.strip()
        )


@pytest.mark.parametrize("name", FILES)
def test_integers_units_and_annotations_are_those_of_the_raw_file(name, corpora, tmp_path):
    root = corpora / FOLDERS.get(name, name)
    store = filled(tmp_path, name, root, FILES[name])
    ids = store.recordings.collect()["recording_id"].to_list()
    outcome = export(store, ids, tmp_path / "out")
    assert (sorted(outcome.written), outcome.refused) == (sorted(ids), [])
    for recording_id, made in outcome.written.items():
        raw = raw_file(root, store, recording_id)
        assert made.notes == NOTES.get(name, ())
        assert [path.suffix for path in made.files] == [raw.suffix]
        assert signals(made.files[0]) == signals(raw)
        assert annotations(made.files[0]) == annotations(raw)


def test_signals_lie_in_the_order_of_a_file_whose_units_are_no_ascii(corpora, tmp_path):
    """Its degrees are a Latin-1 sign, for which EDF+ section 2.1.3 has no room: told, and written ``deg``."""
    root = corpora / "wfdb-samples"
    store = filled(tmp_path, "generator", root, r"(?P<subject>test_generator_2)\.edf")
    [made] = export(store, ["generator/test_generator_2"], tmp_path / "out").written.values()
    ours, raw = signals(made.files[0]), signals(root / "test_generator_2.edf")
    assert [(each[0], each[4]) for each in ours] == [(each[0], each[4]) for each in raw]


@pytest.mark.parametrize("name", FILES)
def test_a_store_made_of_the_exported_files_has_the_same_digests_and_labels(name, corpora, tmp_path):
    store = filled(tmp_path, name, corpora / FOLDERS.get(name, name), FILES[name])
    ids = store.recordings.collect()["recording_id"].to_list()
    export(store, ids, tmp_path / "out")
    pattern = r"(?P<subject>\w+)\.[eb]df"
    (tmp_path / "again").mkdir()
    again = filled(tmp_path / "again", name, tmp_path / "out" / name, pattern, "{texts: 'kind:value'}")
    columns = ["recording_id", "stream_no", "sensor_type", "rate_hz", "segments", "digest"]
    for recording_id in ids:
        ours, theirs = store.recording(recording_id), again.recording(recording_id)
        assert theirs.annotations().equals(ours.annotations())
        assert [{key: row[key] for key in columns[1:]} for row in theirs.row["streams"]] == [
            {key: row[key] for key in columns[1:]} for row in ours.row["streams"]
        ]
        for row, other in zip(ours.row["streams"], theirs.row["streams"], strict=True):
            assert other["channels"] == row["channels"]


def test_eegmats_recordings_and_conditions_are_in_the_files(corpora, tmp_path):
    """By the installed recipe: all integers, units and rates of the raw files, and its labels as annotations."""
    mne = pytest.importorskip("mne")
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe("eegmat"), corpora / "eegmat", store, limit=6), InProcess(), store)
    ids = sorted(store.recordings.collect()["recording_id"])
    outcome = export(store, ids, tmp_path / "out")
    assert not outcome.refused
    for recording_id, made in outcome.written.items():
        raw = next((corpora / "eegmat").glob(f"{recording_id.partition('/')[2]}*.edf"))
        assert signals(made.files[0]) == signals(raw)
        [path] = made.files
        theirs = mne.io.read_raw_edf(raw, preload=True, verbose="error")
        ours = mne.io.read_raw_edf(path, preload=True, verbose="error")
        place = [theirs.ch_names.index(name) for name in ours.ch_names]
        np.testing.assert_array_equal(ours.get_data(), theirs.get_data()[place])
        stored = store.recording(recording_id).annotations()
        said = sorted(f"{row['kind']}:{row['value']}" for row in stored.iter_rows(named=True) if row["number"] is None)
        assert sorted(text for text in ours.annotations.description if "|" not in text) == said
        assert {"condition:rest", "condition:arithmetic"} & set(said)


def test_mne_reads_bdf_and_mixed_rates_as_it_reads_the_originals(corpora, tmp_path):
    mne = pytest.importorskip("mne")
    for name, read in (("mne-python", mne.io.read_raw_bdf), ("edfio", mne.io.read_raw_edf)):
        folder = tmp_path / name
        folder.mkdir()
        store = filled(folder, name, corpora / name, FILES[name])
        [recording_id] = store.recordings.collect()["recording_id"]
        [path] = export(store, [recording_id], folder / "out").written[recording_id].files
        theirs = read(raw_file(corpora / name, store, recording_id), preload=True, verbose="error", stim_channel=None)
        ours = read(path, preload=True, verbose="error", stim_channel=None)
        fast = [channel for channel in theirs.ch_names if "Temp" not in channel and "Resp" not in channel]
        np.testing.assert_allclose(
            ours.get_data(picks=fast[:4]), theirs.get_data(picks=fast[:4]), rtol=1e-12, atol=1e-15
        )


def test_ludb_as_wfdb_is_what_wfdb_reads_of_the_originals(corpora, tmp_path):
    wfdb = pytest.importorskip("wfdb")
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe("ludb"), corpora / "ludb", store, limit=3), InProcess(), store)
    ids = sorted(store.recordings.collect()["recording_id"])
    outcome = export(store, ids, tmp_path / "out", "wfdb")
    assert not outcome.refused
    for recording_id in ids:
        number = recording_id.partition("/")[2]
        ours = wfdb.rdrecord(str(tmp_path / "out" / "ludb" / number), physical=False)
        theirs = wfdb.rdrecord(str(corpora / "ludb" / "data" / number), physical=False)
        np.testing.assert_array_equal(ours.d_signal, theirs.d_signal)
        assert (ours.adc_gain, ours.baseline, ours.units) == (theirs.adc_gain, theirs.baseline, theirs.units)
        assert [total % 65536 for total in ours.checksum] == [total % 65536 for total in theirs.checksum]
        marks = wfdb.rdann(str(tmp_path / "out" / "ludb" / number), "wave_ii")
        raw = wfdb.rdann(str(corpora / "ludb" / "data" / number), "ii")
        assert marks.sample.tolist() == raw.sample.tolist()
        assert marks.symbol == raw.symbol


def test_beats_and_rhythms_of_a_record_come_back_through_wfdb(corpora, tmp_path):
    """mitdb's record 100: beats, a rhythm until the end, two leads of 650,000 samples."""
    from biocurate.export import write_wfdb
    from biocurate.formats import Source

    wfdb = reader("wfdb")
    options = wfdb.Options(annotators={"atr": {}})
    record = wfdb.read(Source(corpora / "wfdb-samples", "100.hea"), options)
    made = write_wfdb(record, tmp_path, "100")
    assert made.notes == ()
    extensions = {path.suffix[1:]: {} for path in made.files if path.suffix not in (".dat", ".hea")}
    back = wfdb.read(Source(tmp_path, "100.hea"), wfdb.Options(annotators=extensions))
    assert sorted(back.annotations, key=str) == sorted(record.annotations, key=str)
    np.testing.assert_array_equal(back.streams[0].digital, record.streams[0].digital)

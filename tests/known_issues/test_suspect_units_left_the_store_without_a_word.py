"""LUDB's "mV" went into exported files and MNE's volts as if they were: the fault that every other tool passes on."""

from __future__ import annotations

import warnings

import pytest

from biocurate.export import write_edf, write_wfdb
from biocurate.recording import Recording
from biocurate.store.handover import SuspectUnitWarning
from biocurate.store.store import create_store, open_store
from biocurate.testing.memory import noise_stream, put

SAID = "I, II: its unit is suspect, and is written as the raw file has it"


def ecg(status):
    return Recording((noise_stream("ECG", 500.0, [(0.0, 1000)], ("I", "II"), unit_status=status),))


def stored(folder, status):
    store = create_store(folder / "s")
    put(store, {"tiny/a": ecg(status)})
    return open_store(folder / "s")


@pytest.mark.parametrize(("status", "notes"), [("suspect", (SAID,)), ("declared", ())])
def test_exported_files_come_with_a_note(tmp_path, status, notes):
    assert write_edf(ecg(status), tmp_path / "a.edf").notes == notes
    assert write_wfdb(ecg(status), tmp_path, "a").notes == notes


def test_mne_gets_them_with_a_warning(tmp_path):
    store = stored(tmp_path, "suspect")
    with pytest.warns(SuspectUnitWarning, match="tiny/a: the unit of I, II is suspect"):
        store.recording("tiny/a").to_mne("ECG")


def test_mne_gets_others_without(tmp_path):
    store = stored(tmp_path, "declared")
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectUnitWarning)
        store.recording("tiny/a").to_mne()

"""The TUH corpora by twin: TUAB, and TUEG with its four montages, as their READMEs and montage files have them."""

from __future__ import annotations

from datetime import date, time

import numpy as np
import polars as pl
import pytest
from edfio import Edf, EdfSignal, Patient, Recording

# source: montage files of the corpus (01_tcp_ar_montage.txt, 03_tcp_ar_a_montage.txt)
SITES = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 A1 A2 FZ CZ PZ T1 T2".split()


NO_ONE = Patient()


def patient(subject, sex, years):
    """The patient field as the corpus has it, in files that are no EDF+."""
    born = date(2015 - years, 1, 1)
    return Patient(code=subject, sex=sex, birthdate=born, name=subject, additional=(f"Age:{years}", "Quintilia"))


def edf(path, reference, *, without=(), seed=0, seconds=8, patient=NO_ONE):
    """One EDF file at 250 Hz: scalp against a reference, and what a clinical recorder writes beside it."""
    random = np.random.default_rng(seed)
    labels = [f"EEG {site}-{reference}" for site in SITES if site not in without]
    labels += [f"EEG EKG1-{reference}", f"EEG LOC-{reference}", f"EEG ROC-{reference}", f"PHOTIC-{reference}", "IBI"]
    signals = [
        EdfSignal(
            random.normal(0, 40, 250 * seconds), 250, label=label, physical_dimension="uV", physical_range=(-500, 500)
        )
        for label in labels
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Edf(signals, starttime=time(10, 0), patient=patient, recording=Recording(startdate=date(2015, 1, 1)))
    made.write(path)


@pytest.fixture
def tuab(tmp_path):
    root = tmp_path / "v3.0.1"
    whose = (patient("aaaaaaaq", "M", 54), patient("aaaaaaaq", "F", 93), NO_ONE)
    for place, name in enumerate(
        (
            "train/normal/01_tcp_ar/aaaaaaaq_s004_t000",
            "train/abnormal/01_tcp_ar/aaaaaaaq_s005_t000",
            "eval/abnormal/01_tcp_ar/aaaaamye_s001_t000",
        )
    ):
        edf(root / f"edf/{name}.edf", "REF", seed=place, patient=whose[place])
    (root / "AAREADME.txt").write_text("File: AAREADME.txt\n")
    return root


MONTAGES = {
    "01_tcp_ar": ("REF", ()),
    "02_tcp_le": ("LE", ()),
    "03_tcp_ar_a": ("REF", ("A1", "A2")),
    "04_tcp_le_a": ("LE", ("A1", "A2")),
}


@pytest.fixture
def tueg(tmp_path):
    root = tmp_path / "v2.0.1"
    for place, (montage, (reference, without)) in enumerate(MONTAGES.items()):
        name = "aaaaaaaq_s004_t000" if place == 0 else f"aaaaaaa{'abcd'[place]}_s001_t00{place}"
        subject, session, _ = name.split("_")
        edf(root / f"edf/000/{subject}/{session}_2015/{montage}/{name}.edf", reference, without=without, seed=place)
    (root / "DOCS").mkdir()
    (root / "DOCS/01_tcp_ar_montage.txt").write_text("montage = 0, FP1-F7: EEG FP1-REF -- EEG F7-REF\n")
    return root


def test_twin_of_tuab(tuab, take):
    taken = take("tuab", tuab)
    assert sorted(taken.recordings) == ["aaaaaaaq_s004_t000", "aaaaaaaq_s005_t000", "aaaaamye_s001_t000"]
    assert "2 of 2329 subjects" in taken.report.notes
    labels = {
        name: [each.value for kind in ("pathology", "split") for each in recording.annotations if each.kind == kind]
        for name, recording in taken.recordings.items()
    }
    assert labels == {
        "aaaaaaaq_s004_t000": ["normal", "train"],
        "aaaaaaaq_s005_t000": ["abnormal", "train"],
        "aaaaamye_s001_t000": ["abnormal", "eval"],
    }
    assert taken.streams("aaaaamye_s001_t000") == {
        ("EEG", 250): "Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T3 T4 T5 T6 A1 A2 Fz Cz Pz T1 T2".split(),
        ("ECG", 250): ["EKG"],
        ("EOG", 250): ["LOC", "ROC"],
        ("MISC", 250): ["PHOTIC", "IBI"],
    }
    assert taken.units("aaaaamye_s001_t000")["EEG"] == {"uV"}
    (eeg,) = [s for s in taken.recordings["aaaaamye_s001_t000"].streams if str(s.sensor_type) == "EEG"]
    assert {channel.reference for channel in eeg.channels} == {"REF"}


@pytest.mark.parametrize("montage", sorted(MONTAGES))
def test_a_montage_is_a_label_and_its_channels_are_those_of_the_file(tueg, take, montage):
    """03 and 04 have no A1 and A2: they are absent, and not channels of zeros that a model would take for recorded."""
    taken = take("tueg", tueg)
    (name,) = [name for name in taken.recordings if f"/{montage}/" in name]
    reference, without = MONTAGES[montage]
    eeg = taken.recordings[name].stream("EEG")
    assert {channel.name.upper() for channel in eeg.channels} == set(SITES) - set(without)
    assert {channel.reference for channel in eeg.channels} == {reference}
    assert eeg.digital.any(axis=1).all()
    assert taken.said(name, "montage") == [(0, 8, montage)]
    stored = taken.store.channels.join(
        taken.store.streams.filter(pl.col("sensor_type") == "EEG"), on="stream_id", how="semi"
    )
    mine = stored.filter(pl.col("recording_id") == f"tueg/{name}").collect()
    assert set(mine["name"].str.to_uppercase()) == set(SITES) - set(without)


def test_a_patient_of_both_corpora_is_one_person(tuab, tueg, take):
    """TUEG contains TUAB's patients: a split by person must not part them."""
    both = [take(name, root).store.recordings.collect() for name, root in (("tuab", tuab), ("tueg", tueg))]
    persons = [dict(rows.select("recording_id", "person").iter_rows()) for rows in both]
    assert persons[0]["tuab/aaaaaaaq_s004_t000"] == persons[1]["tueg/aaaaaaaq/s004/01_tcp_ar/t000"] == "tuh/aaaaaaaq"


def test_the_year_of_a_session_is_no_part_of_its_id(tueg, take):
    assert not any("2015" in name for name in take("tueg", tueg).recordings)


def test_age_and_sex_are_taken_out_of_the_patient_field_and_nothing_else_of_it_is(tuab, take):
    """They are plain EDF, whose patient field is free text; ages over 89 are 90 (45 CFR 164.514(b)(2)(i)(C))."""
    taken = take("tuab", tuab)
    rows = taken.store.recordings.sort("recording_id").select("age", "sex", "warnings").collect()
    assert rows.select("age", "sex").rows() == [(54, "M"), (90, "F"), (None, None)]
    said = [f"{name}: none that can be read in the header's patient field" for name in ("age", "sex")]
    assert [[text for text in texts if "patient" in text] for texts in rows["warnings"]] == [[], [], said]
    everything = b"".join(path.read_bytes() for path in taken.store.objects.folder.rglob("*") if path.is_file())
    assert b"Quintilia" not in everything
    assert b"Age:93" not in everything
    assert any(
        "none that can be read in the header's patient field: 1 recordings" in note for note in taken.report.notes
    )


def test_tueg_has_them_too(tueg, take):
    path = tueg / "edf/000/aaaaaaaq/s004_2015/01_tcp_ar/aaaaaaaq_s004_t000.edf"
    edf(path, "REF", patient=patient("aaaaaaaq", "F", 7))
    rows = take("tueg", tueg).store.recordings.filter(subject="aaaaaaaq").select("age", "sex").collect()
    assert rows.rows() == [(7, "F")]


def test_the_paper_s_windows_of_tuab(tuab, select):
    """PanLUNA: 5 s, the official evaluation set is to test. The twin has 8 s, a window each."""
    for name in ("train/normal/01_tcp_ar/aaaaaaap_s001_t000", "eval/normal/01_tcp_ar/aaaaaamz_s001_t000"):
        edf(tuab / f"edf/{name}.edf", "REF", seed=7)
    made = select("tuab-abnormal", {"tuab": tuab})
    assert sorted(made.rows.select("subject", "label", "split").iter_rows()) == [
        ("aaaaaaap", "normal", "train"),
        ("aaaaaaaq", "abnormal", "train"),
        ("aaaaaaaq", "normal", "train"),
        ("aaaaaamz", "normal", "test"),
        ("aaaaamye", "abnormal", "test"),
    ]
    assert set(made.rows["duration_ns"]) == {5 * 10**9}


@pytest.mark.parametrize("name", ["panluna-pretraining", "luna-pretraining"])
def test_patients_of_tuab_are_in_no_mixture_to_pre_train_on(tuab, tueg, select, name):
    """PanLUNA and LUNA: sessions of TUAB's patients are left out of TUEG."""
    made = select(name, {"tuab": tuab, "tueg": tueg}, windows={"corpora": ["tueg"]}, split=KFOLD)
    assert sorted(made.rows["subject"]) == ["aaaaaaab", "aaaaaaac", "aaaaaaad"]


KFOLD = {"method": "kfold", "folds": 2}

"""Siena by twin: EDF files, and lists of seizures that people wrote by the clock on the wall."""

from __future__ import annotations

from datetime import date, time

import numpy as np
import pytest
from edfio import Edf, EdfSignal, Recording

SITES = "Fp1 F3 C3 P3 O1 F7 T3 T5 Fc1 Fc5 Cp1 Cp5 F9 Fz Cz Pz Fp2 F4 C4 P4 O2 F8 T4 T6 Fc2 Fc6 Cp2 Cp6 F10".split()
SECONDS = 40

PN00 = """Data Sampling Rate: 512 Hz
*************************

Channels in EDF Files:
**********************
Channel 1: Fp1
Channel 2: F3

Seizure n 1
File name: PN00-1.edf
Registration start time: 19.39.33
Registration end time:  19.40.13
Seizure start time: 19.39.40
Seizure end time: 19.39.52.5

Seizure n 2
File name: PN00-2.edf
Registration start time: 23:59.50
Registration end time: 00.00.30
Seizure start time: 23.59.55
Seizure end time: 00:00:05

Seizure n 3
File name: PN00-3.edf
Registration start time: 18.15.44
Registration end time: 18.16.24
Seizure start time: 18.15.54
Seizure end time: 19.16.04
"""
PN10 = """Seizure n 4

File name: PN1O-4.5.edf
Registration start time: 1 6.00.00
Registration end time: 16.00.40

Seizure n 4
Start time: 16.00.05
End time: 16.00.10

Seizure n 5
Start time:   16.00.20
End time:   16.00.2x

Seizure n 6
File name: PN10-9.edf
Registration start time: 16.00.00
Registration end time: 16.00.40
Seizure start time: 16.00.05
Seizure end time: 16.00.10
"""


def edf(path, seed):
    random = np.random.default_rng(seed)
    labels = {f"EEG {site}": "uV" for site in SITES} | {"EKG EKG": "uV", "SPO2": "%", "HR": "bpm", "1": "", "MK": ""}
    signals = [
        EdfSignal(
            random.normal(0, 30, 512 * SECONDS), 512, label=label, physical_dimension=unit, physical_range=(-400, 400)
        )
        for label, unit in labels.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Edf(signals, starttime=time(19, 39, 33), recording=Recording(startdate=date(2016, 1, 1))).write(path)


@pytest.fixture
def siena(tmp_path):
    root = tmp_path / "siena-scalp-eeg-1.0.0"
    for place, name in enumerate(
        ("PN00/PN00-1", "PN00/PN00-2", "PN00/PN00-3", "PN00/PN00-4", "PN10/PN10-4.5", "PN17/PN17-1")
    ):
        edf(root / f"{name}.edf", place)
    (root / "PN00/Seizures-list-PN00.txt").write_bytes(PN00.replace("\n", "\r\n").encode())
    (root / "PN10/Seizures-list-PN10.txt").write_text(PN10)
    (root / "subject_info.csv").write_text(
        "patient_id, age_years, gender, seizure, localization, lateralization, eeg_channel, number_seizures, "
        "rec_time_minutes\n"
        "PN00,55,Male,IAS,T,R,29,5,198\nPN10,25,Male,FBTC,F,Bilateral,20,10,1002\nPN17,42,Male,IAS,T,R,29,2,308\n"
        "PN16,41,Female,IAS,T,L,29,2,303\n"
    )
    return root


def test_twin_of_siena(siena, take):
    taken = take("siena", siena)
    assert sorted(taken.recordings) == ["PN00-1", "PN00-2", "PN00-3", "PN00-4", "PN10-4.5", "PN17-1"]
    assert taken.streams("PN10-4.5") == {
        ("EEG", 512): [site.replace("Fc", "FC").replace("Cp", "CP") for site in SITES],  # as the 10-05 montage has them
        ("ECG", 512): ["EKG"],
        ("SPO2", 512): ["SPO2"],
        ("HR", 512): ["HR"],
        ("MISC", 512): ["1", "MK"],
    }
    recording = taken.recordings["PN10-4.5"]
    assert (recording.age, recording.sex) == (25, "M")
    assert taken.said("PN17-1", "epilepsy") == [(0, SECONDS, "focal impaired awareness")]
    assert set(taken.report.notes) >= {
        "3 of 14 subjects",
        "subject_info.csv: rows of 1 that no recording has: 16",
        "labels.seizure: no list lies beside 1 of 6: PN17-1",
        "labels.seizure: the lists have nothing of 1 of 6: PN00-4",
        "labels.seizure: the lists have 1 names that no recording has: 9 of Seizures-list-PN10.txt",
    }
    assert [count.count for count in taken.report.labels if count.kind == "seizure"] == [6]


def test_clock_times_count_from_the_registrations_start_and_go_on_past_midnight(siena, take):
    taken = take("siena", siena)
    assert taken.said("PN00-1", "seizure") == [(7, 12.5, "seizure")]
    assert taken.said("PN00-2", "seizure") == [(5, 10, "seizure")]
    assert (taken.said("PN00-4", "seizure"), taken.said("PN17-1", "seizure")) == ([], [])


def test_an_end_that_cannot_be_is_left_out_and_its_beginning_kept(siena, take):
    """An hour too late by a slip of the pen, or no time at all: neither is mended, and neither loses the seizure."""
    taken = take("siena", siena)
    assert taken.said("PN00-3", "seizure") == [(10, 0, "seizure")]
    assert taken.said("PN10-4.5", "seizure") == [(5, 5, "seizure"), (20, 0, "seizure")]
    noted = "seizure: 1 of {} rows have no plausible end and are kept as instants"
    assert noted.format(1) in taken.recordings["PN00-3"].warnings
    assert noted.format(2) in taken.recordings["PN10-4.5"].warnings

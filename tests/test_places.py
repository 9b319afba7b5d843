"""Places of electrodes and leads, against MNE's montage and the geometry of the body."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from biocurate.sensors import SensorType, place
from biocurate.sensors.places import LEADS, _electrodes

EEG, ECG = SensorType.EEG, SensorType.ECG


def test_electrodes_are_where_the_montage_has_them():
    mne = pytest.importorskip("mne")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # newer versions call it colin27_1005
        montage = mne.channels.make_standard_montage("standard_1005").get_positions()["ch_pos"]
    known = _electrodes()
    assert len(known) >= 90
    for name, found in known.items():
        expected = montage[{"CB1": "POO7", "CB2": "POO8"}.get(name, name)]
        np.testing.assert_allclose(found, expected, atol=6e-5, err_msg=name)  # written to a tenth of a millimetre


def test_left_and_right_mirror_each_other_and_the_vertex_is_on_top():
    for left, right in (("Fp1", "Fp2"), ("C3", "C4"), ("T7", "T8"), ("O1", "O2"), ("P7", "P8")):
        a, b = np.array(place(EEG, left)), np.array(place(EEG, right))
        assert a[0] < 0 < b[0]
        np.testing.assert_allclose(a * [-1, 1, 1], b, atol=0.01)
    assert place(EEG, "Cz")[2] == max(at[2] for at in _electrodes().values())
    assert place(EEG, "Fpz")[1] > 0 > place(EEG, "Oz")[1]


def test_a_pair_is_half_way_between_its_electrodes():
    both = np.mean([place(EEG, "F7"), place(EEG, "T7")], axis=0)
    np.testing.assert_allclose(place(EEG, "F7-T7"), both)


def test_the_twelve_leads_have_twelve_directions():
    assert len(LEADS) == 12
    assert len({place(ECG, lead) for lead in LEADS}) == 12
    assert place(ECG, "V3") == pytest.approx((19 / 36 * math.pi, math.pi / 12, 0.0))
    around = [place(ECG, f"V{number}")[1] for number in range(1, 7)]
    assert around == sorted(around)  # from the right of the breastbone to the left flank


def test_what_is_not_known_is_nowhere():
    assert place(EEG, "X99") is None
    assert place(EEG, "F7-X99") is None
    assert place(ECG, "V3R") is None
    assert place(SensorType.PPG, "PPG") is None

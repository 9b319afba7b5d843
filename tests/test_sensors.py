"""What labels and units say: from the EDF+ texts, the 10-10 system, and the files at hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.errors import UsageError
from biocurate.sensors import CANONICAL, Identity, SensorType, canonical_unit, identify, identify_all


@pytest.mark.parametrize(
    ("word", "sensor"),
    [
        ("EDA", "GSR"),
        ("bvp", "PPG"),
        ("EKG", "ECG"),
        ("RSP", "RESP"),
        ("SaO2", "SPO2"),
        (" ppg ", "PPG"),
        ("ART", "ABP"),
    ],
)
def test_types_are_bids_names_and_aliases_in_any_case(word, sensor):
    assert SensorType.parse(word) is SensorType(sensor)


def test_an_unknown_type_lists_those_there_are():
    with pytest.raises(UsageError, match=r"no sensor type 'EEGG'.*EEG.*MISC"):
        SensorType.parse("EEGG")


@pytest.mark.parametrize(
    ("label", "unit", "sensor", "name", "reference"),
    [
        # EDF+ texts: type, blank, site
        ("EEG Fp1-REF", "uV", "EEG", "Fp1", "REF"),
        ("EEG FP1-LE", "uV", "EEG", "Fp1", "LE"),
        ("EEG Fpz-Cz", "uV", "EEG", "Fpz-Cz", "Cz"),
        ("EEG A2-A1", "uV", "EEG", "A2-A1", "A1"),
        ("EEG Channel-1", "uV", "EEG", "Channel-1", None),
        ("eeg_1", "", "EEG", "EEG1", None),
        ("EOG horizontal", "uV", "EOG", "HEOG", None),
        ("EOG VEOG_I", "uV", "EOG", "VEOG_I", None),
        ("EMG submental", "uV", "EMG", "submental", None),
        ("Resp oro-nasal", "", "RESP", "oro-nasal", None),
        ("Temp rectal", "DegC", "TEMP", "rectal", None),
        ("ECG ECG", "mV", "ECG", "ECG", None),
        ("ECG lead II", "mV", "ECG", "II", None),
        ("ECG V2", "mV", "ECG", "V2", None),
        ("ECG_1", "mV", "ECG", "ECG1", None),
        # electrodes and pairs
        ("Fp1", "uV", "EEG", "Fp1", None),
        ("AFZ", "uV", "EEG", "AFz", None),
        ("Af3.", "uV", "EEG", "AF3", None),
        ("T10.", "uV", "EEG", "T10", None),
        ("T3", "uV", "EEG", "T3", None),
        ("Fp1-F7", "uV", "EEG", "Fp1-F7", "F7"),
        ("C4-A1", "uV", "EEG", "C4", "A1"),
        ("C4-M1", "uV", "EEG", "C4", "M1"),
        ("E1-M2", "uV", "EOG", "E1-M2", "M2"),
        ("LEOG", "uV", "EOG", "LEOG", None),
        ("vEOG", "V", "EOG", "VEOG", None),
        # leads
        ("aVR", "mV", "ECG", "aVR", None),
        ("avr", "mv", "ECG", "aVR", None),
        ("AVR", "", "ECG", "aVR", None),
        ("ii", "mV", "ECG", "II", None),
        ("I ", "", "ECG", "I", None),
        ("v6", "mV", "ECG", "V6", None),
        ("V", "mV", "ECG", "V", None),
        ("MLII", "", "ECG", "MLII", None),
        ("vx", "", "ECG", "Vx", None),
        ("FECG", "", "ECG", "FECG", None),
        # names of monitors and wearables
        ("PLETH", "NU", "PPG", "PPG", None),
        ("BVP", "", "PPG", "PPG", None),
        ("PPG GREEN", "", "PPG", "GREEN", None),
        ("RESP", "Ohm", "RESP", "RESP", None),
        ("Resp. Imp.", "", "RESP", "RESP", None),
        ("SpO2", "%", "SPO2", "SPO2", None),
        ("EDA", "uS", "GSR", "GSR", None),
        ("foot GSR", "", "GSR", "foot", None),
        ("ABP", "mmHg", "ABP", "ABP", None),
        ("ART", "mmHg", "ABP", "ABP", None),
        ("ABPSys", "mmHg", "BP", "ABPSys", None),
        ("CVP", "mmHg", "CVP", "CVP", None),
        ("HR", "bpm", "HR", "HR", None),
        ("PULSE", "bpm", "HR", "HR", None),
        ("Accelerometer_X", "mg", "ACC", "ACCx", None),
        ("acc_y", "", "ACC", "ACCy", None),
        ("Status", "Boolean", "TRIG", "TRIG", None),
        ("Event marker", "", "TRIG", "TRIG", None),
    ],
)
def test_labels_of_real_files(label, unit, sensor, name, reference):
    assert identify(label, unit) == Identity(SensorType(sensor), name, reference)


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("sine 8 Hz", "uV"), ("E1", "uV"), ("X9", "uV"), ("EXG1", "uV"), ("REF_EEG REF_EEG", "uV"), ("DC01", "V"),
        ("HRV", "ms"), ("DEV_Temperature", "degC"), ("UC", ""), ("data", ""), ("", ""), ("FP1-", "uV"),
    ],
)  # fmt: skip
def test_what_no_table_knows_is_misc_with_its_own_label(label, unit):
    assert identify(label, unit) == Identity(SensorType.MISC, label)


@pytest.mark.parametrize(
    ("label", "unit"), [("RESP", "pm"), ("O2", "%"), ("PO2", "mmHg"), ("II", "degC"), ("EDA", "mV")]
)
def test_a_unit_that_the_type_cannot_have_rules_it_out(label, unit):
    assert identify(label, unit).sensor_type is SensorType.MISC


def test_biosemis_cap_positions_are_not_the_electrodes_of_the_same_names():
    """A1, C3, F4 in a file with B1 to B32 are places in BioSemi's cap."""
    cap = [(f"{row}{i}", "uV") for row in "ABC" for i in range(1, 33)]
    assert {found.sensor_type for found in identify_all([*cap, ("Status", "Boolean")])[:-1]} == {SensorType.MISC}
    ten_ten = [("C3", "uV"), ("F4", "uV"), ("A1", "uV"), ("ECG", "mV")]
    assert [found.name for found in identify_all(ten_ten)] == ["C3", "F4", "A1", "ECG"]


@given(st.text(max_size=20), st.text(max_size=8))
def test_any_label_is_something(label, unit):
    found = identify(label, unit)
    assert found.sensor_type in CANONICAL
    assert identify(label, unit) == identify_all([(label, unit)])[0]


@pytest.mark.parametrize(
    ("unit", "sensor", "value", "expected"),
    [
        ("uV", "EEG", 3.0, 3.0), ("µV", "EEG", 3.0, 3.0), ("μV", "EEG", 3.0, 3.0), ("UV", "EEG", 3.0, 3.0),
        ("mV", "EEG", 3.0, 3000.0), ("V", "EEG", 2e-6, 2.0), ("nV", "EEG", 500.0, 0.5), ("0.1 uV", "EEG", 30.0, 3.0),
        ("mv", "ECG", 1.5, 1.5), ("uV", "ECG", 1500.0, 1.5), ("microsiemens", "GSR", 2.0, 2.0), ("us", "GSR", 2.0, 2.0),
        ("nS", "GSR", 2000.0, 2.0), ("1/64 g", "ACC", 64.0, 1.0), ("m/s²", "ACC", 9.80665, 1.0),
        ("mg", "ACC", 1e3, 1.0),
        ("DegC", "TEMP", 36.6, 36.6), ("℃", "TEMP", 36.6, 36.6), ("K", "TEMP", 273.15, 0.0),
        ("degF", "TEMP", 98.6, 37.0),
        ("fahrenheit", "TEMP", 32.0, 0.0), ("%", "SPO2", 97.0, 97.0), ("BPM", "HR", 60.0, 60.0),
        ("Hz", "HR", 1.0, 60.0),
        ("s", "IBI", 0.8, 800.0), ("kPa", "ABP", 16.0, 120.009852135), ("rad/s", "GYRO", math.pi, 180.0),
        ("NU", "PPG", 0.5, 0.5), ("Ohm", "RESP", 5.0, 5.0), ("G", "MAGN", 1.0, 100.0),
        ("s", "MISC", 0.8, 800.0), ("S", "MISC", 1e-6, 1.0), ("G", "MISC", 1.0, 100.0), ("g", "MISC", 1.0, 1.0),
    ],
)  # fmt: skip
def test_units_with_their_factors(unit, sensor, value, expected):
    found = canonical_unit(unit, SensorType(sensor))
    assert found is not None
    assert value * found.factor + found.shift == pytest.approx(expected, abs=1e-9, rel=1e-8)


@pytest.mark.parametrize("sensor", [sensor for sensor in SensorType if sensor is not SensorType.MISC])
def test_each_canonical_unit_is_its_own(sensor):
    found = canonical_unit(CANONICAL[sensor], sensor)
    assert found is not None
    assert (found.name, found.factor, found.shift) == (CANONICAL[sensor], 1.0, 0.0)


@pytest.mark.parametrize(
    ("unit", "sensor"),
    [
        ("", "ECG"),
        ("furlong", "ECG"),
        ("MV", "ECG"),
        ("MS", "IBI"),
        ("NU", "ECG"),
        ("adu", "EEG"),
        ("kOhm", "GSR"),
        ("uS", "ECG"),
        ("°", "MISC"),
    ],
)
def test_no_factor_is_guessed(unit, sensor):
    assert canonical_unit(unit, SensorType(sensor)) is None

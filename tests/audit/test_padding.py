"""Zeros that only make recordings equally long are reported; they stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.audit.at_ingest import audited
from biocurate.audit.padding import zero_ends
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.integers(1, 4))
def test_zero_ends_are_counted_up_to_the_first_sample_of_any_lead(first, length, last, n_leads):
    digital = np.zeros((n_leads, first + length + last))
    digital[0, first] = digital[-1, first + length - 1] = 1
    assert zero_ends(digital) == (first, last)


def test_of_zeros_alone_both_ends_are_everything():
    assert zero_ends(np.zeros((3, 5), np.int16)) == (5, 5)


def recording(digital, sensor=SensorType.ECG, rate_hz=400.0):
    channels = tuple(Channel(lead, lead, "mV") for lead in ("I", "II")[: len(digital)])
    stream = Stream(sensor, rate_hz, channels, (Segment(0, digital.shape[1]),), ArraySamples(digital))
    return Recording((stream,))


@pytest.mark.parametrize(
    ("first", "last", "told"), [(648, 648, True), (0, 1296, True), (39, 39, False), (0, 0, False), (40, 0, True)]
)
def test_code_15_pads_exams_of_seven_seconds(first, last, told):
    """4,096 samples at 400 Hz: 2,800 of an exam of 7 s, zeros before and after."""
    digital = np.random.default_rng(1).normal(1, 0.1, (2, 4096)).astype("f4")
    digital[:, :first] = 0
    digital[:, 4096 - last :] = 0
    made = audited(recording(digital))
    text = f"ECG: the first {first} and the last {last} samples of every lead are 0, as of padding (audit)"
    assert made.warnings == ((text,) if told else ())
    assert made.streams[0].digital is digital or np.array_equal(made.streams[0].digital, digital)


def test_a_lead_that_is_off_at_the_ends_is_no_padding():
    digital = np.ones((2, 4096))
    digital[0, :1000] = 0
    assert audited(recording(digital)).warnings == ()


def test_a_recording_of_zeros_is_told_as_such():
    assert audited(recording(np.zeros((2, 4096)))).warnings == ("ECG: every sample of every lead is 0 (audit)",)


def test_other_sensors_and_long_recordings_are_let_be():
    assert audited(recording(np.zeros((2, 4096)), SensorType.EEG)).warnings == ()
    assert audited(recording(np.zeros((2, 70 * 400)))).warnings == ()

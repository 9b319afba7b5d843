"""Why no window came out: the true reason, and what to change."""

from __future__ import annotations

import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.errors import UsageError
from biocurate.recording import Recording
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def filled(store):
    """EEG and GSR are never in one recording; ECG and PPG are, but not at the same time."""
    put(
        store,
        {
            "a/eeg": Recording((noise_stream("EEG", 100, [(0, 6000)]),)),
            "a/gsr": Recording((noise_stream("GSR", 4, [(0, 240)]),)),
            "a/turns": Recording(
                (noise_stream("ECG", 100, [(0, 3000)]), noise_stream("PPG", 50, [(30, 1500)])),
            ),
        },
    )
    return store


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"length_s": 10, "require": ["EEG", "GSR"]}, "EEG and GSR together.*1 have ECG\\+PPG, 1 have EEG, 1 have GSR"),
        ({"length_s": 1e-9}, "1ns holds no sample of GSR at 4 Hz.*a sample lasts 0.25 s"),
        ({"length_s": 0.1, "require": ["GSR"]}, "100ms holds no sample of GSR at 4 Hz"),
        ({"length_s": 10, "require": ["ECG", "PPG"]}, "ECG and PPG never cover 10s at once.*ECG 30 s, PPG 30 s"),
        ({"length_s": 40, "require": ["ECG"]}, "40s of ECG without a gap.*longest stretches without a gap: ECG 30 s"),
        ({"length_s": 90}, "90s of any sensor type without a gap.*ECG 30 s, EEG 60 s, GSR 60 s, PPG 30 s"),
        ({"length_s": 20, "hop_s": 100, "require": ["PPG"]}, "no stretch without a gap covers 20s.*every 100s"),
        ({"length_s": 10, "require": ["EOG"]}, "no chosen recording has EOG.*ECG, EEG, GSR, PPG"),
    ],
)
def test_the_reason_is_the_true_one(filled, options, says):
    before = filled.snapshot_id
    with pytest.raises(UsageError, match=f"(?s){says}"):
        build_windows(filled, "w", **options)
    assert filled.snapshot_id == before


def test_a_length_of_half_a_sample_is_one_sample_and_windows_come_out(filled):
    assert build_windows(filled, "w", length_s=0.15, require=["GSR"]).windows > 0

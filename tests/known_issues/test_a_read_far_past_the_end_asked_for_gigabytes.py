"""`rec.read("ECG", stop_s=1e6)` asked numpy for as much NaN as fits into a million seconds: 37 GiB of 10,000 Hz."""

from __future__ import annotations

import pytest

from biocurate.errors import UsageError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def recording(tmp_path):
    """Ten seconds of EEG, four of ECG."""
    store = create_store(str(tmp_path / "s"))
    put(store, {"c/a": Recording((noise_stream("EEG", 100, [(0, 1000)]), noise_stream("ECG", 50, [(0, 200)])))})
    return store.recording("c/a")


@pytest.mark.parametrize("span", [(0, 1e6), (0, 1e9), (-1e6, 10), (3, 10.03), (-0.03, 2)])
@pytest.mark.parametrize("digital", [False, True])
def test_a_span_that_reaches_out_of_the_recording_is_refused(recording, span, digital):
    with pytest.raises(UsageError, match=r"reaches out of it\. It goes from 0 to 10 s, and this sensor type to 4 s"):
        recording.read("ECG", *span, digital=digital)


def test_to_the_recordings_end_it_is_read(recording):
    assert recording.read("ECG", 0, 10).shape == (1, 500)
    assert recording.read("ECG").shape == (1, 200)

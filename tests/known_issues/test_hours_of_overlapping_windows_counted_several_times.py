"""`pairs show SET` counted the length of every window, so that a dense set had more hours than were recorded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.pairs.build import build_pairs, combinations
from biocurate.curate.windows.build import build_windows
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = create_store(str(tmp_path_factory.mktemp("hours") / "s"))
    # A gap from 60 to 70 s, which no window crosses.
    parts = [(0, 60), (70, 45)]
    ecg = noise_stream("ECG", 100, [(t, 100 * n) for t, n in parts])
    ppg = noise_stream("PPG", 50, [(t, 50 * n) for t, n in parts])
    put(made, {f"a/{n}": Recording((ecg, ppg)) for n in range(3)})
    return made


@settings(max_examples=8)
@given(length=st.integers(1, 12), hop=st.integers(1, 15))
def test_what_several_windows_cover_counts_once(store, length, hop):
    build_windows(store, "w", length_s=length, hop_s=hop, overwrite=True)
    build_pairs(store, "w", ["ECG", "PPG"], overwrite=True)
    rows = store.windows("w").filter(recording_id="a/0").collect()
    covered = {
        s for t, n in rows.select("t0_ns", "duration_ns").iter_rows() for s in range(t // 10**9, (t + n) // 10**9)
    }
    assert combinations(store.pairs("w"))["hours"].to_list() == pytest.approx([3 * len(covered) / 3600])

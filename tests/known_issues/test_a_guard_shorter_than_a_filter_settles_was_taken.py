"""`split: {method: time, guard: 1s}` of windows of a view was built, though its filters reach farther than that.

Samples of a test block were then made from raw ones of the training block. Now the build says how long a guard is.
"""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.errors import ManifestError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

FIR = {"step": "fir", "low_hz": 2, "high_hz": 20, "length_s": 2}


def definition(guard):
    split = {"method": "time", "fractions": {"train": 0.5, "test": 0.5}, "guard": guard}
    return parse_definition({"name": "m", "windows": {"set": "w"}, "split": split})


@pytest.fixture
def store(tmp_path):
    made = create_store(str(tmp_path / "store"))
    put(made, {"a/one": Recording((noise_stream("EEG", 100, [(0, 6000)], ["Fp1", "Cz"], seed=1),))})
    return made


def test_a_guard_holds_what_a_filter_takes_from_either_side(store):
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": [FIR]}}))
    build_windows(store, "w", length_s=1, view="v")
    settled = store.derived_streams.select("settled").collect().item()[0]
    ahead, behind = settled["first"], 6000 - settled["first"] - settled["n_samples"]
    least = (ahead + behind) * 10
    with pytest.raises(ManifestError, match=r"guard: [0-9.]+m?s") as raised:
        build_manifest(store, definition("1s"))
    wanted = raised.value.mend.split("`")[1].removeprefix("guard: ")
    found = build_manifest(store, definition(wanted)).rows
    assert set(found["split"]) == {"train", "test"}
    with pytest.raises(ManifestError, match="EEG"):
        build_manifest(store, definition(f"{least - 30}ms"))
    assert build_manifest(store, definition(f"{least}ms")).rows.height == found.height


def test_windows_without_a_view_have_no_filter_to_wait_for(store):
    build_windows(store, "w", length_s=1)
    assert build_manifest(store, definition("1ms")).rows.height > 50


def test_a_view_without_a_filter_has_none_either(store):
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": [{"step": "normalise", "scope": "window"}]}}))
    build_windows(store, "w", length_s=1, view="v")
    assert build_manifest(store, definition("1ms")).rows.height > 50

"""Acceptance 8 and 9 of the bridge's notes: how many windows there are, and that blocks of time share no sample."""

from __future__ import annotations

import json

import numpy as np
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

NS = 10**9


def held(rate, seconds, sensors, labels):
    spans = ((0.0, int(rate * seconds)),)
    return Recording(tuple(noise_stream(each, rate, spans) for each in sensors), labels)


def built(tmp_path, name, recordings, subjects=None, **changes):
    store = create_store(str(tmp_path / "s"))
    put(store, recordings, subjects)
    fields = json.loads(find_definition(name).canonical())
    return build_manifest(store, parse_definition(fields | changes)).rows


def test_wesad_s_conditions_of_1180_664_and_372_s_give_225_121_and_63_windows(tmp_path):
    spans = {"baseline": (7, 1180), "stress": (1300, 664), "amusement": (2003, 372)}
    labels = tuple(interval(start, length, name) for name, (start, length) in spans.items())
    recordings = {f"wesad/S{number}": held(4, 2400, ("ECG", "PPG"), labels) for number in (2, 3)}
    rows = built(tmp_path, "wesad-bridge", recordings, split={"method": "kfold", "folds": 2})
    found = dict(rows.filter(subject="S2")["label"].value_counts().iter_rows())
    assert found == {"baseline": 225, "stress": 121, "amusement": 63}


@pytest.mark.parametrize("seconds", [180, 401])
def test_fog_in_blocks_has_no_sample_in_two_of_its_four_parts(tmp_path, seconds):
    """Section 5.3: 3 s every 0.3 s, as the definition is shipped; the gait changes every 10 s."""
    labels = tuple(
        interval(start, min(10, seconds - start), ("walking", "freezing")[start // 10 % 2], "gait")
        for start in range(0, seconds, 10)
    )
    recordings = {f"fog/008_OFF_{task}": held(50, seconds, ("EEG", "EMG"), labels) for task in (1, 2)}
    rows = built(tmp_path, "fog-blocked", recordings, dict.fromkeys(recordings, "008"))
    assert set(rows["split"]) == {"train", "val", "pair", "test"}
    for _, mine in rows.group_by("recording_id"):
        whose = np.full(seconds * 50, "", dtype="<U5")
        for start, length, split in mine.select("t0_ns", "duration_ns", "split").rows():
            place = slice(round(start * 50 / NS), round((start + length) * 50 / NS))
            assert set(whose[place]) <= {"", split}
            whose[place] = split

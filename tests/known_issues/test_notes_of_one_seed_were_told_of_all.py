"""Symptom: `zoo bridges` and `zoo evaluate --seeds` said of all seeds where the first one's bridges lead, and by which
seed weights are random.

Cause: the first run's notes were taken as they are, also those that the other runs do not share.
"""

from __future__ import annotations

from zoo.judging.judge import _notes
from zoo.runs import folder as runs


def test_notes_that_only_the_first_run_has_are_called_its_own(tmp_path):
    folders = [tmp_path / "run0", tmp_path / "run1"]
    for seed, folder in enumerate(folders):
        folder.mkdir()
        runs.write_json(folder / "metrics.json", {"notes": ["Of the data.", f"Random weights (seed {seed})."]})
    found = _notes(folders, [0, 0])
    assert found[:2] == ["Of the data.", "Of the first: Random weights (seed 0)."]

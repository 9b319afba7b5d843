"""A label from a file's own annotations was stored where the recording has no sample: 152 of 153 stages of a cut night.

Sleep-EDF keeps its hypnogram in a file of its own, which covers the night whatever the signals' file holds. Labels from
tables and event files were always cut to the recording.
"""

from __future__ import annotations

import edfio
import numpy as np
import yaml

from biocurate.recipes import load_recipe
from biocurate.recording import NS

RECIPE = {
    "name": "night", "title": "t", "licence": "l", "access": "open", "citation": "c", "url": "u",
    "files": {"pattern": r"(?P<subject>\d)-(?P<signal>PSG|Hyp)\.edf", "name": "{subject}", "reader": "edf"},
    "labels": {"stage": {"from": "annotations", "match": "W|N2"}},
}  # fmt: skip


def test_stages_are_cut_to_the_recording_and_the_others_counted(tmp_path):
    path = tmp_path / "night.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    wave = edfio.EdfSignal(np.sin(np.arange(400)), 100, label="EEG Cz", physical_dimension="uV")
    edfio.Edf([wave]).write(tmp_path / "1-PSG.edf")
    stages = [edfio.EdfAnnotation(0, 3, "W"), edfio.EdfAnnotation(3, 3, "N2"), edfio.EdfAnnotation(6, 3, "W")]
    edfio.Edf([], annotations=stages).write(tmp_path / "1-Hyp.edf")
    recipe = load_recipe(path)
    (unit,) = recipe.units(tmp_path)
    recording = recipe.read(unit)
    assert [(made.onset_ns, made.duration_ns, made.value) for made in recording.annotations] == [
        (0, 3 * NS, "W"),
        (3 * NS, NS, "N2"),
    ]
    assert "stage: 1 of 3 lie outside the recording and are left out" in recording.warnings

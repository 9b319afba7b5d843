"""The recipe of Siena named sites as its files write them, Fc1 and Cp5, which the montage knows as FC1 and CP5.

Eight of its 29 electrodes then stood at the origin for every model that asks where they are.
"""

from __future__ import annotations

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.sensors import SensorType, place
from biocurate.testing.twins import write_twin


def test_every_electrode_of_siena_has_a_place(tmp_path):
    write_twin("siena", tmp_path, 6)
    recipe = load_recipe("siena")
    assert check(recipe, tmp_path).findings == []
    recording = recipe.read(recipe.units(tmp_path)[0])
    names = [channel.name for channel in recording.stream("EEG").channels]
    assert len(names) == 29
    assert all(place(SensorType.EEG, name) for name in names)

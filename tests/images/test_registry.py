"""The registry of representations, and what an id stands for."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest
import torch
from pydantic import ValidationError

from biocurate.errors import UsageError
from biocurate.images import Representation, kinds, represent, representation
from biocurate.images.drawing.registry import _KINDS


@pytest.fixture
def registry():
    """Put the registry back."""
    before = dict(_KINDS)
    yield _KINDS
    _KINDS.clear()
    _KINDS.update(before)


class Steps(Representation):
    """Samples as they come, in rows of `width`."""

    width: int = 4
    origin: ClassVar = "upper"

    def native(self, x, rate):
        return x[:, : x.shape[1] // self.width * self.width].reshape(len(x), -1, self.width)

    def shortest(self, rate):
        return self.width

    def grid(self, samples, rate):
        return samples // self.width, self.width


def test_a_subclass_registers_itself_and_is_drawn_with_the_origin_that_it_states(registry):
    class Rows(Steps, kind="test-rows"):
        pass

    assert "test-rows" in kinds()
    image = represent(torch.arange(12.0)[None], 1.0, "test-rows", size=None, width=3)[0]
    assert image.shape == (4, 3)
    assert image[0, 0] == 0
    assert image[3, 2] == 255


def test_two_representations_of_one_name_are_refused(registry):
    class First(Steps, kind="test-same"):
        pass

    with pytest.raises(UsageError, match="Two representations are called 'test-same'"):

        class Second(Steps, kind="test-same"):
            pass


def test_a_plugin_joins_through_its_entry_point(registry, tmp_path, monkeypatch):
    (tmp_path / "some_plugin.py").write_text(
        "from biocurate.images.representations.spectrogram_psd import SpectrogramPsd\n"
        "class Own(SpectrogramPsd, kind='test-plugin'):\n    '''A plugin.'''\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("own", "some_plugin:Own", "biocurate.representations")
    monkeypatch.setattr("biocurate.plugins.entry_points", lambda group: [point])
    assert representation("test-plugin").kind == "test-plugin"


def test_a_plugin_that_fails_to_load_is_named(registry, monkeypatch):
    point = EntryPoint("broken", "no_such_module_here", "biocurate.representations")
    monkeypatch.setattr("biocurate.plugins.entry_points", lambda group: [point])
    with pytest.raises(UsageError, match="broken = no_such_module_here: The plugin could not be loaded"):
        representation("test-nothing")


def test_an_unknown_kind_names_those_that_there_are():
    with pytest.raises(UsageError, match=r"no representation 'spectrogram'.*spectrogram-psd"):
        representation("spectrogram")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"segmnt": 64}, "segmnt: Extra inputs are not permitted"),
        ({"segment": 0}, "segment: Input should be greater than or equal to 2"),
        ({"overlap": 1.0}, "overlap: Input should be less than 1"),
        ({"floor_db": "loud"}, "floor_db: Input should be a valid number"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_reason(parameters, said):
    with pytest.raises(UsageError, match=said):
        representation("spectrogram-psd", **parameters)


def test_parameters_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        representation("spectrogram-psd").segment = 3


def test_the_id_changes_with_parameters_definition_and_rendering_and_with_nothing_else(registry, monkeypatch):
    plain = representation("spectrogram-psd").id
    assert plain.startswith("spectrogram-psd-")
    assert representation("spectrogram-psd", overlap="0.5").id == plain
    others = {representation("spectrogram-psd", segment=64).id, representation("spectrogram-psd", floor_db=-90).id}
    monkeypatch.setattr(_KINDS["spectrogram-psd"], "definition", 2)
    others.add(representation("spectrogram-psd").id)
    monkeypatch.setattr("biocurate.images.drawing.registry.rendering", lambda *facts: "another rule")
    others.add(representation("spectrogram-psd").id)
    assert len(others | {plain}) == 5


def test_the_id_of_the_first_definition_stands():
    """Stored images carry it: when this fails, the bytes changed, or a rule's wording did."""
    assert representation("spectrogram-psd").id == "spectrogram-psd-77a703602d0c"


def test_without_torch_the_extra_is_named():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import biocurate\n"
        "from biocurate.errors import UsageError\n"
        "try:\n    biocurate.images\nexcept UsageError as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'biocurate[images]'" in said


def test_an_installed_plugin_is_found_by_its_entry_point(tmp_path):
    """As pip lays one out: a module, and beside it a .dist-info with the entry point; nothing here is edited."""
    (tmp_path / "steps_plugin.py").write_text(
        "from biocurate.images import Representation\n"
        "class Steps(Representation, kind='plugin-steps'):\n"
        "    def native(self, x, rate): return x[:, :12].reshape(len(x), 3, 4)\n"
        "    def shortest(self, rate): return 12\n"
        "    def grid(self, samples, rate): return 3, 4\n"
    )
    about = tmp_path / "steps_plugin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: steps-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[biocurate.representations]\nsteps = steps_plugin:Steps\n")
    code = (
        "import numpy as np\n"
        "from biocurate.images import kinds, represent\n"
        "assert 'plugin-steps' in kinds(), kinds()\n"
        "print(represent(np.arange(12, dtype=np.float32)[None], 1.0, 'plugin-steps', size=None)[0].tolist())\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[[18")  # the last row, of 8 to 11, is on top: the origin is below

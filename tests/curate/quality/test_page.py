"""`docs/quality.md` names every measure as it is, and its code runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from biocurate.curate.quality import measures, score
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import KNOWN

PAGE = (Path(__file__).parents[3] / "docs" / "quality.md").read_text()


def test_it_lists_every_measure_and_every_reason():
    assert [each.column for each in measures() if f"| `{each.column}` |" not in PAGE] == []
    assert [each.label for each in Reason if f"`{each.label}`" not in PAGE] == []


@pytest.mark.parametrize("measure", [each for each in measures() if each.good and each.sensors], ids=lambda m: m.column)
def test_an_index_is_absolute_where_the_page_says_so(measure):
    said = re.search(rf"\| `{measure.column}` \| \w+ \| [\d.]+ \| [\d.]+ \| (yes|no) \|", PAGE)
    assert said is not None
    assert (said[1] == "no") == measure.relative


def test_its_plugin_registers_a_measure():
    measures()
    before = dict(KNOWN)
    try:
        exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], {})
        assert "emg_burst_v1_rel" in score(np.ones((1, 1, 4000)), 1000.0, "EMG").columns
    finally:
        KNOWN.clear()
        KNOWN.update(before)

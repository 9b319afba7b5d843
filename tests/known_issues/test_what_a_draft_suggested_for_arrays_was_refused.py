"""The `options` that `recipes new` suggests for MATLAB files had no labels; the refusal came with one of pydantic's."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from scipy.io import savemat

from biocurate.errors import RecipeError
from biocurate.formats import Source, reader
from biocurate.recipes import load_recipe
from biocurate.recipes.draft import recipe_text, survey

MAT = reader("mat")
RECIPE = """
name: tiny
title: t
licence: none
access: open
citation: none
url: https://example.org
files:
  pattern: '(?P<subject>s\\d)\\.mat'
  reader: mat
  options: {signals: [{path: val, axes: [channel, time], rate_hz: 500}]}
"""


@pytest.mark.parametrize("shape", [(2, 500), (500, 12), (64, 900), (500, 1)])
def test_the_suggestion_reads_the_file_that_it_was_made_from(tmp_path, shape):
    samples = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    savemat(tmp_path / "s1.mat", {"val": samples, "fs": 500.0})
    [line] = [line for line in recipe_text("tiny", survey(tmp_path)).splitlines() if line.startswith("  #   options: ")]
    options = MAT.Options(**yaml.safe_load(line.removeprefix("  #   "))["options"])
    [stream] = MAT.read(Source(tmp_path, "s1.mat"), options).streams
    np.testing.assert_array_equal(stream.samples.read(0, 900), samples if shape[1] >= 500 else samples.T)


def test_a_missing_field_is_one_fault(tmp_path):
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    with pytest.raises(RecipeError, match="the axis `channel` needs `labels`") as caught:
        load_recipe(tmp_path / "tiny.yaml")
    assert "validation" not in str(caught.value)

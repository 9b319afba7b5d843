"""Symptom: `zoo bridge --new image-cn` said that a checkpoint cannot be read, and to copy the run's folder once more;
`--new features-logreg` said that `num_classes` is an extra input.

Cause: what is no registered model was opened as a file, and options were looked at before it was asked for blocks.
"""

from __future__ import annotations

import pytest

from biocurate.errors import ModelError
from zoo.biox_bridge.encoders import open_new


@pytest.mark.parametrize(
    ("name", "what"), [("image-cn", "no model, run or checkpoint"), ("features-logreg", "no network of blocks")]
)
def test_what_cannot_be_bridged_is_refused_with_the_names_of_what_can(name, what):
    with pytest.raises(ModelError, match=f"{what}(?s:.)*image-cnn") as refused:
        open_new(name, {}, 2, "fold0", 0)
    assert name in str(refused.value)

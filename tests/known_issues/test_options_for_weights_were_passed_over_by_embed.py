"""`zoo embed WEIGHTS --set KEY=VALUE` took any key, did nothing with it, and said nothing."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.cli import app


@pytest.mark.parametrize(("source", "kind"), [("masked", UsageError), ("test-panluna", ModelError)])
def test_an_option_that_nothing_takes_is_refused(tmp_path, source, kind):
    """Of a model's name, keys that are no option have always been refused."""
    name = source if source.startswith("test-") else str(tmp_path / source)
    asked = ["embed", name, "--manifest", "any", "--sensors", "EEG", "--set", "depht=2", "--store", str(tmp_path)]
    found = CliRunner().invoke(app, asked)
    assert isinstance(found.exception, kind)

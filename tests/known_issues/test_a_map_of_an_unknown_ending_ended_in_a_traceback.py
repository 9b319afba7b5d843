"""`zoo map --output map.xyz` ended in a traceback of the library that draws."""

from __future__ import annotations

from typer.testing import CliRunner

from biocurate.errors import UsageError
from zoo.cli import app


def test_the_endings_that_can_be_drawn_are_named(tmp_path):
    asked = ["map", "--embeddings", "any", "--output", str(tmp_path / "map.xyz"), "--store", str(tmp_path)]
    found = CliRunner().invoke(app, asked)
    assert isinstance(found.exception, UsageError)
    assert ".png" in found.exception.mend

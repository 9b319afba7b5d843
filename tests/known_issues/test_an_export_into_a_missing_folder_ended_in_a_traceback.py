"""`zoo export -o nowhere/file.onnx` traced the network, and then ended in a FileNotFoundError."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from biocurate.errors import UsageError
from zoo.cli import app


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    pytest.importorskip("onnxruntime")
    out = tmp_path / "nowhere" / "small.onnx"
    found = CliRunner().invoke(app, ["export", "test-panluna", "--set", "num_classes=2", "-o", str(out)])
    assert isinstance(found.exception, UsageError)
    assert found.exception.where == str(out)

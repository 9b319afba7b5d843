"""peft imports torchao where it is installed, which told of every file of its own that it could not load, by path."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("peft")

PROGRAM = """
from zoo import create_model
from zoo.models.registry import model_config
from zoo.training.adapting import adapt
adapt(create_model("test-panluna", num_classes=2), model_config("test-panluna").tuning, "lora")
"""


@pytest.mark.slow
def test_nothing_is_said_of_files_that_are_not_needed():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""

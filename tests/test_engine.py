"""Where tasks run: what goes wrong there is told in a sentence, once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from biocurate import engine
from biocurate.errors import UsageError


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch, address):
    monkeypatch.setattr(engine, "ANSWER_S", 1)
    with pytest.raises(UsageError, match=address), engine.engine(2, address):
        pass


def test_a_workers_error_is_raised_here_and_not_printed_there():
    code = """
from biocurate.engine import engine
if __name__ == "__main__":
    with engine(1) as pool:
        try:
            list(pool.map(int, ["x"]))
        except ValueError as error:
            print("raised", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.startswith("raised invalid literal")
    assert "Traceback" not in done.stderr
